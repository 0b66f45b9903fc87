"""A score on the deployment host is the score of the report: each detector, whole images and tiles."""

import json

import pytest

from pyimgano_core.cli.app import run
from pyimgano_infer.cli import infer
from pyimgano_workbench.cli import train

OPENVINO = 1e-4  # of a score, as docs/how-to/deployment.md states it


@pytest.fixture(scope="module", params=["whole", "tiled"])
def demo(request, tmp_path_factory):
    """The settings that all detectors share."""
    folder = tmp_path_factory.mktemp(request.param)
    dataset = {"name": "demo", "root": str(folder / "demo"), "category": "gear", "resize": [64, 64]}
    if request.param == "tiled":
        dataset["tiling"] = {"overlap": 0.25, "scale": 0.5, "max_train_tiles": 60}
    return folder, dataset


def call(capsys, command, *arguments):
    with pytest.raises(SystemExit) as ended:
        run(command, [str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert 0 == ended.value.code, err
    return out


@pytest.mark.parametrize("detector", ["dictionary", "padim", "patchcore", "subspace"])
def test_scores_are_those_of_the_run(demo, detector, capsys):
    folder, dataset = demo
    config = {
        "dataset": dataset,
        "model": {"name": detector, "device": "cpu"},
        "evaluation": {"bootstrap_replicates": 0},
        "output": {"output_dir": str(folder / detector)},
    }
    (folder / "config.json").write_text(json.dumps(config))
    call(capsys, train, "--config", folder / "config.json", "--export-infer-config")
    rows = (folder / detector / "categories" / "gear" / "per_image.jsonl").read_text().splitlines()
    expected = {line["input"]: (line["score"], line["label"]) for line in map(json.loads, rows)}
    images = [str(folder / "demo" / name) for name in expected]
    score = (infer, "--infer-config", folder / detector / "artifacts" / "infer_config.json", *images)
    lines = [json.loads(line) for line in call(capsys, *score).splitlines()]
    assert list(expected.values()) == [(line["score"], line["label"]) for line in lines]
    others = [json.loads(line) for line in call(capsys, *score, "--device", "openvino").splitlines()]
    assert [line["score"] for line in others] == pytest.approx(
        [e[0] for e in expected.values()], rel=OPENVINO
    )

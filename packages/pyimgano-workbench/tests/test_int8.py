import hashlib
import json
from datetime import UTC, datetime

import pytest
from attrs import evolve

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_core.scoring import OnnxScorer, check_self_test
from pyimgano_workbench.comparison import compare_results
from pyimgano_workbench.origin import RunOrigin
from pyimgano_workbench.rundir import RunDirectory
from pyimgano_workbench.summary import result_table
from pyimgano_workbench.training import train

SETTINGS = (
    "export.int8=true",
    "model.features.backbone=test_resnet",
    "model.features.weights=random",
    "model.options.dimensions=12",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, write_dataset, write_config):
    """One run with an 8-bit graph, for the tests that only read it."""
    folder = tmp_path_factory.mktemp("finished")
    config = load_run_config(write_config(folder, write_dataset(folder / "data")), SETTINGS)
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return train(config, folder, SilentProgress(), now=now, export_infer_config=True)


def test_both_graphs_can_be_deployed_each_by_a_config_of_its_own(finished):
    folder = finished.folder / "artifacts"
    names = ("infer_config.json", "infer_config_int8.json")
    models = [read_artifact(folder / name, InferConfig).per_category["part"] for name in names]
    assert models[0].threshold.value != models[1].threshold.value
    for name, model in zip(("model.onnx", "model_int8.onnx"), models, strict=True):
        path = (folder / model.checkpoint.path).resolve()
        assert (finished.folder / "checkpoints" / "part" / name).resolve() == path
        assert hashlib.sha256(path.read_bytes()).hexdigest() == model.checkpoint.sha256
        check_self_test(OnnxScorer(path), model.self_test)


def test_the_reports_show_both_side_by_side(finished):
    document = json.loads((finished.folder / "report.json").read_text(encoding="utf-8"))
    category = document["per_category"]["part"]
    assert category["int8"]["threshold"]["value"] != category["threshold"]["value"]
    assert "8-bit backbone" in (finished.folder / "report.html").read_text(encoding="utf-8")
    names = [line.split("  ")[0] for line in result_table(finished.report, finished.folder).splitlines()]
    assert ["part", "part (int8)"] == names[1:3]


def test_a_repetition_compares_the_8_bit_graph_its_threshold_and_its_metrics(finished):
    report = finished.report
    category = report.per_category["part"]
    variant = category.int8
    changed = evolve(
        variant,
        checkpoint=evolve(variant.checkpoint, sha256="0" * 64),
        threshold=evolve(variant.threshold, value=9.0),
        results=evolve(variant.results, auroc=0.5),
    )
    other = evolve(report, per_category={"part": evolve(category, int8=changed)})
    found = {each.what: (each.original, each.now) for each in compare_results(report, other).differences}
    assert {
        "int8.checkpoint.sha256": (variant.checkpoint.sha256, "0" * 64),
        "int8.threshold.value": (variant.threshold.value, 9.0),
        "int8.results.auroc": (variant.results.auroc, 0.5),
    } == found


def test_a_category_whose_8_bit_graph_was_changed_is_not_finished(finished, tmp_path):
    origin = RunOrigin(key="key", settings="s", categories={}, config_folder="..")
    directory = RunDirectory(tmp_path / "run", origin, load_run_config(None, ["dataset.name=demo"]))
    directory.take_over(finished.folder, "part")
    assert directory.finished_category("part") is not None
    (directory.folder / "checkpoints/part/model_int8.onnx").write_bytes(b"another")
    assert directory.finished_category("part") is None
    directory.release()

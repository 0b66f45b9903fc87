"""Where results go, and where they may not."""

import json
import os

import numpy as np
import pytest


def test_the_output_file_appears_whole(run_infer, config, grey, tmp_path):
    output = tmp_path / "results" / "out.jsonl"
    done = run_infer("--infer-config", config, "--output", output, grey("a.png", 9), grey("b.png", 9))
    assert (2, "") == (len(output.read_text().splitlines()), done.out)
    assert [output] == list(output.parent.iterdir())


def test_maps_have_the_images_size_and_names_that_never_collide(run_infer, config, grey, tmp_path):
    images = [grey("one/a.png", 51, size=(20, 30)), grey("two/a.png", 102, size=(9, 7))]
    output = tmp_path / "results" / "out.jsonl"
    run_infer("--infer-config", config, "--output", output, "--maps", tmp_path / "maps", *images)
    stored = [json.loads(line)["anomaly_map"] for line in output.read_text().splitlines()]
    maps = [np.load(output.parent / entry["path"]) for entry in stored]
    assert [(20, 30), (9, 7)] == [found.shape for found in maps]
    assert [[20, 30], [9, 7]] == [entry["shape"] for entry in stored]
    assert {"float32"} == {str(found.dtype) for found in maps}
    assert [pytest.approx(0.2), pytest.approx(0.4)] == [float(found.max()) for found in maps]


def test_overlays_are_images_of_the_inputs_size(run_infer, config, grey, tmp_path, monkeypatch):
    from PIL import Image  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    done = run_infer("--infer-config", config, "--overlays", tmp_path / "seen", grey("a.png", 200, (20, 30)))
    with Image.open(tmp_path / done.lines[0]["overlay"]) as picture:
        assert (30, 20) == picture.size


@pytest.mark.parametrize("option", ["--maps", "--overlays"])
def test_results_may_not_lie_among_the_inputs(run_infer, config, grey, tmp_path, option):
    grey("images/a.png", 9)
    done = run_infer("--infer-config", config, option, tmp_path / "images" / "x", tmp_path / "images")
    assert 64 == done.code


def test_the_output_may_not_overwrite_an_input(run_infer, config, grey, manifest):
    grey("a.png", 9)
    rows = manifest({"image_path": "a.png", "category": "part"})
    before = rows.read_bytes()
    assert 64 == run_infer("--infer-config", config, "--output", rows, rows).code
    assert before == rows.read_bytes()


def test_regions_name_the_extra_where_it_is_missing(run_infer, config, grey):
    done = run_infer("--infer-config", config, "--regions", grey("a.png", 200))
    if done.code == 74:  # scikit-image is not installed
        assert "pip install 'pyimgano-infer[regions]'" in done.err
    else:
        assert [[0, 0, 30, 20]] == [region["bbox_xyxy"] for region in done.lines[0]["regions"]]


def test_where_results_can_t_be_written_one_line_says_so(run_infer, config, grey, tmp_path):
    (tmp_path / "file").write_text("")
    image = grey("a.png", 51)
    for option in ("--output", "--maps", "--overlays", "--summary"):
        done = run_infer("--infer-config", config, option, tmp_path / "file" / "x", image)
        assert 74 == done.code
        assert "can't be written" in done.err


def test_the_output_is_never_put_in_the_place_of_a_device(run_infer, config, grey):
    assert 64 == run_infer("--infer-config", config, "--output", os.devnull, grey("a.png", 9)).code


def test_tables_derived_from_the_lines_do_not_depend_on_where_these_go(
    run_infer, config, grey, manifest, tmp_path
):
    grey("a.png", 200)
    rows = manifest(
        *({"image_path": "a.png", "category": "part", "meta": {"part_id": part}} for part in "xxy")
    )
    for place in ("stdout", "file"):
        folder = tmp_path / place
        to = [] if place == "stdout" else ["--output", folder / "out.jsonl"]
        kept = [
            "--csv",
            folder / "out.csv",
            "--parts",
            folder / "parts.jsonl",
            "--summary",
            folder / "s.json",
        ]
        assert 0 == run_infer("--infer-config", config, *to, *kept, rows).code
    for name, count in (("out.csv", 4), ("parts.jsonl", 2)):
        texts = [(tmp_path / place / name).read_text() for place in ("stdout", "file")]
        assert texts[0] == texts[1]
        assert count == len(texts[0].splitlines())
    assert 2 == json.loads((tmp_path / "file" / "s.json").read_text())["parts"]["n_anomalous"]


def test_the_summary_names_the_device_and_the_runtime_that_gave_the_scores(run_infer, config, grey, tmp_path):
    for output in ([], ["--output", tmp_path / "out.jsonl"]):
        run_infer("--infer-config", config, *output, "--summary", tmp_path / "s.json", grey("a.png", 9))
        summary = json.loads((tmp_path / "s.json").read_text())
        assert ("cpu", ["CPUExecutionProvider"]) == (
            summary["device"],
            [runtime["provider"] for runtime in summary["runtimes"]],
        )

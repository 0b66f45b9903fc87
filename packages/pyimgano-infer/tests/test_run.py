import json
import os

import numpy as np
import pytest


def test_an_image_gives_one_line_with_score_threshold_and_label(run_infer, config, grey):
    image = grey("a.png", 51)
    done = run_infer("--infer-config", config, image)
    expected = {
        "index": 0,
        "status": "ok",
        "input": str(image),
        "category": "part",
        "score": pytest.approx(0.2),
        "threshold": 0.5,
        "label": "normal",
        "image_size": [20, 30],
    }
    assert expected == done.lines[0]
    assert 0 == done.code


def test_a_score_at_the_threshold_is_anomalous(run_infer, config, grey):
    at = run_infer("--infer-config", config, "--threshold", 1, grey("a.png", 255))
    assert [("anomalous", 1.0)] == [(line["label"], line["threshold"]) for line in at.lines]
    below = run_infer("--infer-config", config, "--threshold", 1, grey("b.png", 254))
    assert ["normal"] == [line["label"] for line in below.lines]


def test_one_bad_image_never_costs_the_others_and_order_is_kept(run_infer, config, grey, tmp_path):
    good, late = grey("a.png", 0), grey("c.png", 255)
    bad = tmp_path / "b.png"
    bad.write_bytes(good.read_bytes()[:40])
    done = run_infer("--infer-config", config, "--workers", 3, good, bad, tmp_path / "absent.png", late)
    assert [("ok", "normal"), ("error", None), ("error", None), ("ok", "anomalous")] == [
        (line["status"], line["label"]) for line in done.lines
    ]
    assert "not_found" == done.lines[2]["error"]["code"]
    assert [0, 1, 2, 3] == [line["index"] for line in done.lines]
    assert 4 == done.code


def test_a_score_that_is_not_finite_is_an_error_and_never_normal(run_infer, make_config, grey):
    config = make_config(graph="nan_on_black")
    done = run_infer("--infer-config", config, grey("black.png", 0), grey("white.png", 255))
    assert ["error", "ok"] == [line["status"] for line in done.lines]
    assert ("non_finite_score", None, None) == (
        done.lines[0]["error"]["code"],
        done.lines[0]["score"],
        done.lines[0]["label"],
    )


def test_without_a_threshold_no_label_is_given_and_it_is_said_once(run_infer, make_config, grey):
    done = run_infer("--infer-config", make_config(threshold=None), grey("a.png", 255), grey("b.png", 9))
    assert [None, None] == [line["label"] for line in done.lines]
    assert 1 == done.err.count("no threshold")


def test_fail_on_anomaly_needs_a_threshold(run_infer, make_config, grey):
    done = run_infer("--infer-config", make_config(threshold=None), "--fail-on-anomaly", grey("a.png", 255))
    assert 64 == done.code
    assert "--threshold" in done.err


@pytest.mark.parametrize(
    ("values", "absent", "code"), [([9, 9], False, 0), ([9, 200], False, 3), ([9, 200], True, 4)]
)
def test_fail_on_anomaly_trips_unless_an_input_failed(
    run_infer, config, grey, tmp_path, values, absent, code
):
    images = [grey(f"{index}.png", value) for index, value in enumerate(values)]
    images += [tmp_path / "absent.png"] * absent
    assert code == run_infer("--infer-config", config, "--fail-on-anomaly", *images).code


def test_counts_of_the_summary_add_up(run_infer, config, grey, tmp_path):
    images = [grey("a.png", 9), grey("b.png", 200), grey("c.png", 201), tmp_path / "absent.png"]
    run_infer("--infer-config", config, "--summary", tmp_path / "summary.json", *images)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (4, 3, 1) == (summary["n_inputs"], summary["n_ok"], summary["n_failed"])
    assert (1, 2, 0) == (summary["n_normal"], summary["n_anomalous"], summary["n_unlabelled"])
    assert ({"not_found": 1}, {"part": 0.5}) == (summary["errors"], summary["thresholds"])
    assert "config" == summary["threshold_source"]


def test_a_threshold_of_ones_own_is_named_in_the_summary(run_infer, config, grey, tmp_path):
    run_infer(
        "--infer-config", config, "--threshold", 0.1, "--summary", tmp_path / "s.json", grey("a.png", 99)
    )
    summary = json.loads((tmp_path / "s.json").read_text())
    assert ("override", {"part": 0.1}, 1) == (
        summary["threshold_source"],
        summary["thresholds"],
        summary["n_anomalous"],
    )


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "x"])
def test_a_threshold_that_is_no_finite_number_is_refused(run_infer, config, grey, value):
    assert 64 == run_infer("--infer-config", config, "--threshold", value, grey("a.png", 9)).code


def test_several_categories_need_a_choice(run_infer, make_config, grey):
    config, image = make_config("bolt", "nut"), grey("a.png", 9)
    refused = run_infer("--infer-config", config, image)
    assert 64 == refused.code
    assert "'bolt', 'nut'" in refused.err
    assert ["nut"] == [
        line["category"] for line in run_infer("--infer-config", config, "--category", "nut", image).lines
    ]


@pytest.mark.parametrize("categories", [("part",), ("bolt", "nut")])
def test_a_wrong_category_is_refused_with_the_choices(run_infer, make_config, grey, categories):
    done = run_infer("--infer-config", make_config(*categories), "--category", "screw", grey("a.png", 9))
    assert 64 == done.code
    assert all(repr(name) in done.err for name in categories)


def test_manifest_rows_are_scored_by_their_own_categories_model(run_infer, make_config, grey, manifest):
    config = make_config("bolt", "nut")
    document = json.loads(config.read_text())
    document["per_category"]["nut"]["threshold"]["value"] = 0.01
    config.write_text(json.dumps(document))
    grey("a.png", 51)
    rows = [{"image_path": "a.png", "category": name} for name in ("bolt", "nut", "screw")]
    done = run_infer("--infer-config", config, manifest(*rows))
    assert [(0.5, "normal", None), (0.01, "anomalous", None), (None, None, "unknown_category")] == [
        (line["threshold"], line["label"], line.get("error", {}).get("code")) for line in done.lines
    ]
    assert 4 == done.code


def test_a_row_of_another_category_is_not_scored_by_the_only_model(run_infer, config, grey, manifest):
    grey("a.png", 51)
    done = run_infer("--infer-config", config, manifest({"image_path": "a.png", "category": "other"}))
    assert [("unknown_category", "other", None)] == [
        (line["error"]["code"], line["category"], line["score"]) for line in done.lines
    ]


def test_one_threshold_is_not_laid_over_several_categories(run_infer, make_config, grey, manifest):
    grey("a.png", 51)
    rows = manifest({"image_path": "a.png", "category": "bolt"})
    done = run_infer("--infer-config", make_config("bolt", "nut"), "--threshold", 1, rows)
    assert 64 == done.code


def test_what_a_manifest_says_of_an_image_travels(run_infer, config, grey, manifest):
    grey("a.png", 200)
    facts = {"group_id": "lot 7", "defect": "scratch", "meta": {"camera": 3, "note": "ä"}}
    row = {"image_path": "a.png", "category": "part", "split": "test", "label": 1, **facts}
    line = run_infer("--infer-config", config, manifest(row)).lines[0]
    assert {"y_true": 1, "input": "a.png", **facts} == {
        name: line[name] for name in ("y_true", "input", *facts)
    }


def test_an_image_whose_label_nobody_gave_has_no_true_label(run_infer, config, grey, manifest):
    grey("a.png", 200)
    row = {"image_path": "a.png", "category": "part"}
    done = run_infer("--infer-config", config, manifest(row, {**row, "label": 0}))
    assert [None, 0] == [line.get("y_true") for line in done.lines]


def test_a_bad_manifest_line_is_a_line_too(run_infer, config, grey, manifest):
    grey("a.png", 200)
    good = {"image_path": "a.png", "category": "part"}
    done = run_infer("--infer-config", config, manifest(good, "{", {**good, "label": 0.9}, good))
    assert [None, "MANIFEST_INVALID_JSON", "MANIFEST_INVALID_RECORD", None] == [
        line.get("error", {}).get("code") for line in done.lines
    ]
    assert done.lines[1]["input"].endswith("manifest.jsonl:2")
    assert 4 == done.code


def test_images_are_found_beside_the_manifest_then_below_root(run_infer, config, grey, manifest):
    grey("elsewhere/a.png", 51)
    rows = manifest({"image_path": "a.png", "category": "part"})
    assert "not_found" == run_infer("--infer-config", config, rows).lines[0]["error"]["code"]
    found = run_infer("--infer-config", config, "--root", rows.parent / "elsewhere", rows)
    assert "ok" == found.lines[0]["status"]


def test_no_inputs_is_wrong_usage_and_leaves_no_file(run_infer, config, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in ([], [tmp_path / "empty"], [tmp_path / "*.png"]):
        done = run_infer("--infer-config", config, "--output", tmp_path / "out.jsonl", *arguments)
        assert 64 == done.code
        assert "no images to score" in done.err
    assert [] == list(tmp_path.glob("out.jsonl*"))


def test_the_output_file_appears_whole(run_infer, config, grey, tmp_path):
    output = tmp_path / "results" / "out.jsonl"
    done = run_infer("--infer-config", config, "--output", output, grey("a.png", 9), grey("b.png", 9))
    assert (2, "") == (len(output.read_text().splitlines()), done.out)
    assert [output] == list(output.parent.iterdir())


def test_what_was_finished_stays_when_the_checkpoint_of_a_later_row_is_bad(
    run_infer, make_config, grey, manifest, tmp_path
):
    config = make_config("bolt", "nut")
    other = tmp_path / "run" / "checkpoints" / "nut" / "model.onnx"
    other.write_bytes(bytes(reversed(other.read_bytes())))
    grey("a.png", 9)
    rows = manifest(*({"image_path": "a.png", "category": name} for name in ("bolt", "nut")))
    output = tmp_path / "out.jsonl"
    done = run_infer("--infer-config", config, "--workers", 1, "--output", output, rows)
    assert (5, False) == (done.code, output.exists())
    assert 1 == len((tmp_path / "out.jsonl.partial").read_text().splitlines())


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


def test_files_that_are_no_images_are_left_out_and_counted(run_infer, config, grey, tmp_path):
    grey("images/a.png", 9)
    (tmp_path / "images" / "notes.txt").write_text("x")
    (tmp_path / "images" / ".hidden.png").write_bytes(b"x")
    done = run_infer("--infer-config", config, "--summary", tmp_path / "s.json", tmp_path / "images")
    assert 1 == len(done.lines)
    assert [2] == list(json.loads((tmp_path / "s.json").read_text())["notices"].values())
    assert "(2x)" in done.err


def test_nothing_depends_on_the_current_folder_and_nothing_is_left_in_it(
    run_infer, config, grey, tmp_path, monkeypatch
):
    image = grey("a.png", 51)
    expected = run_infer("--infer-config", config, image).out
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert expected == run_infer("--infer-config", os.path.relpath(config), image).out
    assert [] == list(elsewhere.iterdir())


def test_a_config_in_a_folder_that_may_not_be_written_works(run_infer, config, grey):
    folders = [config.parent, config.parents[1] / "checkpoints" / "part"]
    for folder in folders:
        folder.chmod(0o555)
    before = [sorted(folder.iterdir()) for folder in folders]
    assert 0 == run_infer("--infer-config", config, grey("a.png", 51)).code
    assert before == [sorted(folder.iterdir()) for folder in folders]
    for folder in folders:
        folder.chmod(0o755)


def test_where_results_can_t_be_written_one_line_says_so(run_infer, config, grey, tmp_path):
    (tmp_path / "file").write_text("")
    image = grey("a.png", 51)
    for option in ("--output", "--maps", "--overlays", "--summary"):
        done = run_infer("--infer-config", config, option, tmp_path / "file" / "x", image)
        assert 74 == done.code
        assert "can't be written" in done.err


def test_the_output_is_never_put_in_the_place_of_a_device(run_infer, config, grey):
    assert 64 == run_infer("--infer-config", config, "--output", os.devnull, grey("a.png", 9)).code


def test_scores_do_not_depend_on_the_number_of_workers(run_infer, config, grey):
    images = [grey(f"{value}.png", value) for value in range(0, 250, 25)]
    one, four = (run_infer("--infer-config", config, "--workers", n, *images).out for n in (1, 4))
    assert one == four

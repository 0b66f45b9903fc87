import json
import os

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
        "statistics": {"brightness": 51.0, "sharpness": 0.0},
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


def test_no_inputs_is_wrong_usage_and_leaves_no_file(run_infer, config, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in ([], [tmp_path / "empty"], [tmp_path / "*.png"]):
        done = run_infer("--infer-config", config, "--output", tmp_path / "out.jsonl", *arguments)
        assert 64 == done.code
        assert "no images to score" in done.err
    assert [] == list(tmp_path.glob("out.jsonl*"))


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


def test_scores_do_not_depend_on_the_number_of_workers(run_infer, config, grey):
    images = [grey(f"{value}.png", value) for value in range(0, 250, 25)]
    one, four = (run_infer("--infer-config", config, "--workers", n, *images).out for n in (1, 4))
    assert one == four

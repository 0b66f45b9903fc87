"""The review band from config and command line to lines, counts and exit codes."""

import json
import math

import pytest

from pyimgano_infer import Session

VALUES = (51, 102, 204)  # scores of 0.2, 0.4 and 0.8


@pytest.fixture
def images(grey):
    return [grey(f"{value}.png", value) for value in VALUES]


def labels(done):
    return [line["label"] for line in done.lines]


def test_scores_in_the_band_are_to_be_reviewed(run_infer, make_config, images):
    done = run_infer("--infer-config", make_config(review=0.3), *images)
    assert ["normal", "review", "anomalous"] == labels(done)
    assert [(0.3, 0.5)] * 3 == [(line["review_threshold"], line["threshold"]) for line in done.lines]
    assert "3 inputs: 1 normal, 1 to review, 1 anomalous, 0 failed" in done.err


def test_without_a_band_there_is_no_trace_of_one(run_infer, config, images):
    done = run_infer("--infer-config", config, *images)
    assert ["normal", "normal", "anomalous"] == labels(done)
    assert not any("review_threshold" in line for line in done.lines)
    assert "review" not in done.err


def test_both_ends_are_compared_exactly(run_infer, make_config, grey, tmp_path):
    image = grey("a.png", 102)
    with Session(make_config()) as session:
        score = session.score(image).score
    above = math.nextafter(score, 1)  # equal to the score where rounded to float32
    cases = {"review": (above, score), "anomalous": (score, 0.1), "normal": (1.0, above)}
    for label, (threshold, review) in cases.items():
        config = make_config(threshold=threshold, review=review, folder=tmp_path / label)
        assert [label] == labels(run_infer("--infer-config", config, image))


def test_a_session_gives_the_same_verdict(make_config, images):
    with Session(make_config(review=0.3)) as session:
        found = [session.score(image).prediction for image in images]
    assert [("normal", 0.3), ("review", 0.3), ("anomalous", 0.3)] == [
        (prediction.label, prediction.review_threshold) for prediction in found
    ]


def test_counts_of_the_summary_hold_the_band(run_infer, make_config, images, tmp_path):
    run_infer("--infer-config", make_config(review=0.3), "--summary", tmp_path / "s.json", *images)
    summary = json.loads((tmp_path / "s.json").read_text())
    assert (3, 1, 1, 1, 0) == tuple(
        summary[name] for name in ("n_ok", "n_normal", "n_review", "n_anomalous", "n_unlabelled")
    )
    assert ({"part": 0.3}, "config") == (summary["review_thresholds"], summary["review_threshold_source"])


def test_a_failed_input_keeps_the_thresholds_in_its_line(run_infer, make_config, tmp_path):
    done = run_infer("--infer-config", make_config(review=0.3), tmp_path / "absent.png")
    assert (None, 0.5, 0.3) == tuple(
        done.lines[0][name] for name in ("label", "threshold", "review_threshold")
    )


@pytest.mark.parametrize(("threshold", "code"), [(0.9, 0), (0.8, 3)])
def test_an_image_to_review_does_not_fail_the_gate(run_infer, make_config, images, threshold, code):
    config = make_config(threshold=threshold, review=0.1)
    assert code == run_infer("--infer-config", config, "--fail-on-anomaly", *images).code


def test_another_threshold_keeps_the_band_below_it(run_infer, make_config, images):
    done = run_infer("--infer-config", make_config(review=0.3), "--threshold", 0.9, *images)
    assert ["normal", "review", "review"] == labels(done)


@pytest.mark.parametrize("threshold", [0.3, 0.1])
def test_a_threshold_at_or_below_the_review_threshold_leaves_no_band(
    run_infer, make_config, images, threshold
):
    done = run_infer("--infer-config", make_config(review=0.3), "--threshold", threshold, *images)
    assert "review" not in labels(done)
    assert not any("review_threshold" in line for line in done.lines)
    notice = f"no review band: its review threshold 0.3 is not below its threshold {threshold}"
    assert 1 == done.err.count(notice)
    assert "to review" not in done.err


def test_a_threshold_that_was_edited_below_the_band_is_told_too(run_infer, make_config, images):
    done = run_infer("--infer-config", make_config(threshold=0.3, review=0.3), *images)
    assert ["normal", "anomalous", "anomalous"] == labels(done)
    assert "no review band" in done.err


def test_a_review_threshold_of_ones_own_is_named_in_the_summary(run_infer, config, images, tmp_path):
    done = run_infer(
        "--infer-config", config, "--review-threshold", 0.1, "--summary", tmp_path / "s.json", *images
    )
    summary = json.loads((tmp_path / "s.json").read_text())
    assert ["review", "review", "anomalous"] == labels(done)
    assert ({"part": 0.1}, "override", "config") == tuple(
        summary[name] for name in ("review_thresholds", "review_threshold_source", "threshold_source")
    )


def test_it_takes_the_place_of_the_config_s(run_infer, make_config, images):
    done = run_infer("--infer-config", make_config(review=0.3), "--review-threshold", 0.45, *images)
    assert ["normal", "normal", "anomalous"] == labels(done)


@pytest.mark.parametrize("value", ["0.5", "0.6", "nan", "-inf"])
def test_it_must_be_a_number_below_the_threshold(run_infer, config, images, value):
    done = run_infer("--infer-config", config, "--review-threshold", value, *images)
    assert (64, "") == (done.code, done.out)
    assert "--review-threshold" in done.err


def test_it_is_held_against_the_threshold_that_was_given_with_it(run_infer, config, images):
    both = ("--threshold", 0.9, "--review-threshold", 0.6)
    assert ["normal", "normal", "review"] == labels(run_infer("--infer-config", config, *both, *images))
    low = ("--threshold", 0.1, "--review-threshold", 0.3)
    assert 64 == run_infer("--infer-config", config, *low, *images).code


def test_it_needs_a_threshold(run_infer, make_config, images):
    config = make_config(threshold=None)
    done = run_infer("--infer-config", config, "--review-threshold", 0.1, *images)
    assert 64 == done.code
    assert "no threshold; give one with --threshold" in done.err


def test_it_is_of_one_category(run_infer, make_config, grey, manifest):
    grey("a.png", 51)
    rows = manifest({"image_path": "a.png", "category": "bolt"})
    done = run_infer("--infer-config", make_config("bolt", "nut"), "--review-threshold", 0.1, rows)
    assert 64 == done.code


def test_a_band_without_a_threshold_gives_no_verdict(run_infer, make_config, images):
    done = run_infer("--infer-config", make_config(threshold=None, review=0.3), *images)
    assert [None] * 3 == labels(done)
    assert "has no threshold" in done.err
    assert "review" not in done.err


def test_the_names_of_overlays_tell_verdict_and_score(run_infer, make_config, images, tmp_path):
    run_infer("--infer-config", make_config(review=0.3), "--overlays", tmp_path / "seen", *images)
    assert [
        "000000_51_normal_0.2.jpg",
        "000001_102_review_0.4.jpg",
        "000002_204_anomalous_0.8.jpg",
    ] == sorted(path.name for path in (tmp_path / "seen").iterdir())

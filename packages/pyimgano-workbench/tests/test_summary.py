import json

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.report import DecidingImage, InputFailure, RunReport
from pyimgano_core.words import deciding_in_words
from pyimgano_workbench.summary import result_table


def run_of(**reports):
    return RunReport(
        timestamp_utc="2026-01-02T03:04:05+00:00",
        pyimgano_version="0",
        dataset="manifest",
        category="all",
        model="padim",
        recipe=None,
        seed=0,
        resize=(64, 64),
        categories=tuple(reports),
        mean_metrics={"auroc": 0.986, "aupimo": None},
        per_category=reports,
    )


def write_lines(folder, slug, name, scores, groups=None):
    path = folder / "categories" / slug / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    groups = groups or [None] * len(scores)
    documents = [
        {"input": f"{index}.png", "score": float(score), "group_id": group}
        for index, (score, group) in enumerate(zip(scores, groups, strict=True))
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")


@pytest.fixture
def table_of(tmp_path):
    """Return the table of reports by name, over a run directory with lines for each of them."""

    def make(calibration=(), groups=None, **reports):
        for report in reports.values():
            write_lines(tmp_path, report.slug, "calibration", calibration)
            write_lines(tmp_path, report.slug, "per_image", [1.0] * len(groups or ()), groups)
        return result_table(run_of(**reports), tmp_path)

    return make


@pytest.fixture
def lines(make_report, table_of):
    return table_of(part=make_report()).splitlines()


def test_a_row_tells_auroc_with_its_interval_and_counts(lines):
    expected = "part 160 40 49 0.9860 [.951, .998] 0.9900 0.9700 0.9100 3 1/40 2/9 2/40 + 1/9"
    assert expected == " ".join(lines[1].split())


def test_the_table_stays_within_a_terminal(lines):
    assert all(len(line) <= 120 for line in lines[:2])


def test_a_review_band_says_that_it_holds_no_misses(lines):
    assert any(line.startswith("review: ") and "neither false alarms nor misses" in line for line in lines)


def test_the_column_for_review_is_there_only_with_a_band(make_report, table_of):
    report = make_report()
    report = evolve(report, results=evolve(report.results, review=None), review_threshold=None)
    assert "review" not in table_of(part=report)


def test_a_method_that_was_replaced_and_what_is_certain_are_remarks(lines):
    fallback = "conformal at alpha 0.01 needs 99 calibration normals and has 40; quantile 0.995 instead (59"
    assert any(line.startswith(f"part: image and pixel threshold: {fallback}") for line in lines)
    assert any(line.startswith("part: Of future images like these normals, on average") for line in lines)


def test_a_remark_on_many_categories_is_one_line(make_report, table_of):
    names = [f"c{n}" for n in range(5)]
    text = table_of(**{name: make_report(category=name) for name in names})
    told = [line for line in text.splitlines() if "needs 99" in line]
    assert 1 == len(told)
    assert told[0].startswith("c0, c1, c2 and 2 more: ")
    assert "mean" in text


def test_a_missing_threshold_is_a_remark_in_words(make_report, table_of):
    report = make_report()
    provenance = evolve(report.threshold.provenance, reason="no_calibration_images", fallbacks=())
    report = evolve(report, threshold=evolve(report.threshold, value=None, provenance=provenance))
    text = table_of(part=report)
    assert "part: image threshold: there is none: there are no calibration images; add normal" in text
    assert "no_calibration_images" not in text


def test_an_undefined_metric_is_a_remark_in_words(lines):
    assert "part: AUPIMO undefined: there are no normal test images" in lines


def test_a_calibration_image_far_above_the_rest_is_named(make_report, table_of):
    told = "calibration image '20.png' scores 9"
    scores = np.append(np.linspace(1.0, 2.0, 20), 9.0)
    assert told in table_of(part=make_report(), calibration=scores)
    assert told not in table_of(part=make_report(), calibration=scores[:-1])


def test_a_calibration_image_that_costs_defects_is_one_remark(make_report, table_of):
    found = DecidingImage(
        input="20.png", score=9.0, next_score=2.0, missed_count=9, found_without=8, false_alarms_without=1
    )
    scores = np.append(np.linspace(1.0, 2.0, 20), 9.0)
    text = table_of(part=make_report(deciding_image=found), calibration=scores)
    assert f"part: {deciding_in_words(found)}" in text.splitlines()
    assert 1 == text.count("20.png")


def test_a_fixed_threshold_follows_no_calibration_image(make_report, table_of):
    report = make_report()
    provenance = evolve(report.threshold.provenance, method="fixed", fallbacks=())
    report = evolve(report, threshold=evolve(report.threshold, provenance=provenance))
    assert "20.png" not in table_of(part=report, calibration=np.append(np.linspace(1.0, 2.0, 20), 9.0))


def test_intervals_over_groups_say_how_many(make_report, table_of):
    text = table_of(part=make_report(), groups=["a", "a", "b"])
    assert "part: intervals are over the 2 groups of the test images" in text


def test_one_image_that_failed_is_no_plural(make_report, table_of):
    failure = InputFailure(
        role="test", input="x.png", error=Failure(code="unreadable", message="x.png: torn")
    )
    assert "part: 1 image failed, the first: x.png: torn" in table_of(part=make_report(failures=(failure,)))

import pytest
from attrs import evolve

from pyimgano_core.contracts.report import RunReport
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


@pytest.fixture
def lines(make_report):
    return result_table(run_of(part=make_report())).splitlines()


def test_a_row_tells_auroc_with_its_interval_and_counts(lines):
    expected = "part 160 40 49 0.986 [.951, .998] 0.990 0.970 0.910 3 1/40 2/9 3/49"
    assert expected == " ".join(lines[1].split())


def test_the_table_stays_within_a_terminal(lines):
    assert all(len(line) <= 120 for line in lines[:2])


def test_the_column_for_review_is_there_only_with_a_band(make_report):
    report = make_report()
    report = evolve(report, results=evolve(report.results, review=None), review_threshold=None)
    assert "review" not in result_table(run_of(part=report))


def test_a_method_that_was_replaced_and_what_is_certain_are_remarks(lines):
    fallback = "conformal at alpha 0.01 needs 99 calibration normals and has 40; quantile 0.995 instead"
    assert f"part: {fallback}" in lines
    assert any(line.startswith("part: Of future images like these normals, on average") for line in lines)


def test_a_remark_on_many_categories_is_one_line(make_report):
    names = [f"c{n}" for n in range(5)]
    text = result_table(run_of(**{name: make_report(category=name) for name in names}))
    told = [line for line in text.splitlines() if "needs 99" in line]
    assert 1 == len(told)
    assert told[0].startswith("c0, c1, c2 and 2 more: ")
    assert "mean" in text


def test_a_missing_threshold_is_a_remark(make_report):
    report = make_report()
    provenance = evolve(report.threshold.provenance, reason="no_calibration_images", fallbacks=())
    report = evolve(report, threshold=evolve(report.threshold, value=None, provenance=provenance))
    assert "part: no threshold (no_calibration_images)" in result_table(run_of(part=report)).splitlines()

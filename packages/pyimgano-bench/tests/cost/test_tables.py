import csv
import io

import pytest
from attrs import evolve

from pyimgano_bench.cost._contract import CostProtocol, CostResults, CostRow, Spread
from pyimgano_bench.cost._tables import csv_report, markdown_report, text_report


def of(median, low=None, high=None):
    return Spread(
        median=median,
        low=median if low is None else low,
        high=median if high is None else high,
        count=3,
    )


ROW = CostRow(
    dataset="parts",
    category="bolt",
    detector="quick",
    seed=0,
    fit_seconds=of(12.34, 11.9, 13.0),
    checkpoint_bytes=of(87_352),
    latency_p50_seconds=of(0.00421, 0.004, 0.005),
    images_per_second=of(222.2),
)


def results_of(*rows, **changes):
    results = CostResults(
        timestamp_utc="2026-01-02T00:00:00+00:00",
        pyimgano_version="0",
        is_complete=True,
        protocol=CostProtocol(rounds=3, images=100, batch=8, threads=2),
        rows=rows,
        notes=("a note",),
    )
    return evolve(results, **changes)


def cells(text, title):
    """The titles and the first row of a table for the terminal, by the columns' places."""
    lines = text[text.index(title) :].splitlines()[1:3]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_numbers_have_their_spread_and_their_unit():
    titles, row = cells(text_report(results_of(ROW)), "fit, 2 threads")
    assert ["category", "detector", "fit s", "CPU s", "of it learning s", "peak MB", "model MB"] == titles
    assert ["bolt", "quick", "12.3 (11.9 to 13.0)", "-", "-", "-", "0.087"] == row
    titles, row = cells(text_report(results_of(ROW)), "latency of 100 images")
    assert "4.21 (4.00 to 5.00)" == row[titles.index("p50 ms")]
    titles, row = cells(text_report(results_of(ROW)), "scoring, images/s with 2 threads")
    assert "222" == row[titles.index("images/s")]


@pytest.mark.parametrize(
    ("measure", "title"), [("fit_gpu_bytes", "GPU MB"), ("batch_p50_seconds", "batch p50 ms")]
)
def test_what_nobody_has_is_no_column(measure, title):
    assert title not in text_report(results_of(ROW))
    assert title in text_report(results_of(ROW, evolve(ROW, **{measure: of(2e6)})))


def test_the_data_set_is_shown_where_there_are_several():
    assert "dataset" not in text_report(results_of(ROW))
    assert "dataset" in text_report(results_of(ROW, evolve(ROW, dataset="others")))


def test_a_contender_that_failed_is_a_row_and_a_note():
    failed = CostRow(dataset="parts", category="nut", detector="slow", seed=0, error="fit:\nno memory")
    for report in (text_report, markdown_report):
        text = report(results_of(ROW, failed))
        assert "- parts/nut slow failed: fit: no memory" in text
        assert "a note" in text


def test_markdown_is_safe_for_any_name():
    text = markdown_report(results_of(evolve(ROW, detector="a|b*")))
    assert r"a\|b\*" in text


def test_the_csv_file_has_a_line_for_each_measure_in_plain_numbers():
    lines = list(csv.DictReader(io.StringIO(csv_report(results_of(ROW, evolve(ROW, detector="=1+1"))))))
    assert 8 == len(lines)
    first = lines[0]
    assert ("bolt", "fit_seconds", 12.34, 11.9, 13.0, "3") == (
        first["category"],
        first["measure"],
        *(float(first[name]) for name in ("median", "low", "high")),
        first["count"],
    )
    assert "'=1+1" == lines[-1]["detector"]

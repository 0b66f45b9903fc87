import re

import pytest
from attrs import evolve

from pyimgano_core.contracts.report import RunReport
from pyimgano_workbench.html._overview import overview


@pytest.fixture
def run_of(make_report):
    def make(*names, **changes):
        reports = {
            name: evolve(make_report(**changes), category=name, slug=f"{n}") for n, name in enumerate(names)
        }
        return RunReport(
            timestamp_utc="2026-01-02T03:04:05+00:00",
            pyimgano_version="0",
            dataset="manifest",
            category="all",
            model="padim",
            recipe=None,
            seed=0,
            resize=(64, 64),
            categories=names,
            mean_metrics={"auroc": 0.5},
            per_category=reports,
        )

    return make


def cells(text):
    """The cells of each row by their names."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', text)
    return {
        re.sub("<.*?>", "", name): dict(re.findall(r'<td data-name="(.*?)">(.*?)</td>', row))
        for name, row in rows
    }


def test_a_row_has_the_metrics_and_counts_of_its_category(run_of):
    assert {
        "part": {
            "AUROC": "0.9860 [.951, .998]",
            "AP": "0.9900",
            "pixel AUROC": "0.9700",
            "AUPRO": "0.9100",
            "AUPIMO": "-",
            "false alarms": "1/40",
            "misses": "2/9",
            "review": "2/40 + 1/9",
        }
    } == cells(overview(run_of("part")))


def test_several_categories_have_a_mean_and_link_to_their_sections(run_of):
    text = overview(run_of("part", "<nut>"))
    assert {"AUROC": "0.5000", "AP": "-"}.items() <= cells(text)["mean"].items()
    assert '<a href="#1">&lt;nut&gt;</a>' in text


def test_without_a_review_band_there_is_no_column_for_it(run_of, make_report):
    bare = evolve(make_report().results, review=None)
    assert "review" not in overview(run_of("part", results=bare))

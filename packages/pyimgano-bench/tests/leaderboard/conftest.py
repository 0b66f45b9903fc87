"""Results without a run: rows of detectors with the values that a test gives them."""

from html.parser import HTMLParser

import pytest

from pyimgano_bench.means import macro_means
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import Row

_VOID = {"meta", "br", "path", "circle"}


@pytest.fixture
def make_cell():
    """One cell's row; a value of None is a cell that failed."""

    def make(detector, value, category="x", *, seed=0, dataset="d", fit=1.0, width=0.02, **fields):
        place = {"dataset": dataset, "category": category, "detector": detector, "seed": seed}
        if value is None:
            return Row(**place, status="failed", error="no <device>")
        ends = {"image_auroc_low": value - width, "image_auroc_high": min(1.0, value + width)}
        numbers = {"image_auroc": value, "aupro": value - 0.1, "threshold": 2.5, "fit_seconds": fit}
        counts = {"false_alarms": 1, "normal_count": 10, "misses": 2, "anomaly_count": 20}
        return Row(**place, status="ok", interval_level=0.95, **ends, **numbers, **counts, **fields)

    return make


@pytest.fixture
def make_results():
    def make(*rows, **fields):
        return BenchResults(
            timestamp_utc="2026-01-02T03:04:05+00:00",
            pyimgano_version="0",
            rows=rows,
            means=macro_means(rows),
            **fields,
        )

    return make


class _Outline(HTMLParser):
    """The texts of a page, and the cells of its tables; every element that is opened must be closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.rows, self.words = [], [], [], []

    def handle_starttag(self, tag, _attributes):
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, _attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.words.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += f"{data} "


@pytest.fixture
def outline():
    """Parse a piece of HTML."""

    def parse(html):
        found = _Outline()
        found.feed(html)
        found.close()
        assert [] == found.open
        found.rows = [[cell.strip() for cell in row] for row in found.rows]
        found.text = "".join(found.words)
        return found

    return parse

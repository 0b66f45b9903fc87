import html
import json
import os
import re
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from attrs import evolve

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.report import DecidingImage, ReviewCounts
from pyimgano_core.metrics import observed_rate
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_core.words import deciding_in_words
from pyimgano_workbench.html import render_html
from pyimgano_workbench.lines import CALIBRATION, read_lines
from pyimgano_workbench.training import train

# Both split lines, as `str.splitlines` sees them; Windows has no names with `<`.
HOSTILE = "a\u2028b\x85" + ("&amp;.png" if os.name == "nt" else "<script>.png")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, write_dataset, write_config):
    """One run, an image of which has a hostile name."""
    folder = tmp_path_factory.mktemp("html")
    manifest = write_dataset(folder / "data")
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").split("\n") if line]
    (manifest.parent / rows[-1]["image_path"]).rename(manifest.parent / HOSTILE)
    rows[-1]["image_path"] = HOSTILE
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    manifest.write_text(text, encoding="utf-8", newline="")
    config_path = write_config(folder, manifest)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return train(load_run_config(config_path), folder, SilentProgress(), now=now, export_infer_config=False)


def page_of(run, **changes):
    return render_html(evolve(run.report, **changes), run.folder)


def test_the_page_of_a_run_is_the_one_in_its_folder(finished):
    assert page_of(finished) == (finished.folder / "report.html").read_text(encoding="utf-8")


def test_a_run_on_a_manifest_is_called_after_its_categories_unless_they_are_many(finished):
    model, (part,) = finished.report.model, finished.report.categories
    assert f"<h1>{model} on {part}</h1>" in page_of(finished)
    assert f"<h1>{model} on manifest</h1>" in page_of(finished, categories=("a", "b", "c", "d"))
    assert f"<h1>{model} on demo</h1>" in page_of(finished, dataset="demo")


def test_a_calibration_image_that_costs_defects_is_told_in_the_words_of_the_terminal(finished):
    found = DecidingImage(
        input="<odd>.png", score=5.0, next_score=1.6, missed_count=9, found_without=8, false_alarms_without=1
    )
    (part,) = finished.report.per_category.values()
    page = page_of(finished, per_category={"part": evolve(part, deciding_image=found)})
    assert f"<p>Note: {escape(deciding_in_words(found))}.</p>" in page
    assert "alone sets the threshold" not in page_of(finished)


def test_names_of_images_are_text_and_no_markup(finished):
    page = page_of(finished)
    assert html.escape(HOSTILE) in page
    assert "<script" not in page


class Reader(HTMLParser):
    """Checks that each tag is closed in turn, and keeps what a browser would load or run."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.tags, self.headings, self.images, self.ids = [], [], set(), [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        self.addresses += [
            given[name] for name in ("src", "href", "srcset", "style", "data") if name in given
        ]
        self.ids += [given["id"]] if "id" in given else []
        assert not any(name.startswith("on") for name in given)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(given)
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_the_page_is_whole_and_loads_and_runs_nothing(finished):
    page = page_of(finished)
    reader = read(page)
    assert [] == reader.open
    assert {"script", "link", "iframe", "object", "base"}.isdisjoint(reader.tags)
    assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in reader.addresses)
    assert not any(word in page for word in ("http:", "https:", "@import", "url("))


def test_headings_go_down_one_level_at_a_time_and_images_have_a_text(finished):
    reader = read(page_of(finished))
    assert 1 == reader.headings.count(1)
    assert all(after <= before + 1 for before, after in pairwise(reader.headings))
    assert 8 == len(reader.images)
    assert all(image["alt"] for image in reader.images)


def test_links_lead_to_a_section_of_the_page(finished):
    reader = read(page_of(finished))
    assert ["#part"] == [address for address in reader.addresses if address.startswith("#")]
    assert ["part"] == reader.ids


def test_the_misses_and_false_alarms_of_the_page_are_those_of_the_report(finished):
    results = finished.report.per_category["part"].results
    page = page_of(finished)
    for rate, word in ((results.miss_rate, "missed"), (results.false_alarm_rate, "raise a false alarm")):
        assert f"<b>{rate.count}</b> {word}" in page
    for name in ("auroc", "average_precision"):
        assert f"{getattr(results, name):.4f}." in page


def test_nested_facts_stand_one_a_row(finished):
    page = page_of(finished, environment={"git": {"commit": "abc", "dirty": False}, "torch": None})
    assert "<tr><td>features: backbone</td><td>filters</td></tr>" in page
    assert "<tr><td>git: commit</td><td>abc</td></tr><tr><td>git: dirty</td><td>no</td></tr>" in page
    assert "<tr><td>torch</td><td>-</td></tr>" in page
    assert "{&#x27;" not in page


def test_issues_of_the_whole_data_set_are_told(finished):
    issue = Issue(code="PF606", name="CONFLICT", severity=Severity.WARNING, message="lot 7 is on two sides")
    assert "lot 7 is on two sides" in page_of(finished, issues=(issue,))


def test_a_category_that_failed_is_told_with_its_reason(finished):
    assert "<tr><td>nut</td><td>no images</td></tr>" in page_of(
        finished, failed_categories={"nut": "no images"}
    )


def test_the_calibration_images_that_set_the_threshold_are_listed(finished):
    table = page_of(finished).partition("highest-scored calibration images")[2].partition("</table>")[0]
    lines = read_lines(finished.folder, "part", CALIBRATION)
    expected = {line["input"] for line in lines}
    assert expected
    assert expected == set(re.findall(r"<tr><td>(.*?)</td>", table))


def test_the_overview_tells_what_waits_for_a_person_beside_the_misses(finished):
    report = finished.report.per_category["part"]
    counts = ReviewCounts(normal=observed_rate(3, 4), anomalous=observed_rate(1, 4))
    changed = evolve(report, results=evolve(report.results, review=counts))
    assert '<th scope="col">review</th>' not in page_of(finished)
    page = page_of(finished, per_category={"part": changed})
    assert '<th scope="col">misses</th><th scope="col">review</th>' in page
    assert ">3/4 + 1/4</td>" in page
    assert "neither false alarms nor misses" in page

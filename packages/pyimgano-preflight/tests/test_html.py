"""The HTML report: whole, harmless, honest about what it leaves out, and small."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.contracts.issue import Location
from pyimgano_core.contracts.preflight import reported
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._baseline import mark_known
from pyimgano_preflight._report import build_report
from pyimgano_preflight.facts import FactStore
from pyimgano_preflight.html import render_html
from pyimgano_preflight.html._pictures import image_picture, mask_picture, pooled
from pyimgano_preflight.html._thumbnails import Album
from pyimgano_preflight.rules import find_rule, rule_issue
from pyimgano_preflight.runner import check_dataset

VOID = {"meta", "img", "br", "wbr", "line", "rect", "path"}
MOST_BYTES = 5_000_000


@define
class Page(HTMLParser):
    """A page as a browser takes it: its elements, their attributes, and its text."""

    elements: list = field(factory=list)
    words: list = field(factory=list)
    open: list = field(factory=list)

    def __attrs_pre_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag, kind=None):
        return [given for name, given in self.elements if name == tag and kind in (None, given.get("class"))]


def parsed(html):
    page = Page()
    page.feed(html)
    page.close()
    assert [] == page.open
    return page


def outcome(dataset, depth="standard"):
    dataset.save()
    config = dataset.config()
    return check_dataset(config, dataset.folder, SilentProgress(), FactStore(depth, SilentProgress()))


def page_of(dataset, depth="standard"):
    found = outcome(dataset, depth)
    return parsed(render_html(found.report, found.inspection))


def page_with(issues, **report):
    return parsed(render_html(build_report(map(reported, issues), **report), None))


def section(html, code):
    return re.search(rf'<details[^>]* id="{code}".*?</details>', html, re.DOTALL).group()


def pictures(html):
    """The pictures of a page or a part of it, RGB."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB")) for each in found]


def is_pink(pixels):
    red, green, blue = np.moveaxis(pixels.astype(int), -1, 0)
    return (red > 190) & (green < 90) & (blue > 70) & (blue < 190)


def test_nothing_is_loaded_or_run_and_every_link_leads_somewhere(dataset):
    shutil.copy(dataset.folder / "train/1.png", dataset.file("good/1.png"))
    page = page_of(dataset, "deep")
    assert not {"script", "iframe", "link", "object", "form"} & {tag for tag, _ in page.elements}
    assert page.all("img")
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))
    names = {given["id"] for _, given in page.elements if "id" in given}
    assert {f"#{name}" for name in names} == {link["href"] for link in page.all("a")}
    assert not any(name.startswith("on") for _, given in page.elements for name in given)


def test_what_a_data_set_is_called_can_not_become_markup(dataset):
    evil = '"><img onerror=alert(1)>&amp;'
    for row in dataset.rows:
        row["category"] = evil
    dataset.row("train/3.png")["image_path"] = f"train/{evil}<script>\u202e.png"
    dataset.row("train/4.png")["image_path"] = "train/2.png"
    page = page_of(dataset, "deep")
    assert not page.all("script")
    assert not any("onerror" in given for given in page.all("img"))
    assert f"{evil} 20 4 val" in page.text
    assert f"train/{evil}<script>\\u202e.png: does not exist" in page.text
    assert "\u202e" not in page.text


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")
def test_a_name_that_is_not_utf_8_is_shown_escaped(tree):
    folder = tree.folder / "part/train/good"
    content = (folder / "1.png").read_bytes()
    (folder / os.fsdecode(b"\xff.png")).write_bytes(content[: len(content) // 2])
    config = tree.config()
    found = check_dataset(config, tree.folder, SilentProgress(), FactStore("deep", SilentProgress()))
    html = render_html(found.report, found.inspection)
    assert "\\udcff.png" in parsed(html).text
    html.encode("utf-8")


def test_the_counts_are_those_of_training(dataset):
    page = page_of(dataset)
    assert "part 20 4 val 8 4 4 on Size and brightness" in page.text
    assert "32 images: 28 normal, 4 anomalous" in page.text


def test_why_there_are_no_pixel_metrics_is_told(dataset):
    del dataset.row("bad/1.png")["mask_path"]
    text = page_of(dataset).text
    assert "part 20 4 val 8 4 3 off No pixel metrics of part: 1 of 4 anomalous test images" in text


def test_counts_are_exact_beyond_what_is_listed():
    page = page_with(
        [rule_issue("PF301", f"{n}.png: broken", location=Location(line=n)) for n in range(1, 151)]
    )
    assert "error 150" in page.text
    assert "… and 140 more like these." in page.text
    assert "line 10: 10.png: broken" in page.text
    assert "line 11: " not in page.text


def test_a_rule_is_explained_with_its_remedy():
    rule = find_rule("PF302")
    page = page_with([rule_issue("PF302", "a.png: is truncated")])
    for text in (rule.meaning, rule.why, rule.remedy):
        assert " ".join(text.split()) in page.text


def test_errors_come_first_and_open_and_notes_folded():
    page = page_with([rule_issue(code, "x") for code in ("PF303", "PF301", "PF604")])
    found = [(group["id"], "open" in group) for group in page.all("details")]
    assert [("PF301", True), ("PF303", True), ("PF604", False)] == found


def test_a_code_that_this_version_does_not_know_is_listed():
    issue = evolve(reported(rule_issue("PF301", "strange")), code="PF999", name="STRANGE")
    assert "PF999 STRANGE 1 strange" in parsed(render_html(build_report([issue]), None)).text.replace(
        "_ ", "_"
    )


def test_what_is_known_is_marked():
    issues = [reported(rule_issue("PF301", "old.png: broken", paths=("old.png",)))]
    known = tuple(mark_known(issues, {issues[0].fingerprint: 1}))
    page = parsed(render_html(build_report(known), None))
    assert "old.png: broken (known)" in page.text
    assert "1 error, 1 known" in page.text


def test_what_was_not_looked_for_is_said_with_the_reason(dataset):
    text = page_of(dataset, "quick").text
    assert re.search(r"needs the profile deep \d+ .*PF403", text)
    assert "Brightness is measured in the profile deep." in text


def test_an_interrupted_check_looks_sound_nowhere_and_decodes_nothing(dataset):
    shutil.copy(dataset.folder / "train/1.png", dataset.file("good/1.png"))
    found = outcome(dataset)
    page = parsed(render_html(evolve(found.report, complete=False, status="ok"), found.inspection))
    assert page.all("p", "verdict error")
    assert "the check was interrupted" in page.text
    assert not page.all("img")


def test_a_data_set_that_can_not_be_opened_gives_a_page(dataset):
    dataset.set(dataset={"name": "manifest", "manifest_path": "none.jsonl"})
    assert "PF101" in page_of(dataset).text


def test_brightness_is_drawn_in_the_profile_deep_only(dataset):
    assert 1 == len(page_of(dataset).all("svg"))
    assert 2 == len(page_of(dataset, "deep").all("svg"))


def test_each_size_has_a_bar_with_its_count(dataset):
    Image.new("L", (50, 70), 9).save(dataset.file("train/0.png"))
    text = page_of(dataset).text
    assert "40x40 31 50x70 1" in text


def test_many_sizes_are_a_histogram_of_the_longer_side(dataset):
    for number in range(20):
        Image.new("L", (40 + number, 30)).save(dataset.file(f"train/{number}.png"))
    text = page_of(dataset).text
    assert "Size, 21 different ones 40 longer side in pixels 59" in text


def test_an_outlier_leaves_the_others_their_room(dataset):
    for number in range(20):
        Image.new("L", (40, 40), 100 + number).save(dataset.file(f"train/{number}.png"))
    Image.new("L", (40, 40), 3).save(dataset.file("val/0.png"))
    text = page_of(dataset, "deep").text
    low = int(re.search(r"≤ (\d+) mean grey value of an image \d+", text)[1])
    assert 30 < low < 100


def test_a_narrow_page_names_each_cell(dataset):
    dataset.save()
    found = outcome(dataset)
    page = render_html(found.report, found.inspection)
    for title in ("train", "calibration", "test", "anomalous", "masks", "pixel metrics"):
        assert f'<td data-title="{title}">' in page
    narrow = page[page.index("@media (max-width") : page.index("@media print")]
    assert "content: attr(data-title)" in narrow
    hidden = re.findall(r"([a-z: -]+) \{ display: none; \}", narrow)
    assert ["thead", "td br"] == [name.strip() for name in hidden]


def test_a_mask_is_drawn_around_what_it_marks(dataset):
    pixels = np.full((40, 40, 3), 128, np.uint8)
    Image.fromarray(pixels).save(dataset.file("bad/0.png"))
    found = outcome(dataset, "deep")
    (shown,) = pictures(section(render_html(found.report, found.inspection), "PF403"))
    pink = is_pink(shown)
    scale = len(shown) / 40
    rows, columns = np.nonzero(pink)
    edges = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]) / scale
    np.testing.assert_allclose([4, 10, 4, 10], edges, atol=0.6)
    middle = slice(round(5 * scale), round(9 * scale))
    assert not pink[middle, middle].any()


def test_a_mask_fault_is_shown_beside_its_own_image_also_where_a_mask_is_shared(dataset):
    Image.new("RGB", (40, 40), (0, 0, 250)).save(dataset.file("good/2.png"))
    dataset.row("good/2.png")["mask_path"] = "masks/0.png"
    found = outcome(dataset)
    image, mask = pictures(section(render_html(found.report, found.inspection), "PF505"))
    assert image[-1, -1, 2] > 240
    assert (mask[-1, -1] < 10).all()
    assert (mask[mask.shape[0] * 7 // 40, mask.shape[1] * 7 // 40] > 245).all()


def test_two_equal_images_are_shown_side_by_side(dataset):
    shutil.copy(dataset.folder / "train/1.png", dataset.file("good/1.png"))
    found = outcome(dataset)
    first, second = pictures(section(render_html(found.report, found.inspection), "PF602"))
    np.testing.assert_array_equal(first, second)


def test_an_image_that_can_not_be_decoded_has_words_in_its_place(dataset):
    content = (dataset.folder / "train/5.png").read_bytes()
    target = dataset.file("train/5.png")
    target.write_bytes(content[:1000])
    found = outcome(dataset)
    target.write_bytes(content)  # what the check saw counts, not what is there by now
    html = section(render_html(found.report, found.inspection), "PF302")
    assert [] == pictures(html)
    assert '<div class="shot">is truncated' in html


def test_a_file_that_is_gone_since_has_words_in_its_place(dataset):
    shutil.copy(dataset.folder / "train/1.png", dataset.file("good/1.png"))
    found = outcome(dataset)
    (dataset.folder / "train/1.png").unlink()
    html = section(render_html(found.report, found.inspection), "PF602")
    assert 1 == len(pictures(html))
    assert '<div class="shot">does not exist</div>' in html


def test_an_image_too_large_for_a_small_picture_is_not_decoded(dataset):
    Image.new("1", (8000, 5001)).save(dataset.file("train/0.png"))
    shutil.copy(dataset.folder / "train/0.png", dataset.file("train/1.png"))
    found = outcome(dataset)
    html = section(render_html(found.report, found.inspection), "PF601")
    assert [] == pictures(html)
    assert 2 == html.count('<div class="shot">is too large for a small picture</div>')


def test_a_rule_has_at_most_twelve_pictures(dataset):
    for number in range(20):
        Image.new("L", (40, 40), number).save(dataset.file(f"train/{number}.png"))
    found = outcome(dataset, "deep")
    assert 12 == len(pictures(section(render_html(found.report, found.inspection), "PF403")))


def test_the_worst_is_shown_first(dataset):
    found = outcome(dataset)
    album = Album.of(issues := values((90, 60, 10)), found.inspection)
    assert ["train/2.png", "train/1.png", "train/0.png"] == re.findall(
        "<figcaption>(.*?)</figcaption>", album.pictures("PF404", issues)
    )


def values(levels):
    paths = (f"train/{number}.png" for number in range(len(levels)))
    return tuple(
        reported(rule_issue("PF404", "x", paths=(path,), data={"value": level, "usual": 100.0}))
        for path, level in zip(paths, levels, strict=True)
    )


@pytest.mark.parametrize("limit", ["characters", "pixels"])
def test_a_full_page_says_that_pictures_are_left_out(dataset, limit):
    found = outcome(dataset)
    issues = values((90, 60, 10))
    album = evolve(Album.of(issues, found.inspection), **{limit: 1})
    html = album.pictures("PF404", issues)
    assert 1 == len(pictures(html))
    assert "Further pictures are left out" in html


def test_the_page_stays_small_whatever_the_messages_hold():
    evil = '"<&>\x00' * 10_000
    issues = [
        rule_issue(code, evil + str(n), paths=(evil,), category=evil)
        for n in range(12)
        for code in (f"PF{number}" for number in range(100, 1000))
        if find_rule(code)
    ]
    html = render_html(build_report(map(reported, issues), dataset={"manifest": evil}), None)
    assert len(html.encode()) < MOST_BYTES


def test_pictures_of_noise_are_small_too():
    noise = np.random.default_rng(0).integers(0, 256, (168, 168, 3), np.uint8)
    assert len(image_picture(noise, None)) < 12_000


def test_equal_data_give_equal_pages(dataset):
    shutil.copy(dataset.folder / "train/1.png", dataset.file("good/1.png"))
    first, second = outcome(dataset, "deep"), outcome(dataset, "deep")
    assert render_html(first.report, first.inspection) == render_html(second.report, second.inspection)


def test_the_command_writes_the_page(dataset, cli, tmp_path):
    dataset.save()
    target = tmp_path / "report.html"
    assert 0 == cli("check", dataset.manifest, "--write", f"html={target}").code
    assert "Data check: " in parsed(target.read_text(encoding="utf-8")).text


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2)])
def test_a_picture_has_any_shape(shape):
    (image,) = pictures(f'src="{image_picture(np.zeros((*shape, 3), np.uint8), np.ones(shape, bool))}"')
    (mask,) = pictures(f'src="{mask_picture(np.ones(shape, bool))}"')
    assert image.shape == mask.shape
    assert 168 == max(image.shape)


def test_a_mask_of_another_size_is_not_drawn():
    (shown,) = pictures(f'src="{image_picture(np.zeros((40, 40, 3), np.uint8), np.ones((20, 20), bool))}"')
    assert not is_pink(shown).any()


def test_a_mask_of_the_whole_image_is_drawn_at_its_border():
    (shown,) = pictures(f'src="{image_picture(np.zeros((40, 40, 3), np.uint8), np.ones((40, 40), bool))}"')
    pink = is_pink(shown)
    assert pink[[0, -1]].mean() > 0.9
    assert pink[:, [0, -1]].mean() > 0.9
    assert not pink[4:-4, 4:-4].any()


@given(st.data())
def test_pooling_keeps_what_is_marked_and_marks_nothing_else(data):
    sides = st.integers(1, 12)
    large, small = data.draw(st.tuples(sides, sides)), data.draw(st.tuples(sides, sides))
    bits = data.draw(st.integers(0, 2 ** (large[0] * large[1]) - 1))
    marks = np.array([bits >> n & 1 for n in range(large[0] * large[1])], bool).reshape(large)
    expected = np.array(
        [[marks[blocks(*large, *small, y, x)].any() for x in range(small[1])] for y in range(small[0])]
    )
    np.testing.assert_array_equal(expected, pooled(marks, small))


def blocks(height, width, rows, columns, y, x):
    """The pixels that fall on one pixel of a smaller or larger picture: at least one."""
    top, left = y * height // rows, x * width // columns
    bottom, right = (y + 1) * height // rows, (x + 1) * width // columns
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))

"""The programs that make the pictures of pages, and tell which are stale."""

import base64
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "pictures"))

import screenshots
from screenshots import MEASURED, OVERLAYS, PICTURES, REPORTS, Piece, Report, excerpt
from shown import changes, recorded, save, share_of_other_pixels, shown

REPORT = Report("metal", "report.html", (Piece("<h1>", "<h2>", "<h3>"),), figures=2)
PAGE = """<html><head><style>
p { color: red }
</style></head><body><p>before</p><h1>Title</h1>
<h2>Score &lt; <b>0.5000</b></h2><figure class="chart">a</figure><figure class="chart">b</figure>
<figure class="chart">c</figure><svg viewBox="0 0 4 2">
<text class="strong">threshold</text><path d="M1 2"/></svg>
<h3>behind</h3></body></html>
"""
SHOWN = """\
<html>
<head>
<style>
p { color: red }
<body>
<h2>
Score <
<b>
0.5000
<figure> chart
a
<figure> chart
b
<svg> 0 0 4 2
<text> strong
threshold
<path>""".splitlines()


def image_of(color, size=(8, 4)):
    return Image.new("RGB", size, color)


def test_of_a_page_style_elements_and_texts_of_the_wanted_pieces_are_shown():
    assert SHOWN == shown(excerpt(PAGE, REPORT))


def test_an_image_in_a_page_is_told_by_its_size_and_its_colour():
    file = io.BytesIO()
    image_of((10, 20, 250)).save(file, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    assert ["<img>", "8 x 4 pixels of mean colour 10.0 20.0 250.0"] == shown(f'<img alt="x" src="{uri}">')


def test_a_page_without_a_wanted_piece_is_named_with_what_is_missing():
    with pytest.raises(SystemExit) as ended:
        excerpt(PAGE.replace("<h2>", "<h4>"), REPORT)
    assert "error: report.html has nothing from <h2> to <h3> for metal" == ended.value.code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.9500 [.759, .991]", "0.9505 [.760, .990]"),
        ("2026-11-23T17:51:15+00:00 · pyimgano 0.1.0", "2027-01-02T03:04:05+00:00 · pyimgano 0.2.0"),
        ("8 x 4 pixels of mean colour 80.1 90.2 100.3", "8 x 4 pixels of mean colour 80.9 89.4 100.9"),
    ],
)
def test_what_differs_between_machines_is_no_change(old, new):
    assert [] == changes(["a", old, "b"], ["a", new, "b"], "picture.png")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.9500", "0.9800"),
        ("1/12", "2/12"),
        ("misses", "missed"),
        ("<b>", "<td>"),
        (".dot { fill: var(--anomalous); }", ".dot { fill: var(--normal); }"),
        ("8 x 4 pixels of mean colour 80.1 90.2 100.3", "8 x 4 pixels of mean colour 84.1 90.2 96.3"),
    ],
)
def test_another_figure_text_element_or_style_is_told_with_its_surroundings(old, new):
    told = changes(["x", "a", "b", old, "c", "d"], ["x", "a", "b", new, "c", "d"], "picture.png")
    head = ["--- picture.png", "+++ as it is now", "@@ -2,5 +2,5 @@"]
    assert [*head, " a", " b", f"-{old}", f"+{new}", " c", " d"] == told


def test_of_lines_that_come_and_go_only_these_are_told():
    old, new = ["0.5000", "a", "b", "c", "2.1 s", "e"], ["0.5001", "a", "c", "2.2 s", "e", "f", "g"]
    assert {"-b", "+f", "+g"} == {line for line in changes(old, new, "")[2:] if line[0] in "+-"}


@given(st.lists(st.text()))
def test_the_same_lines_have_no_changes(lines):
    assert [] == changes(lines, lines, "picture.png")


def test_a_picture_holds_what_it_shows(tmp_path):
    path = tmp_path / "a.png"
    save(image_of("white"), path, ["± 0.0045", "<b>"])
    assert ["± 0.0045", "<b>"] == recorded(path)
    image_of("white").save(path)
    assert [] == recorded(path)


def test_a_palette_changes_no_pixel_and_another_colour_or_size_does(tmp_path):
    shades = [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.new("L", (256, 256))]
    gradient = Image.merge("RGB", shades)
    save(gradient, tmp_path / "a.png", [])
    with Image.open(tmp_path / "a.png") as saved:
        assert 0.0 == share_of_other_pixels(saved, gradient)
        other = gradient.copy()
        other.paste((0, 0, 100), (0, 0, 128, 64))
        assert 0.125 == share_of_other_pixels(saved, other)
        assert 1.0 == share_of_other_pixels(saved, gradient.crop((0, 0, 256, 255)))


def test_a_picture_is_stale_once_its_page_shows_something_else(tmp_path, monkeypatch):
    monkeypatch.setattr(screenshots, "PICTURES", tmp_path)
    save(image_of("white"), tmp_path / "metal.png", SHOWN)
    check = screenshots._renew
    (tmp_path / "report.html").write_text(PAGE.replace("behind", "elsewhere"))
    assert [] == check(REPORT, tmp_path, None)
    (tmp_path / "report.html").write_text(PAGE.replace("threshold", "limit"))
    assert ["-threshold", "+limit"] == check(REPORT, tmp_path, None)[-3:-1]


def test_of_a_leaderboard_times_alone_are_not_compared():
    cell = "<td><b>0.9766</b><br><small>0.887 to 0.997</small></td>"
    row = f"<tr><td>padim</td>{cell}<td>0.585</td></tr>"
    assert row.replace("<td>0.585</td>", "") == MEASURED.sub("", f"{row}<figure><svg></svg></figure>")
    assert "<td>gear</td><td>0.8663</td>" == MEASURED.sub("", "<td>gear</td><td>0.8663</td>")


def test_every_picture_of_a_report_holds_a_record_and_none_is_left_over():
    names = {report.name for reports in REPORTS.values() for report in reports}
    assert {*names, OVERLAYS} == {path.stem for path in PICTURES.glob("*.png")}
    assert set() == {name for name in names if "<style>" not in recorded(PICTURES / f"{name}.png")}

from xml.etree import ElementTree as ET

from pyimgano_bench.study.drawing import label, page


def test_a_page_is_xml_with_its_title_and_a_dark_and_a_light_side():
    picture = page("a < b", "<g/>", 20, 10, ".x{fill:red}")
    root = ET.fromstring(picture)  # noqa: S314 - our own picture
    assert ("20", "10", "0 0 20 10") == (root.get("width"), root.get("height"), root.get("viewBox"))
    assert "a < b" == root[0].text
    assert "prefers-color-scheme:dark" in root[1].text
    assert root[1].text.endswith(".x{fill:red}")


def test_a_page_needs_nothing_from_elsewhere():
    picture = page("t", "", 1, 1, "").replace("http://www.w3.org/2000/svg", "")
    assert not any(word in picture for word in ("http", "url(", "@import", "<script"))


def test_a_label_is_escaped():
    assert "&lt;a&gt; &amp;" == label("<a> &")


def test_a_long_label_is_cut_and_kept_whole_for_who_points_at_it():
    root = ET.fromstring(f"<text>{label('<' * 60, 10)}</text>")  # noqa: S314 - our own picture
    assert "<" * 9 + "…" == root.text
    assert "<" * 60 == root[0].text

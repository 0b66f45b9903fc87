import re
from html.parser import HTMLParser

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.artifacts import write_artifact, write_bytes
from pyimgano_core.contracts.infer_config import RegionFile
from pyimgano_workbench.html._pictures import Album, worst_section
from pyimgano_workbench.pictures import Pictures, picture_path

PLENTY = 10**6


def lines_of(scores, name="{}.png", y_true=1):
    return [
        {
            "index": index,
            "input": name.format(index),
            "defect": "crack",
            "score": score,
            "label": "normal",
            "y_true": y_true,
        }
        for index, score in enumerate(scores)
    ]


def album_of(folder, indices, room=PLENTY):
    for index in indices:
        write_bytes(picture_path(folder, index), f"picture {index}".encode())
    write_artifact(folder / "pictures.json", Pictures(low=1.0, high=5.0, images=tuple(indices)))
    return Album.of(folder, room)


def shown(text):
    return re.findall(r'<img src="data:image/jpeg;base64,.*?" alt="(.*?):', text)


def listed(text):
    return re.findall(r"<tr><td>(.*?)</td>", text)


@pytest.fixture
def report(make_report):
    return make_report()


def test_the_worst_come_first_with_their_pictures(tmp_path, report):
    text = worst_section(lines_of([4.0, 2.0, 3.0]), report, album_of(tmp_path, [0, 1, 2]))
    assert ["1.png", "2.png", "0.png"] == shown(text)
    assert "Misses: 2 of 9." in text
    assert "crack · score 2 · verdict normal" in text


def test_of_normal_images_the_highest_scores_come_first(tmp_path, report):
    text = worst_section(lines_of([4.0, 2.0, 5.0], y_true=0), report, album_of(tmp_path, [0, 1, 2]))
    assert ["2.png", "0.png", "1.png"] == shown(text)
    assert "False alarms: 1 of 40." in text


def test_what_has_no_picture_is_listed(tmp_path, report):
    text = worst_section(lines_of([1.0, 2.0]), report, album_of(tmp_path, [1]))
    assert (["1.png"], ["0.png"]) == (shown(text), listed(text))


def test_a_picture_that_was_taken_away_is_listed(tmp_path, report):
    album = album_of(tmp_path, [0, 1])
    picture_path(tmp_path, 0).unlink()
    text = worst_section(lines_of([1.0, 2.0]), report, album)
    assert (["1.png"], ["0.png"]) == (shown(text), listed(text))


def test_a_run_without_pictures_lists_the_images(tmp_path, report):
    text = worst_section(lines_of([1.0, None, 2.0]), report, Album.of(tmp_path, PLENTY))
    assert ["0.png", "2.png"] == listed(text)
    assert "Scale of the colours" not in text


def test_pictures_take_no_more_room_than_there_is(tmp_path, report):
    one = len("data:image/jpeg;base64,") + 12
    text = worst_section(lines_of([1.0, 2.0, 3.0]), report, album_of(tmp_path, [0, 1, 2], room=2 * one))
    assert (["0.png", "1.png"], ["2.png"]) == (shown(text), listed(text))


def test_the_scale_says_what_the_colours_mean_and_marks_the_pixel_threshold(tmp_path, report):
    text = worst_section(lines_of([1.0]), report, album_of(tmp_path, [0]))
    assert "1 and less: clear" in text
    assert "5 and more" in text
    assert f"pixel threshold {report.pixel_threshold.value:.4g}" in text


def test_the_line_round_what_is_looked_at_is_explained_where_there_is_one(tmp_path, report):
    region = RegionFile(path="region.png", sha256="7" * 64, size_bytes=9, share=0.5)
    told = [
        "green line" in worst_section(lines_of([1.0]), each, album_of(tmp_path, [0]))
        for each in (report, evolve(report, region=region))
    ]
    assert [False, True] == told


class Reader(HTMLParser):
    """Keeps the tags and the texts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.alts, self.words = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.alts += [value for name, value in attrs if name == "alt"]

    def handle_data(self, data):
        self.words.append(data)


TAGS = {"h3", "p", "div", "figure", "img", "figcaption", "br", "svg", "rect", "path", "text"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}


@given(st.text(st.characters(codec="utf-8")).map("{}part".format))  # no other text of the page is such
def test_any_name_is_text(tmp_path_factory, make_report, name):
    folder = tmp_path_factory.getbasetemp() / "names"
    lines = [line | {"input": name, "defect": name} for line in lines_of([1.0, 2.0])]
    reader = Reader()
    reader.feed(worst_section(lines, make_report(), album_of(folder, [0])))
    assert reader.tags == TAGS | TABLE
    assert [f"{name}: left the image, right the same with its anomaly map in colours"] == reader.alts
    assert 3 == reader.words.count(name)
    assert f"{name} · score 1 · verdict normal" in reader.words

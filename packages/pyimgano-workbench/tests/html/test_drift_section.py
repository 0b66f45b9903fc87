import re

from pyimgano_workbench.html._drift import drift_section


def lines_of(count, start=0, stamp="2026-01-01T00:00:{:02}"):
    return [
        {
            "score": 1.0 + index,
            "moment": float(index),
            "timestamp": stamp.format(index),
            "y_true": 0,
            "group_id": None,
        }
        for index in range(start, start + count)
    ]


def points(text, kind):
    return len(re.findall("h0", re.findall(rf'class="points {kind}" d="(.*?)"', text)[0]))


def test_every_normal_image_is_a_point_of_its_part():
    text = drift_section(lines_of(4), lines_of(8, 4), 20.0)
    assert (4, 8) == (points(text, "calibration"), points(text, "normal"))
    assert "test normals (8)" in text


def test_the_ends_of_the_axis_are_timestamps_as_they_were_written():
    text = drift_section([], lines_of(12), None)
    assert ">2026-01-01T00:00:00<" in text
    assert ">2026-01-01T00:00:11<" in text


def test_the_threshold_is_a_line_within_the_picture():
    assert "threshold 50" in drift_section([], lines_of(12), 50.0)
    assert "threshold" not in re.sub("<p>.*?</p>", "", drift_section([], lines_of(12), None))


def test_without_timestamps_there_is_nothing():
    bare = [line | {"moment": None} for line in lines_of(12)]
    assert "" == drift_section(bare, bare, 1.0)


def test_a_timestamp_is_text_and_no_markup():
    assert "<b>" not in drift_section([], lines_of(12, stamp="<b>{}"), None)

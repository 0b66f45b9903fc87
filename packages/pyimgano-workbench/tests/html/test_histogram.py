import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_workbench.html._chart import LEFT, RIGHT, WIDTH
from pyimgano_workbench.html._histogram import score_histogram

LINES = [{"score": float(score), "y_true": score // 5} for score in range(10)]


def bars_of(text, kind):
    return len(re.findall("M", re.findall(rf'class="bars {kind}" d="(.*?)"', text)[0]))


def marks_of(text):
    return [float(x) for x in re.findall(r'class="mark" d="M([\d.]+) ', text)]


def test_without_scores_there_is_no_picture():
    assert "" == score_histogram([{"score": None, "y_true": 0}], 1.0)


def test_every_score_is_in_a_bar_of_its_label():
    text = score_histogram(LINES, 4.5)
    assert [5, 5] == [bars_of(text, kind) for kind in ("normal", "anomalous")]
    assert "normal (5)" in text
    assert "anomalous (5)" in text


def test_a_threshold_beyond_all_scores_is_within_the_picture():
    text = score_histogram(LINES, 20.0)
    assert "threshold 20" in text
    assert all(LEFT <= x <= WIDTH - RIGHT for x in marks_of(text))


def test_the_review_band_is_shaded_from_its_threshold_to_the_other():
    text = score_histogram(LINES, 6.0, 3.0)
    [(left, width)] = re.findall(r'class="band" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', text)
    ends = sorted(marks_of(text))
    assert [float(left), float(left) + float(width)] == pytest.approx(ends, abs=0.2)
    assert "review 3" in text


def test_without_a_band_nothing_is_shaded():
    assert "review" not in score_histogram(LINES, 6.0)


def test_anomalous_scores_far_above_leave_room_for_the_threshold_and_are_told_of():
    far = [{"score": score, "y_true": 1} for score in (300.0, 900.0)]
    text = score_histogram(LINES + far, 4.5)
    assert marks_of(score_histogram(LINES, 4.5))[0] / 4 < marks_of(text)[0]
    assert 6 == bars_of(text, "anomalous")
    assert "The last bar: 2 images with scores from 17.55 to 900." in text
    assert "The last bar" not in score_histogram(LINES, 4.5)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 1)), min_size=1), st.floats(-1e6, 1e6))
def test_whatever_the_scores_bars_and_marks_stay_within_the_picture(scored, threshold):
    text = score_histogram([{"score": score, "y_true": label} for score, label in scored], threshold)
    ends = [
        float(x)
        for x in re.findall(r"[MH]([\d.-]+)", " ".join(re.findall(r'class="bars .*?d="(.*?)"', text)))
    ]
    assert all(LEFT <= x <= WIDTH - RIGHT for x in [*ends, *marks_of(text)])


def test_without_normal_images_and_a_threshold_nothing_is_cut():
    text = score_histogram([{"score": score, "y_true": 1} for score in (1.0, 50.0, 90.0)], None)
    assert (3, False) == (bars_of(text, "anomalous"), "last bar" in text)
    assert "normal (0)" not in text


def test_equal_scores_make_one_bar():
    assert 1 == bars_of(score_histogram([{"score": 2.0, "y_true": 0}] * 3, None), "normal")

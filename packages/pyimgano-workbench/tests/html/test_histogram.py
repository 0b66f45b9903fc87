import re

import pytest

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


def test_equal_scores_make_one_bar():
    assert 1 == bars_of(score_histogram([{"score": 2.0, "y_true": 0}] * 3, None), "normal")

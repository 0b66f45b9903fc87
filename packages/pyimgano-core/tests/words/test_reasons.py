import re
from pathlib import Path

import pytest

import pyimgano_core
from pyimgano_core.contracts.metric import Interval
from pyimgano_core.words import interval_note, metric_name, reason_in_words

REASON = re.compile(r'reason(?:=|": |\] = )"([a-z_]+)"')


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("no_positives", "there are no anomalous test images"),
        ("of_the_future", "of_the_future"),
        (None, "the reason is not known"),
    ],
)
def test_a_reason_is_told_in_words_where_it_is_known(code, expected):
    assert expected == reason_in_words(code)


def test_no_code_that_a_report_can_hold_is_without_words():
    sources = Path(pyimgano_core.__file__).parent
    folders = ("metrics", "thresholds", "evaluation", "pipeline")
    texts = (path.read_text(encoding="utf-8") for name in folders for path in (sources / name).glob("*.py"))
    codes = {code for text in texts for code in REASON.findall(text)}
    assert len(codes) > 10
    assert [] == sorted(code for code in codes if reason_in_words(code) == code)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Interval(low=0.8, high=0.9, level=0.95), None),
        (Interval(low=1.0, high=1.0, level=0.95), "no interval: all resamples agree, which bounds nothing"),
        (
            Interval(level=0.95, reason="grouped_images"),
            "no interval: images of one group are not independent",
        ),
    ],
)
def test_an_interval_that_is_not_shown_says_why(found, expected):
    assert expected == interval_note(found)


def test_a_metric_has_one_name():
    assert ("pixel AP", "of_the_future") == (
        metric_name("pixel_average_precision"),
        metric_name("of_the_future"),
    )

import re

import pytest
from attrs import evolve

from pyimgano_core.metrics import observed_rate
from pyimgano_workbench.html._confusion import confusion_table


@pytest.fixture
def results(make_report):
    return make_report().results


def cells(text):
    """Class and count of each cell, row by row."""
    rows = re.findall(r"<tr>(<th.*?)</tr>", text)
    return [re.findall(r'<td class="(\w+)"><b>(\d+)</b>', row) for row in rows if "<td class" in row]


def test_each_image_is_counted_once_under_its_verdict(results):
    assert [
        [("right", "37"), ("waits", "2"), ("wrong", "1")],
        [("wrong", "2"), ("waits", "1"), ("right", "6")],
    ] == cells(confusion_table(results))


def test_without_a_review_band_there_are_two_verdicts(results):
    text = confusion_table(evolve(results, review=None))
    assert [[("right", "39"), ("wrong", "1")], [("wrong", "2"), ("right", "7")]] == cells(text)
    assert "review" not in text


def test_where_nothing_went_wrong_nothing_looks_wrong(results):
    perfect = evolve(results, false_alarm_rate=observed_rate(0, 40), miss_rate=observed_rate(0, 9))
    assert 'class="wrong"' not in confusion_table(perfect)


def test_without_a_threshold_there_are_no_verdicts(results):
    assert "" == confusion_table(evolve(results, false_alarm_rate=None, miss_rate=None))


def test_a_share_of_no_images_is_a_dash(results):
    none = evolve(results, miss_rate=observed_rate(0, 0), review=None)
    assert '<span class="muted">-</span>' in confusion_table(none)

import re

import pytest
from attrs import evolve

from pyimgano_core.contracts.metric import Interval
from pyimgano_core.metrics import observed_rate
from pyimgano_workbench.html._verdicts import verdicts_tables


@pytest.fixture
def results(make_report):
    return make_report().results


def section(text, title):
    """The cells of all rows of the table under a title."""
    table = text.partition(f"<h3>{title}</h3>")[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
    return [row for row in rows if row]


def test_false_alarms_misses_and_reviews_have_counts_and_intervals(results):
    assert [
        ["false alarms, of normal images", "1 of 40", "2.5 %", "0.1 to 13.2 %"],
        ["misses, of anomalous images", "2 of 9", "22.2 %", "2.8 to 60.0 %"],
        ["for review, of normal images", "2 of 40", "5.0 %", "0.6 to 16.9 %"],
        ["for review, of anomalous images", "1 of 9", "11.1 %", "0.3 to 48.2 %"],
    ] == section(verdicts_tables(results), "At the deployed threshold")


def test_without_a_review_band_there_is_none(results):
    assert "review" not in verdicts_tables(evolve(results, review=None))


def test_without_a_threshold_there_are_no_rates(results):
    bare = evolve(
        results,
        false_alarm_rate=None,
        miss_rate=None,
        review=None,
        miss_rate_per_defect={},
        false_alarm_rate_per_group={},
        pixel_metrics=None,
    )
    assert "" == verdicts_tables(bare)


def test_defects_stand_worst_first(results):
    rows = section(verdicts_tables(results), "Misses by defect")
    assert ["hole", "dent", "crack"] == [row[0] for row in rows]


def test_many_groups_are_cut_after_the_worst_and_the_rest_is_counted(results):
    rows = section(verdicts_tables(results), "False alarms by group")
    assert 13 == len(rows)
    assert ["lot07", "1 of 2"] == rows[0][:2]
    assert ["and 8 more", "0 of 16"] == rows[-1][:2]


def test_the_larger_of_two_equal_rates_stands_first(results):
    rates = {"few": observed_rate(1, 2), "many": observed_rate(10, 20)}
    rows = section(verdicts_tables(evolve(results, miss_rate_per_defect=rates)), "Misses by defect")
    assert ["many", "few"] == [row[0] for row in rows]


def test_ratios_say_what_they_take_images_for_review_for(results):
    told = "images for review counted as normal: precision 0.9000"
    assert told in verdicts_tables(results)
    assert "Ratios: precision 0.9000" in verdicts_tables(evolve(results, review=None))


def test_pixel_verdicts_say_which_regions_were_dropped(results):
    pixel = results.pixel_metrics
    whole = evolve(results, pixel_metrics=evolve(pixel, verdicts=evolve(pixel.verdicts, minimum_area=1)))
    dropped = ["fewer than 4 pixels" in verdicts_tables(each) for each in (results, whole)]
    assert [True, False] == dropped


def test_pixel_verdicts_have_the_intervals_that_there_are(results):
    rows = section(verdicts_tables(results), "Pixels at the deployed pixel threshold")
    assert ["PRO: flagged share of a region, mean", "0.7000", "-"] == rows[0]
    assert ["IoU of all pixels", "0.4500", "0.4000 to 0.5000"] == rows[1]


def test_rates_of_grouped_images_say_why_they_have_no_interval(results):
    rates = observed_rate(1, 40, independent=False)
    rows = section(verdicts_tables(evolve(results, false_alarm_rate=rates)), "At the deployed threshold")
    assert ["-", "no interval: images of one group are not independent"] == rows[0][3:]


def test_a_pixel_verdict_without_width_says_why_and_dropped_regions_are_told_once(results):
    flat, none = Interval(low=1.0, high=1.0, level=0.95), Interval(level=0.95, reason="minimum_area")
    pixel = evolve(results.pixel_metrics, intervals={"pixel_iou": flat, "pixel_pro": none})
    text = verdicts_tables(evolve(results, pixel_metrics=pixel))
    rows = section(text, "Pixels at the deployed pixel threshold")
    assert ["-", ""] == rows[0][2:]
    assert ["-", "no interval: all resamples agree, which bounds nothing"] == rows[1][2:]
    assert 1 == text.count("know no regions")

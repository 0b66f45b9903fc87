import re

import pytest
from attrs import evolve

from pyimgano_core.contracts.metric import Interval
from pyimgano_workbench.html._metrics import metrics_table, oracles_table


def rows_of(text):
    """The cells of a table's rows by their first."""
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]
    return {row[0]: row[1:] for row in rows if row}


@pytest.fixture
def results(make_report):
    return make_report().results


def test_image_auroc_has_delong_s_interval_and_the_bootstrap_s_beside_it(results):
    expected = ["0.9860", "0.9513 to 0.9984", "DeLong; bootstrap 0.9600 to 1.0000"]
    assert expected == rows_of(metrics_table(results))["image AUROC"]


@pytest.mark.parametrize(
    ("resampled", "shown", "note"),
    [
        ((0.96, 1.0), "0.9600 to 1.0000", "bootstrap; "),
        ((1.0, 1.0), "-", "no interval: all resamples agree, which bounds nothing; "),
    ],
    ids=["differ", "agree"],
)
def test_where_delong_s_interval_is_undefined_the_bootstrap_s_stands_in_where_it_says_anything(
    results, resampled, shown, note
):
    low, high = resampled
    changed = evolve(
        results,
        auroc_delong=Interval(level=0.95, reason="grouped_images"),
        intervals={"auroc": Interval(low=low, high=high, level=0.95)},
    )
    undefined = "DeLong&#x27;s is undefined: images of one group are not independent"
    assert ["0.9860", shown, note + undefined] == rows_of(metrics_table(changed))["image AUROC"]


def test_an_interval_without_width_is_not_taken_for_certainty(results):
    agreed = {"average_precision": Interval(low=1.0, high=1.0, level=0.95)}
    row = rows_of(metrics_table(evolve(results, intervals=agreed)))["image AP"]
    assert ["-", "no interval: all resamples agree, which bounds nothing"] == row[1:]


def test_every_metric_over_pixels_stands_with_its_limits(results):
    rows = rows_of(metrics_table(results))
    assert ["0.9100", "0.8500 to 0.9500", "bootstrap"] == rows["AUPRO, up to FPR 0.3"]
    assert ["0.9300", "-", ""] == rows["AU-sPRO, up to FPR 0.3, saturation 0.5"]


def test_an_undefined_metric_says_why(results):
    rows = rows_of(metrics_table(results))
    assert ["-", "-", "there are no normal test images"] == rows["AUPIMO, FPR 1e-05 to 0.0001"]


def test_an_interval_that_is_missing_says_why(results):
    undefined = Interval(level=0.95, reason="undefined_replicates")
    text = metrics_table(evolve(results, intervals={"average_precision": undefined}))
    expected = ["0.9900", "-", "no interval: too many resamples leave it undefined"]
    assert expected == rows_of(text)["image AP"]


def test_without_pixels_there_are_rows_of_images_only(results):
    text = metrics_table(evolve(results, pixel_metrics=None))
    assert {"image AUROC", "image AP"} == set(rows_of(text))


def test_the_level_of_the_intervals_is_in_the_title(results):
    text = metrics_table(evolve(results, auroc_delong=Interval(low=0.9, high=1.0, level=0.9)))
    assert "<th>90 % interval</th>" in text


def test_oracles_are_marked_as_not_in_use(results):
    text = oracles_table(results)
    assert "chosen with the test labels known" in text
    rows = rows_of(text)
    assert ["0.9500", "0.8800 to 1.0000", "2.2"] == rows["image F1-max"]
    assert ["0.8900", "-", "2"] == rows["defects found, false alarms at most 5 %"]
    assert ["0.1000", "-", "1.5"] == rows["false alarms, defects found at least 95 %"]
    assert ["0.9300", "-", "1.4"] == rows["normals passed, misses at most 5 %"]


def test_no_oracle_stands_among_the_metrics(results):
    assert "F1-max" not in metrics_table(results)


def test_an_oracle_s_interval_without_width_says_why_it_is_not_shown(results):
    agreed = {"f1_max": Interval(low=1.0, high=1.0, level=0.95)}
    row = rows_of(oracles_table(evolve(results, intervals=agreed)))["image F1-max"]
    assert ["-", "2.2", "no interval: all resamples agree, which bounds nothing"] == row[1:]


def test_the_oracle_of_pixels_has_its_score_too(results):
    pixel = evolve(results.pixel_metrics, pixel_f1_max_threshold=2.25)
    rows = rows_of(oracles_table(evolve(results, pixel_metrics=pixel)))
    assert ["0.6000", "-", "2.25"] == rows["pixel F1-max"]


def test_groups_are_counted_in_the_title_of_the_intervals(results):
    assert "<th>95 % interval, 12 groups</th>" in metrics_table(results, 12)


def test_a_perfect_auroc_says_what_both_intervals_lack(results):
    flat = Interval(level=0.95, reason="zero_variance")
    row = rows_of(metrics_table(evolve(results, auroc_delong=flat, intervals={"auroc": flat})))["image AUROC"]
    assert row[2].startswith("no interval: all resamples agree, which bounds nothing; DeLong&#x27;s is undef")

from statistics import NormalDist

import numpy as np
import pytest

from pyimgano_bench.means import macro_means
from pyimgano_bench.rows import METRICS, Row
from pyimgano_core.metrics import delong


def row(detector, category, seed=0, dataset="d", **values):
    return Row(dataset=dataset, category=category, detector=detector, seed=seed, status="ok", **values)


def mean_of(rows, detector, metric="image_auroc", dataset="d"):
    return next(
        means.means[metric]
        for means in macro_means(rows)
        if (means.detector, means.dataset) == (detector, dataset)
    )


def test_the_mean_is_over_categories_and_not_over_images():
    rows = [row("a", "x", image_auroc=1.0, normal_count=1), row("a", "y", image_auroc=0.5, normal_count=99)]
    mean = mean_of(rows, "a")
    assert 0.75 == mean.value
    assert ("x", "y") == mean.categories


def test_a_category_that_one_detector_lacks_is_left_out_for_all():
    rows = [
        row("a", "x", image_auroc=1.0),
        row("a", "y", image_auroc=0.0),
        row("b", "x", image_auroc=0.8),
        Row(dataset="d", category="y", detector="b", seed=0, status="failed"),
    ]
    assert (1.0, ("x",)) == (mean_of(rows, "a").value, mean_of(rows, "a").categories)
    assert 0.8 == mean_of(rows, "b").value


def test_a_category_that_lacks_one_seed_is_left_out():
    rows = [
        row("a", "x", seed=0, image_auroc=1.0),
        row("a", "x", seed=1, image_auroc=0.5),
        row("a", "y", seed=0, image_auroc=0.1),
        row("a", "y", seed=1),
    ]
    mean = mean_of(rows, "a")
    assert (0.75, ("x",)) == (mean.value, mean.categories)
    assert mean.std == pytest.approx(0.5 / 2**0.5)


def test_one_seed_has_no_spread():
    assert mean_of([row("a", "x", image_auroc=1.0)], "a").std is None


def test_nothing_shared_has_no_mean():
    rows = [row("a", "x", image_auroc=1.0), row("a", "y"), row("b", "x"), row("b", "y", image_auroc=1.0)]
    assert {(None, ())} == {
        (means.means["image_auroc"].value, means.means["image_auroc"].categories)
        for means in macro_means(rows)
    }


def test_a_detector_without_any_value_takes_no_mean_from_the_others():
    rows = [
        row("a", "x", image_auroc=1.0),
        Row(dataset="d", category="x", detector="b", seed=0, status="failed"),
    ]
    assert (1.0, ("x",)) == (mean_of(rows, "a").value, mean_of(rows, "a").categories)
    assert (None, ("x",)) == (mean_of(rows, "b").value, mean_of(rows, "b").missing)


def test_categories_that_are_left_out_are_named():
    rows = [row("a", name, image_auroc=value) for name, value in (("x", 1.0), ("y", None), ("z", None))]
    assert ("y", "z") == mean_of(rows, "a").missing


def test_each_metric_has_categories_of_its_own():
    rows = [row("a", "x", image_auroc=1.0, aupro=0.9), row("a", "y", image_auroc=0.5)]
    assert ("x",) == mean_of(rows, "a", "aupro").categories
    assert ("x", "y") == mean_of(rows, "a", "image_auroc").categories


def test_data_sets_are_never_averaged_together():
    rows = [row("a", "x", image_auroc=1.0), row("a", "x", dataset="e", image_auroc=0.0)]
    assert 1.0 == mean_of(rows, "a").value
    assert 0.0 == mean_of(rows, "a", dataset="e").value


def test_every_metric_is_a_field_of_a_row():
    assert set(METRICS) <= {attribute.name for attribute in Row.__attrs_attrs__}


def measured(category, value, low, high, seed=0):
    ends = {"image_auroc_low": low, "image_auroc_high": high, "interval_level": 0.95}
    return row("a", category, seed=seed, image_auroc=value, **ends)


def test_one_category_keeps_its_own_interval():
    mean = mean_of([measured("x", 0.9, 0.8, 0.93)], "a")
    assert (pytest.approx(0.8), pytest.approx(0.93)) == (mean.low, mean.high)


def test_distances_to_the_ends_of_categories_add_up_in_squares_each_side_for_itself():
    mean = mean_of([measured("x", 0.9, 0.87, 0.91), measured("y", 0.8, 0.76, 0.81)], "a")
    assert pytest.approx(0.85 - 0.05 / 2) == mean.low
    assert pytest.approx(0.85 + 0.01 * 2**0.5 / 2) == mean.high


def test_seeds_that_agree_leave_the_interval_of_the_images_as_it_is():
    rows = [measured("x", 0.9, 0.8, 0.93, seed) for seed in range(5)]
    assert (pytest.approx(0.8), pytest.approx(0.93)) == (mean_of(rows, "a").low, mean_of(rows, "a").high)


def test_seeds_that_differ_widen_the_interval_by_student_s():
    rows = [measured("x", value, None, None, seed) for seed, value in enumerate((0.8, 0.82, 0.84))]
    reach = 4.302653 * 0.02 / 3**0.5  # of 2 degrees of freedom
    mean = mean_of(rows, "a")
    assert (pytest.approx(0.82 - reach), pytest.approx(0.82 + reach)) == (mean.low, mean.high)


def test_an_interval_stays_within_0_and_1():
    wide = [measured("x", value, 0.1, 1.0, seed) for seed, value in enumerate((0.1, 0.9))]
    assert (0.0, 1.0) == (mean_of(wide, "a").low, mean_of(wide, "a").high)


def test_a_perfect_category_adds_nothing_and_is_named():
    rows = [measured("x", 0.9, 0.8, 0.94), measured("y", 1.0, None, None)]
    mean = mean_of(rows, "a")
    assert (pytest.approx(0.9), pytest.approx(0.97)) == (mean.low, mean.high)
    assert ("y",) == mean.unbounded


def test_perfection_everywhere_has_no_interval():
    mean = mean_of([measured("x", 1.0, None, None), measured("y", 1.0, None, None)], "a")
    assert (1.0, None, None) == (mean.value, mean.low, mean.high)


def test_the_interval_covers_the_true_mean_of_detectors_whose_seeds_differ():
    rng = np.random.default_rng(0)
    labels = np.repeat([False, True], 40)  # (N,)
    separation = np.array([1.2, 2.0, 2.6])  # of each category
    truth = np.mean([_binormal_auroc(each) for each in separation])
    covered, trials = 0, 150
    for _ in range(trials):
        seeds = rng.normal(0, 0.15, 3)  # of the separation, the same in all categories
        rows = []
        for category, distance in enumerate(separation):
            images = rng.normal(0, 1, len(labels))
            for seed, shift in enumerate(seeds):
                found = delong(images + labels * (distance + shift), labels)
                rows.append(
                    measured(str(category), found.auroc.value, found.interval.low, found.interval.high, seed)
                )
        mean = mean_of(rows, "a")
        covered += mean.low <= truth <= mean.high
    assert 0.93 <= covered / trials <= 1.0


def _binormal_auroc(distance):
    return NormalDist().cdf(distance / 2**0.5)


def test_the_time_of_a_fit_is_the_median_over_the_cells_that_are_averaged():
    rows = [
        row("a", "x", image_auroc=1.0, fit_seconds=seconds, seed=seed)
        for seed, seconds in enumerate((9, 1, 2))
    ]
    rows += [row("a", "y", fit_seconds=100, seed=seed) for seed in range(3)]
    assert 2 == macro_means(rows)[0].fit_seconds
    assert macro_means([row("a", "x", fit_seconds=1.0)])[0].fit_seconds is None

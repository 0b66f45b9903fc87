import pytest

from pyimgano_bench.results import macro_means
from pyimgano_bench.rows import METRICS, Row


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
    rows = [row("a", "x", image_auroc=1.0), row("b", "x")]
    assert {None} == {means.means["image_auroc"].value for means in macro_means(rows)}


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

from statistics import fmean

import pytest

from pyimgano_bench.references._published import _load, find_published
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import METRICS, Row

SHIPPED = _load()


def results(layout, *categories, defaults=None, overrides=None):
    dataset = {} if layout is None else {"name": layout}
    suite = {"defaults": defaults or {}, "datasets": [{"label": "mine", "dataset": dataset}]}
    rows = tuple(Row(dataset="mine", category=name, detector="a", seed=0, status="ok") for name in categories)
    settings = {"suite": suite, "overrides": overrides or {}}
    return BenchResults(timestamp_utc="", pyimgano_version="0", rows=rows, means=(), settings=settings)


def test_a_data_set_is_known_by_its_layout_whatever_its_label():
    (found,) = find_published(results("mvtec", "bottle", "cable"))
    assert "mine" == found.dataset
    assert {"mvtec"} == {each.dataset for each in found.references}
    assert {"visa"} == {each.dataset for each in find_published(results("visa", "candle"))[0].references}


@pytest.mark.parametrize("layout", ["manifest", "custom", "btad", "demo"])
def test_other_data_sets_have_none(layout):
    assert () == find_published(results(layout, "bottle"))


def test_own_images_in_the_layout_of_mvtec_have_none():
    assert () == find_published(results("mvtec", "my part"))


def test_defaults_and_overrides_name_the_layout_as_they_do_for_a_run():
    name = {"dataset": {"name": "mvtec"}}
    assert find_published(results(None, "bottle", defaults=name))
    assert find_published(results("custom", "bottle", overrides=name))
    assert not find_published(results("custom", "bottle", defaults=name))


def test_only_categories_that_were_run_are_shown():
    (found,) = find_published(results("mvtec", "bottle", "my part"))
    assert {"bottle"} == {name for each in found.references for v in each.categories.values() for name in v}


@pytest.mark.parametrize("reference", SHIPPED.references, ids=lambda each: f"{each.method} {each.source}")
def test_what_is_shipped_is_consistent(reference):
    assert set(reference.means) <= set(METRICS)
    assert all(10 < value <= 100 for value in reference.means.values())
    for metric, values in reference.categories.items():
        assert set(SHIPPED.datasets[reference.dataset]) == set(values)
        assert abs(fmean(values.values()) - reference.means[metric]) < 0.06  # rounded to one digit


def test_no_source_is_told_twice():
    keys = [(each.dataset, each.method, each.source) for each in SHIPPED.references]
    assert len(keys) == len(set(keys))

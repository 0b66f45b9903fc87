import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.metrics import (
    ScoredImage,
    SketchOptions,
    _bootstrap,
    bootstrap,
    bootstrap_difference,
    bootstrap_differences,
    sketch_metrics,
)

from .sketching import make_sketch

SIDE = 8


def sketch_of(scores, labels, groups=None):
    """Images without maps."""
    groups = groups or [None] * len(labels)
    rows = enumerate(zip(scores, labels, groups, strict=True))
    return make_sketch(
        [ScoredImage(name=str(i), score=s, anomalous=bool(a), group=g) for i, (s, a, g) in rows]
    )


def with_maps(seed, count=20, shift=1.0):
    rng = np.random.default_rng(seed)
    data = []
    for index in range(count):
        mask = np.zeros((SIDE, SIDE), bool)
        mask[2:5, 2:4] = index % 2
        scores = rng.normal(size=(SIDE, SIDE)) + shift * mask
        image = ScoredImage(
            name=str(index), score=scores.max(), anomalous=bool(index % 2), scores=scores, mask=mask
        )
        data.append(image)
    return data


def full_sketch(data, pixel_threshold=1.0, saturation=0.5):
    return make_sketch(data, pixel_threshold=pixel_threshold, saturation=saturation)


def draws(sketch, replicates=200):
    return np.concatenate(list(_bootstrap._draws(sketch, 0, replicates)))


def test_a_constant_statistic_has_an_interval_of_no_width():
    actual = bootstrap(sketch_of([0, 1, 2, 3], [0, 0, 1, 1]), seed=0, replicates=50)["auroc"]
    assert (1.0, 1.0, 1.0) == (actual.metric.value, actual.interval.low, actual.interval.high)


def test_a_replicate_has_the_metrics_of_its_images_repeated():
    data = with_maps(0, count=6)
    sketch = full_sketch(data)
    samples = _bootstrap._replicate((sketch,), 0, 3, SketchOptions())[0]
    (counts,) = _bootstrap._draws(sketch, 0, 3)
    for at, count in enumerate(counts.astype(int)):
        repeated = [
            evolve(i, name=f"{i.name}/{k}") for i, n in zip(data, count, strict=True) for k in range(n)
        ]
        expected = {name: value.value for name, value in sketch_metrics(full_sketch(repeated)).items()}
        assert expected == pytest.approx({name: values[at] for name, values in samples.items()}, abs=1e-12)


def test_each_replicate_has_as_many_anomalies_as_the_data():
    sketch = sketch_of(range(10), [0, 1, 1, 0, 0, 0, 1, 0, 0, 0])
    assert {3.0} == set(draws(sketch)[:, sketch.anomalous].sum(axis=1))
    assert {7.0} == set(draws(sketch)[:, ~sketch.anomalous].sum(axis=1))


def test_groups_are_drawn_whole():
    sketch = sketch_of(range(6), [0, 0, 0, 1, 1, 1], ["a", "b", "a", "c", "c", "d"])
    counts = draws(sketch)
    assert np.array_equal(counts[:, 0], counts[:, 2])
    assert np.array_equal(counts[:, 3], counts[:, 4])
    assert not np.array_equal(counts[:, 0], counts[:, 1])


def test_an_image_without_a_group_is_in_no_group_of_its_name():
    counts = draws(sketch_of(range(6), [0, 0, 0, 1, 1, 1], [None, "0", "0", None, None, None]))
    assert np.array_equal(counts[:, 1], counts[:, 2])
    assert not np.array_equal(counts[:, 0], counts[:, 1])


def test_a_sketch_can_be_grouped_anew_and_an_empty_word_is_no_group():
    scores, labels = range(6), [0, 0, 0, 1, 1, 1]
    grouped = sketch_of(scores, labels, ["a", "a", None, "b", "b", None])
    regrouped = evolve(sketch_of(scores, labels), groups=grouped.groups)
    assert ["a", "a", "", "b", "b", ""] == grouped.groups.tolist()
    assert np.array_equal(draws(grouped), draws(regrouped))
    assert not np.array_equal(draws(sketch_of(scores, labels)), draws(regrouped))


def test_groups_of_copies_give_wider_intervals_than_if_they_were_independent():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 15)
    scores, names = rng.normal(size=30) + labels, [str(index) for index in range(30)]
    copies = [np.tile(row, 8).tolist() for row in (scores, labels, names)]
    alone, grouped, apart = (
        bootstrap(sketch, seed=1)["auroc"].interval
        for sketch in (sketch_of(scores, labels), sketch_of(*copies), sketch_of(*copies[:2]))
    )
    assert (alone.low, alone.high) == pytest.approx((grouped.low, grouped.high), abs=0.02)
    assert apart.high - apart.low < 0.6 * (grouped.high - grouped.low)


def test_every_metric_has_an_interval_around_it():
    actual = bootstrap(full_sketch(with_maps(0, count=40)), seed=0, replicates=200)
    assert 15 == len(actual)
    for estimate in actual.values():
        assert estimate.interval.low <= estimate.metric.value <= estimate.interval.high


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    sketch = make_sketch(with_maps(0))
    first, again, other = (bootstrap(sketch, seed=seed, replicates=60) for seed in (5, 5, 6))
    assert first == again
    assert first["aupro"].interval != other["aupro"].interval


def test_the_order_of_the_images_does_not_change_an_interval():
    data = with_maps(0)
    first, second = (bootstrap(full_sketch(order), seed=0, replicates=60) for order in (data, data[::-1]))
    assert first == second


def test_limits_change_their_own_metrics_and_no_others():
    sketch = full_sketch(with_maps(0))
    options = SketchOptions(aupro_limit=0.1, aupimo_limits=(0.01, 0.5), false_alarm_limit=0.3, miss_limit=0.3)
    usual, other = (bootstrap(sketch, seed=0, replicates=60, options=o) for o in (SketchOptions(), options))
    changed = {name for name in usual if usual[name] != other[name]}
    assert {"aupro", "au_spro", "aupimo", "tpr_at_fpr", "normals_passed"} == changed


def test_pixel_intervals_cover_the_value_of_much_data_about_as_often_as_they_say():
    truth = sketch_metrics(make_sketch(with_maps(99, count=2000)))["pixel_auroc"].value
    found = [
        bootstrap(make_sketch(with_maps(seed, count=40)), seed=seed, replicates=200)["pixel_auroc"].interval
        for seed in range(60)
    ]
    assert 0.85 <= np.mean([interval.low <= truth <= interval.high for interval in found]) <= 1.0


@pytest.mark.parametrize(
    ("labels", "reason"),
    [([0, 0, 0], "no_positives"), ([1, 1], "no_negatives"), ([0, 0, 1], "too_few_units")],
)
def test_degenerate_data_give_no_interval_and_a_reason(labels, reason):
    sketch = sketch_of(range(len(labels)), labels)
    actual = bootstrap(sketch, seed=0, replicates=10)["auroc"].interval
    assert (None, None, reason) == (actual.low, actual.high, actual.reason)
    compared = bootstrap_difference(sketch, sketch, seed=0, replicates=10)["auroc"]
    assert (None, reason) == (compared.p_value, compared.interval.reason)


def test_no_images_give_reasons():
    assert "no_positives" == bootstrap(sketch_of([], []), seed=0)["auroc"].interval.reason


def test_metrics_that_few_replicates_define_have_no_interval():
    data = [evolve(i, mask=i.mask & (i.name == "1")) for i in with_maps(0)]
    actual = bootstrap(make_sketch(data), seed=0, replicates=200)["pixel_auroc"]
    assert "undefined_replicates" == actual.interval.reason
    assert actual.metric.value is not None


def test_a_sketch_does_not_differ_from_itself():
    sketch = make_sketch(with_maps(0))
    actual = bootstrap_difference(sketch, sketch, seed=0, replicates=50)["aupro"]
    assert (0.0, 0.0, 0.0, 1.0) == (
        actual.difference,
        actual.interval.low,
        actual.interval.high,
        actual.p_value,
    )


def test_a_much_better_detector_is_found_better_and_the_other_worse():
    good, bad = (make_sketch(with_maps(1, shift=shift)) for shift in (3.0, 0.5))
    better = bootstrap_difference(good, bad, seed=0, replicates=100)["aupro"]
    worse = bootstrap_difference(bad, good, seed=0, replicates=100)["aupro"]
    assert better.interval.low > 0
    assert worse.interval.high < 0
    assert 2 / 101 == better.p_value == worse.p_value


def test_each_sketch_is_compared_at_its_own_pixel_threshold():
    data = with_maps(0)
    low, high = (full_sketch(data, pixel_threshold) for pixel_threshold in (0.5, 2.0))
    actual = bootstrap_difference(low, high, seed=0, replicates=50)["pixel_pro"]
    expected = [sketch_metrics(sketch)["pixel_pro"].value for sketch in (low, high)]
    assert expected[0] - expected[1] == actual.difference
    assert actual.interval.low > 0


def test_metrics_that_one_sketch_has_not_are_not_compared():
    data = with_maps(0)
    plain, thresholded = (full_sketch(data, pixel_threshold) for pixel_threshold in (None, 1.0))
    for pair in ((plain, thresholded), (thresholded, plain)):
        actual = bootstrap_difference(*pair, seed=0, replicates=10)
        assert "au_spro" in actual
        assert "pixel_iou" not in actual


def test_only_the_same_images_and_saturations_can_be_compared():
    data = with_maps(0)
    with pytest.raises(ValueError, match="'names' differ"):
        bootstrap_difference(make_sketch(data), make_sketch(data[1:]), seed=0)
    sketch = make_sketch(data)
    with pytest.raises(ValueError, match="'anomalous' differ"):
        bootstrap_difference(sketch, evolve(sketch, anomalous=~sketch.anomalous), seed=0)
    with pytest.raises(ValueError, match="'saturation' differ"):
        bootstrap_difference(full_sketch(data), full_sketch(data, saturation=0.2), seed=0)


@pytest.mark.parametrize("wrong", [{"replicates": 0}, {"level": 1.0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"replicate|level"):
        bootstrap(sketch_of([0, 1], [0, 1]), seed=0, **wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aupro_limit", 0.0),
        ("aupro_limit", 1.1),
        ("false_alarm_limit", -0.1),
        ("miss_limit", 1.0),
    ],
)
def test_limits_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        SketchOptions(**{name: value})


@pytest.mark.parametrize("limits", [(1e-4, 1e-5), (0.0, 1e-4)])
def test_limits_of_aupimo_that_do_not_rise_within_0_and_1_are_refused(limits):
    with pytest.raises(ValueError, match="limits of AUPIMO"):
        SketchOptions(aupimo_limits=limits)


def test_the_differences_of_several_sketches_are_those_of_each_two():
    sketches = [make_sketch(with_maps(1, shift=shift)) for shift in (3.0, 1.5, 0.5)]
    together = bootstrap_differences(sketches, seed=4, replicates=60)
    assert [(0, 1), (0, 2), (1, 2)] == list(together)
    for (one, other), found in together.items():
        assert bootstrap_difference(sketches[one], sketches[other], seed=4, replicates=60) == found

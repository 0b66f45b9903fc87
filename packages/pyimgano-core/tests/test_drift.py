"""Drift is counted exactly, in any number of images, against slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.drift import MOST_VALUES, ImageStatistics, ReferenceSample
from pyimgano_core.drift import Counts, DriftWatch, in_words, ks_p_value, quantities_of, reference_sample

VALUES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=30)


def counted(reference, values):
    counts = Counts(reference_sample(reference))
    for value in values:
        counts.add(value)
    return counts.compare("a", "score")


@given(VALUES, VALUES)
def test_the_distance_is_that_of_the_distribution_functions(reference, values):
    levels = sorted({*reference, *values})
    one, other = np.array(reference), np.array(values)
    expected = max(abs((one <= level).mean() - (other <= level).mean()) for level in levels)
    assert expected == pytest.approx(counted(reference, values).statistic)


@given(VALUES, VALUES)
def test_the_effect_counts_all_pairs(reference, values):
    pairs = [np.sign(value - known) for value in values for known in reference]
    assert np.mean(pairs) == pytest.approx(counted(reference, values).effect, abs=1e-12)


def test_the_p_value_rejects_as_often_as_it_says():
    rng = np.random.default_rng(0)
    below = 0
    for _ in range(1000):
        found = counted(rng.normal(size=60), rng.normal(size=200))
        below += found.p_value < 0.05
    assert 25 <= below <= 65  # 5 %, the approximation being a little on the safe side


@pytest.mark.parametrize(("statistic", "n", "m", "expected"), [(0.0, 5, 5, 1.0), (1.0, 50, 50, 0.0)])
def test_the_p_value_at_its_ends(statistic, n, m, expected):
    assert expected == pytest.approx(ks_p_value(statistic, n, m), abs=1e-12)


def test_a_p_value_of_the_literature():
    # 1.36 / sqrt(n m / (n + m)) is the critical distance at 5 % for large samples
    n = m = 20_000
    assert 0.0495 == pytest.approx(ks_p_value(1.358 / (n / 2) ** 0.5, n, m), abs=1e-3)


def test_of_many_values_the_evenly_spaced_ranks_are_kept():
    values = np.random.default_rng(1).normal(size=4321)
    kept = reference_sample(values)
    assert (4321, MOST_VALUES) == (kept.count, len(kept.values))
    assert (values.min(), values.max()) == (kept.values[0], kept.values[-1])
    assert list(kept.values) == sorted(kept.values)


def test_without_images_there_is_no_reference():
    assert reference_sample([]) is None


def test_few_images_never_drift():
    assert not counted(np.zeros(100), [5.0, 5.0]).drifted


def test_a_small_shift_of_many_images_is_no_drift():
    rng = np.random.default_rng(2)
    found = counted(rng.normal(size=500), rng.normal(0.1, size=5000))
    assert not found.drifted


@pytest.mark.parametrize(
    ("values", "word"),
    [(np.full(50, 9.0), "higher"), (np.full(50, -9.0), "lower"), (np.r_[:25, -25:0], "spread")],
)
def test_drift_is_told_in_words_with_its_direction(values, word):
    watch = DriftWatch("bolt", {"brightness": reference_sample(np.random.default_rng(3).normal(size=90))})
    for value in values:
        watch.add({"brightness": float(value), "unknown": 1.0})
    (sentence,) = in_words(tuple(watch.compare()))
    assert "category 'bolt': brightness is" in sentence
    assert word in sentence


def test_a_quantity_that_was_never_seen_is_left_out():
    watch = DriftWatch("bolt", {"score": ReferenceSample(count=1, values=(1.0,))})
    watch.add({"brightness": 3.0})
    assert () == tuple(watch.compare())


def test_what_is_compared_of_an_image_is_what_is_known_of_it():
    statistics = ImageStatistics(brightness=100.0, sharpness=3.5)
    expected = {"score": 0.5, "brightness": 100.0, "sharpness": 3.5, "height": 20.0, "width": 30.0}
    assert expected == quantities_of(0.5, statistics, (20, 30))
    assert {"score": 0.5} == quantities_of(0.5, None, None)

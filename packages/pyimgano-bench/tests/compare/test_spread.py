import numpy as np
import pytest

from pyimgano_bench.compare._measure import make_effect
from pyimgano_bench.compare._spread import NoSpreadError, Spread
from pyimgano_core.metrics import SketchOptions, compare_delong

ANOMALOUS = np.arange(80) >= 40


def spread_of(ours, theirs):
    return Spread(ours=ours, theirs=theirs, options=SketchOptions())


def placements(scores):
    """Each image's share of rightly ordered pairs by counting them, positives first."""
    wins = (scores[40:, None] > scores[None, :40]) + 0.5 * (scores[40:, None] == scores[None, :40])
    return wins.mean(axis=1), wins.mean(axis=0)


def covariance(first, second):
    """DeLong's covariance of two AUROCs."""
    pairs = zip(placements(first), placements(second), strict=True)
    return sum(np.cov(one, other)[0, 1] / len(one) for one, other in pairs)


def test_it_is_the_covariance_of_fits_within_the_sides_less_that_between(make_sketch):
    """Obuchowski and Rockette's covariances, by brute force."""
    random = np.random.default_rng(1)
    base = random.normal(size=80) + ANOMALOUS
    sides = [[base + 0.7 * random.normal(size=80) for _ in range(count)] for count in (3, 2)]
    ours, theirs = sides
    within = [
        np.mean([covariance(a, b) for i, a in enumerate(side) for j, b in enumerate(side) if i != j])
        for side in sides
    ]
    between = np.mean([covariance(a, b) for a in ours for b in theirs])
    spread = spread_of(*([make_sketch(scores) for scores in side] for side in sides))
    assert spread.over_images("auroc") == pytest.approx(sum(within) - 2 * between)


def test_fits_that_all_agree_have_the_variance_of_two_of_them(make_sketch):
    random = np.random.default_rng(2)
    first, second = (random.normal(size=80) + ANOMALOUS for _ in range(2))
    spread = spread_of([make_sketch(first)] * 2, [make_sketch(second)] * 3)
    found = compare_delong(first, second, ANOMALOUS)
    error = (found.interval.high - found.interval.low) / 2 / 1.959964
    assert spread.over_images("auroc") == pytest.approx(error**2, rel=1e-5)


def test_groups_of_one_image_are_near_the_images_alone(make_sketch):
    random = np.random.default_rng(3)
    sides = [[random.normal(size=80) + ANOMALOUS for _ in range(2)] for _ in range(2)]
    alone = spread_of(*([make_sketch(scores) for scores in side] for side in sides))
    groups = [str(index) for index in range(80)]
    grouped = spread_of(*([make_sketch(scores, groups=groups) for scores in side] for side in sides))
    assert grouped.over_images("auroc") == pytest.approx(alone.over_images("auroc"), abs=0.001)


def test_fits_with_images_of_their_own_are_compared_one_by_one(make_sketch):
    random = np.random.default_rng(4)
    sides = [[random.normal(size=80) + ANOMALOUS for _ in range(2)] for _ in range(2)]
    own = [[make_sketch(scores, prefix=str(seed)) for seed, scores in enumerate(side)] for side in sides]
    apart = [spread_of(*([make_sketch(side[seed])] * 2 for side in sides)) for seed in range(2)]
    expected = np.mean([each.over_images("auroc") for each in apart])
    assert spread_of(*own).over_images("auroc") == pytest.approx(expected)


def test_a_difference_on_which_all_images_agree_is_as_sure_as_there_are_images(make_sketch):
    """A perfect detector against one that scores everything alike: .5 of AUROC, in every image."""
    perfect, constant = make_sketch(ANOMALOUS * 1.0), make_sketch(np.zeros(80))
    spread = spread_of([constant] * 2, [perfect] * 2)
    variance = spread.over_images("auroc")
    effect = make_effect((0.5, 0.5), (1.0, 1.0), variance, spread)
    assert (0.0, 0.5 / 40**0.5) == (variance, effect.error)


def test_one_anomalous_image_leaves_nothing_to_say(make_sketch):
    sketches = [make_sketch(np.random.default_rng(seed).normal(size=10), normals=9) for seed in range(4)]
    with pytest.raises(NoSpreadError, match="there are too few images"):
        spread_of(sketches[:2], sketches[2:]).over_images("auroc")

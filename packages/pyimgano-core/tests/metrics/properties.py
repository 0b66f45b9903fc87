"""What must hold of an implementation of metrics, each as a check that raises where it does not.

An implementation takes shards, each a list of images as in `oracles`, and returns a `MetricValue` per name of
`oracles.expected`. A shard is what is seen in one go: a batch, an update or a worker's part.
"""

import math

import numpy as np
import pytest

from pyimgano_core.metrics import NonFiniteScoresError

from .oracles import CASES, LIMIT, expected, flatten

_VAST = 2048  # its square is a quarter of what a float32 can count


def equals_the_definition_on_ties(implementation):
    _equals_the_definition(implementation, "ties")


def equals_the_definition_on_close_scores(implementation):
    _equals_the_definition(implementation, "close")


def equals_the_definition_on_skewed_scores(implementation):
    _equals_the_definition(implementation, "skewed")


def equals_the_definition_on_float64_scores(implementation):
    _equals_the_definition(implementation, "float64")


def equals_the_definition_on_bytes(implementation):
    _equals_the_definition(implementation, "bytes")


def is_invariant_under_increasing_transforms(implementation):
    images = CASES["ties"]
    base = _values(implementation, [images])
    for move in (lambda s: 200 * s - 7, np.exp, lambda s: 1e-20 * s**3, lambda s: s / 1000 + 0.5):
        moved = [(move(scores.astype(np.float64)), mask) for scores, mask in images]
        assert base == pytest.approx(_values(implementation, [moved]), abs=1e-12)


def is_invariant_under_order(implementation):
    for case in ("ties", "close"):
        images = CASES[case]
        base = implementation([images])
        for order in ([5, 4, 3, 2, 1, 0], [3, 1, 4, 0, 5, 2]):
            assert base == implementation([[images[index] for index in order]])


def is_invariant_under_sharding(implementation):
    for case in ("ties", "skewed"):
        images = CASES[case]
        base = implementation([images])
        for cuts in ([1, 2, 3, 4, 5], [2], [4]):
            starts, ends = [0, *cuts], [*cuts, len(images)]
            assert base == implementation([images[a:b] for a, b in zip(starts, ends, strict=True)])


def is_invariant_under_mirroring(implementation):
    images = CASES["ties"]
    mirrored = [(scores[::-1, ::-1], mask[::-1, ::-1]) for scores, mask in images]
    assert _values(implementation, [images]) == pytest.approx(_values(implementation, [mirrored]), abs=1e-12)


def is_one_on_perfect_maps(implementation):
    values = _values(implementation, [[(mask.astype(np.float32), mask) for _, mask in CASES["ties"]]])
    assert dict.fromkeys(values, 1.0) == pytest.approx(values, abs=1e-15)


def knows_constant_scores(implementation):
    images = [(np.full(mask.shape, 0.25), mask) for _, mask in CASES["ties"]]
    prevalence = flatten(images)[1].mean()
    known = {
        "auroc": 0.5,
        "average_precision": prevalence,
        "f1_max": 2 * prevalence / (1 + prevalence),
        "aupro": LIMIT / 2,
        "au_spro": LIMIT / 2,
    }
    for name, metric in implementation([images]).items():
        assert known[name] == pytest.approx(metric.value, abs=1e-12)
        assert ("constant_scores",) == metric.flags


def has_no_value_without_positives(implementation):
    images = [(scores, np.zeros_like(mask)) for scores, mask in CASES["ties"]]
    _has_no_value(implementation, images, {"no_positives", "no_positive_pixels"})


def has_no_value_without_negatives(implementation):
    images = [(scores, np.ones_like(mask)) for scores, mask in CASES["ties"]]
    _has_no_value(implementation, images, {"no_negatives", "no_negative_pixels", "no_normal_images"})


def refuses_nan(implementation):
    _refuses(implementation, math.nan)


def refuses_infinity(implementation):
    _refuses(implementation, math.inf)
    _refuses(implementation, -math.inf)


def takes_minus_zero_for_zero(implementation):
    random = np.random.default_rng(3)
    plus = [(np.abs(scores.astype(np.int8)).astype(np.float32), mask) for scores, mask in CASES["ties"]]
    signed = [np.where(random.random(scores.shape) < 0.5, -scores, scores) for scores, _ in plus]
    minus = [
        (np.where(scores == 0, other, scores), mask)
        for (scores, mask), other in zip(plus, signed, strict=True)
    ]
    assert implementation([plus]) == implementation([minus])


def names_the_largest_best_threshold(implementation):
    """Two thresholds share the largest F1."""
    scores, labels = [4, 4, 3, 3, 3, 3, 2, 2, 1], [1, 1, 0, 0, 0, 0, 1, 1, 0]
    images = [(np.array([scores], np.float32), np.array([labels], bool))]
    metric = implementation([images])["f1_max"]
    assert (2 / 3, 4.0) == (pytest.approx(metric.value), metric.threshold)


def counts_beyond_float32(implementation):
    """Five of six equal shards of negatives lie above the lower half of the positives."""
    shape = (_VAST, _VAST)
    vast = [[(np.full(shape, float(level > 0), np.float32), np.zeros(shape, bool))] for level in range(6)]
    defects = [(np.array([[0.5, 2.0]], np.float32), np.ones((1, 2), bool))]
    above = 5 / 6
    known = {
        "auroc": 1 - above / 2,
        "average_precision": (1 + 2 / (2 + 5 * _VAST**2)) / 2,
        "f1_max": 2 / 3,
        "aupro": 0.5,
    }
    values = _values(implementation, [*vast, defects])
    assert {name: known[name] for name in values} == pytest.approx(values, abs=1e-12)


def _equals_the_definition(implementation, case):
    values = _values(implementation, [CASES[case]])
    assert values
    assert {name: expected(case)[name] for name in values} == pytest.approx(values, abs=1e-9)


def _has_no_value(implementation, images, reasons):
    for metric in implementation([images]).values():
        assert metric.value is None
        assert metric.reason in reasons


def _refuses(implementation, bad):
    images = [(scores.copy(), mask) for scores, mask in CASES["ties"]]
    images[0][0][0, 0] = images[0][0][2, 3] = bad  # of a negative and a positive
    with pytest.raises(NonFiniteScoresError) as caught:
        implementation([images])
    assert caught.value.count == 2


def _values(implementation, shards):
    try:
        return {name: metric.value for name, metric in implementation(shards).items()}
    except ValueError as error:
        raise AssertionError(f"no value: {error}") from error

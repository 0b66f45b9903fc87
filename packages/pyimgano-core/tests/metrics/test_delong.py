import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pyimgano_core.metrics import NonFiniteScoresError, compare_delong, delong

rows = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n) for _ in range(2)])
)


def kernel(positives, negatives):
    """(P, N): 1 where the positive is above, a half where they tie."""
    above = positives[:, None] > negatives[None]
    return above + (positives[:, None] == negatives[None]) / 2


def slow_covariance(kernels):
    """The covariance of AUROCs from all pairs, as DeLong, DeLong and Clarke-Pearson write it."""
    by_positive = np.cov([each.mean(axis=1) for each in kernels])
    by_negative = np.cov([each.mean(axis=0) for each in kernels])
    n_positives, n_negatives = kernels[0].shape
    return by_positive / n_positives + by_negative / n_negatives


@given(rows, rows)
def test_variances_equal_those_from_all_pairs(positives, negatives):
    kernels = [kernel(np.array(p), np.array(n)) for p, n in zip(positives, negatives, strict=True)]
    covariance = slow_covariance(kernels)
    labels = [1] * len(positives[0]) + [0] * len(negatives[0])
    first, second = ([*p, *n] for p, n in zip(positives, negatives, strict=True))
    assert covariance[0, 0] == pytest.approx(delong(first, labels).variance, abs=1e-12)
    actual = compare_delong(first, second, labels)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert roc_auc_score(labels, first) - roc_auc_score(labels, second) == pytest.approx(actual.difference)
    if actual.interval.reason is None and abs(actual.difference) + 2 * np.sqrt(variance) < 1:
        width = actual.interval.high - actual.interval.low
        assert 2 * 1.959963984540054 * np.sqrt(variance) == pytest.approx(width, abs=1e-9)


def test_the_interval_covers_the_true_value_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    labels, truth = np.repeat([0, 1], 40), 0.7602499389065233  # of two unit normals one apart
    intervals = [delong(rng.normal(size=80) + labels, labels).interval for _ in range(400)]
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.92 <= covered <= 0.98


def test_a_paired_test_of_equally_good_scores_rejects_about_as_rarely_as_it_says():
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1], 30)
    shared = rng.normal(size=(400, 60)) + labels
    noise = rng.normal(size=(2, 400, 60))
    values = [compare_delong(s + a, s + b, labels).p_value for s, a, b in zip(shared, *noise, strict=True)]
    assert 0.02 <= np.mean(np.array(values) < 0.05) <= 0.09


def test_a_perfect_auroc_has_no_interval_and_says_why():
    actual = delong([0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1])
    assert (1.0, 0.0, "zero_variance") == (actual.auroc.value, actual.variance, actual.interval.reason)


def test_equal_scores_differ_by_nothing_and_have_no_interval():
    actual = compare_delong([0, 2, 1, 3], [0, 2, 1, 3], [0, 0, 1, 1])
    assert (0.0, None, "zero_variance") == (actual.difference, actual.p_value, actual.interval.reason)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [([0, 0, 0], "no_positives"), ([1, 1, 1], "no_negatives"), ([0, 0, 1], "too_few_images")],
)
def test_too_few_of_a_label_give_no_interval_and_a_reason(labels, reason):
    assert reason == delong([1, 2, 3], labels).interval.reason
    assert reason == compare_delong([1, 2, 3], [3, 1, 2], labels).interval.reason


def test_a_score_that_is_not_finite_is_an_error_that_names_its_image():
    names, labels, good, bad = ["a.png", "b.png"], [0, 1], [1.0, 2.0], [0.5, np.nan]
    for call in (
        lambda **known: delong(bad, labels, **known),
        lambda **known: compare_delong(bad, good, labels, **known),
        lambda **known: compare_delong(good, bad, labels, **known),
    ):
        with pytest.raises(NonFiniteScoresError, match=r"'b\.png'"):
            call(names=names)
        with pytest.raises(NonFiniteScoresError, match="'image 1'"):
            call()
        with pytest.raises(ValueError, match="names"):
            call(names=names[:1])


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2], [[0, 1, 1]]])
def test_labels_that_are_no_row_of_zeros_and_ones_as_long_as_the_scores_are_refused(labels):
    with pytest.raises(ValueError, match="label"):
        delong([1, 2, 3], labels)
    with pytest.raises(ValueError, match="label"):
        compare_delong([1, 2, 3], [3, 2, 1], labels)

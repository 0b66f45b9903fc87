import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

VAL = CalibrationOrigin(source="val")

varied = st.lists(st.integers(-1000, 1000), min_size=2, max_size=40).filter(lambda v: len(set(v)) > 1)


def threshold_of(scores, method, k=3.0):
    return calibrate(np.array(scores, np.float64), CalibrationRule(method=method, k=k), VAL)


@given(varied, st.integers(1, 5))
def test_gaussian_is_the_mean_plus_k_sample_deviations(scores, k):
    threshold = threshold_of(scores, "gaussian", k)
    mean, std = statistics.mean(scores), statistics.stdev(scores)
    assert pytest.approx(mean + k * std) == threshold.value
    assert pytest.approx({"k": k, "mean": mean, "std": std}) == threshold.provenance.parameters


@given(varied, st.integers(1, 5))
def test_mad_is_the_median_plus_k_scaled_deviations_from_it(scores, k):
    threshold = threshold_of(scores, "mad", k)
    median = statistics.median(scores)
    mad = statistics.median(abs(score - median) for score in scores)
    if mad:
        assert pytest.approx(median + k * 1.4826 * mad) == threshold.value
        assert {"k": k, "median": median, "mad": mad} == threshold.provenance.parameters
    else:
        assert "no_spread" == threshold.provenance.fallbacks[0].reason


def test_mad_withstands_outliers_and_gaussian_does_not():
    scores = [*np.linspace(0, 1, 60), *[1000.0] * 20]
    assert threshold_of(scores, "mad").value < 5
    assert threshold_of(scores, "gaussian").value > 1000


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_on_gaussian_scores_three_deviations_pass_all_but_one_in_740(method):
    scores = np.random.default_rng(3).normal(10, 2, 20_000)
    assert pytest.approx(16, abs=0.15) == threshold_of(scores, method).value


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_a_spread_has_neither_a_rank_nor_a_certain_level(method):
    provenance = threshold_of([1, 2, 4, 8], method).provenance
    certificate = provenance.certificate
    assert (method, None, None) == (provenance.method, provenance.rank, provenance.interpolation)
    assert (None, None, "method_assumes_a_distribution") == (
        certificate.target,
        certificate.level,
        certificate.reason,
    )


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_scores_without_spread_fall_back_to_the_quantile(method):
    threshold = threshold_of([0.1] * 300, method)
    provenance = threshold.provenance
    assert ("quantile", method, ["no_spread"]) == (
        provenance.method,
        provenance.requested,
        [step.reason for step in provenance.fallbacks],
    )
    assert (0, float(np.nextafter(0.1, 1))) == (provenance.calibration_false_positives, threshold.value)


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_a_single_score_has_no_spread(method):
    [step] = threshold_of([1.0], method).provenance.fallbacks
    assert ("too_few_normals", 2, 1) == (step.reason, step.needed, step.available)

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.thresholds import CalibrationOrigin, calibrate
from pyimgano_core.thresholds._pareto import Pareto, fit_p_value, fit_pareto

VAL = CalibrationOrigin(source="val")

SHAPES = (-0.4, -0.1, 0.0, 0.2, 0.5)


def draw(shape, count, seed=0, scale=2.0):
    exponential = np.sort(np.random.default_rng(seed).standard_exponential(count))
    return Pareto(gamma=shape, sigma=scale).from_exponential(exponential)


def threshold_of(scores, **parameters):
    return calibrate(scores, CalibrationRule(method="evt", **parameters), VAL)


def log_likelihood(values, gamma, sigma):
    """The sum of the log density, -inf where a value lies outside of the support."""
    stretched = 1 + gamma * values / sigma
    if stretched.min() <= 0:
        return -np.inf
    return -len(values) * np.log(sigma) - (1 + 1 / gamma) * np.log(stretched).sum()


@given(st.integers(-1000, 1000).map(lambda n: n / 1000), st.floats(0.01, 100), st.floats(1e-6, 1))
def test_the_value_that_a_share_exceeds_is_exceeded_by_that_share(gamma, sigma, share):
    pareto = Pareto(gamma=gamma, sigma=sigma)
    value = pareto.exceeded_by(share)
    assert pytest.approx(np.log(share), rel=1e-6, abs=1e-9) == float(pareto.log_exceedance(np.array(value)))


@given(st.floats(0.01, 1))
def test_the_exponential_is_the_limit_of_shapes_near_zero(share):
    exact = Pareto(gamma=0.0, sigma=2.0).exceeded_by(share)
    assert pytest.approx(exact, rel=1e-6) == Pareto(gamma=1e-9, sigma=2.0).exceeded_by(share)
    assert pytest.approx(-2 * np.log(share)) == exact


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fit_recovers_the_distribution_that_was_drawn_from(shape):
    fitted = [fit_pareto(draw(shape, 400, seed)) for seed in range(40)]
    assert pytest.approx(shape, abs=0.04) == np.mean([fit.gamma for fit in fitted])
    assert pytest.approx(2.0, abs=0.1) == np.mean([fit.sigma for fit in fitted])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fit_is_nearly_as_likely_as_the_best_of_a_fine_grid(shape):
    values = draw(shape, 100)
    fitted = fit_pareto(values)
    grid = [(g, s) for g in np.linspace(-1, 1.5, 100) for s in np.linspace(0.5, 5, 100)]
    best = max(log_likelihood(values, *parameters) for parameters in grid)
    assert best - 0.5 < log_likelihood(values, fitted.gamma, fitted.sigma)


@given(
    st.lists(st.integers(1, 10_000), min_size=50, max_size=80).filter(lambda v: len(set(v)) > 1),
    st.integers(-8, 8),
)
def test_a_fit_holds_all_values_and_scales_with_them(values, exponent):
    values = np.sort(np.array(values, np.float64))
    fitted, scaled = fit_pareto(values), fit_pareto(values * 2.0**exponent)
    assert fitted.sigma > 0
    assert np.isfinite(fitted.log_exceedance(values)).all()
    assert pytest.approx(fitted.gamma, abs=1e-9) == scaled.gamma
    assert pytest.approx(fitted.sigma * 2.0**exponent) == scaled.sigma


def fit_by_the_paper(values):
    """Zhang and Stephens 2009, equations 7 to 9, term by term, with k = -gamma."""
    count = len(values)
    size = 30 + math.floor(math.sqrt(count))
    quartile = values[math.floor(count / 4 + 0.5) - 1]
    thetas = [1 / values[-1] + (1 - math.sqrt(size / (j - 0.5))) / (3 * quartile) for j in range(1, size + 1)]

    def k_of(theta):
        return -sum(math.log(1 - theta * value) for value in values) / count

    likelihoods = [count * (math.log(theta / k_of(theta)) + k_of(theta) - 1) for theta in thetas]
    theta = sum(
        theta / sum(math.exp(other - own) for other in likelihoods)
        for theta, own in zip(thetas, likelihoods, strict=True)
    )
    return -k_of(theta), k_of(theta) / theta


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fit_equals_the_papers_sums(shape):
    values = draw(shape, 75)
    fitted = fit_pareto(values)
    assert pytest.approx(fit_by_the_paper(values), rel=1e-9) == (fitted.gamma, fitted.sigma)


def test_a_point_of_the_grid_at_zero_is_left_out():
    values = np.array([1.0] * 24 + [2.0] * 76)  # a quartile that is the largest, and 40 points
    with np.errstate(all="raise"):
        fitted = fit_pareto(values)
    assert math.isfinite(fitted.gamma)
    assert fitted.sigma > 0


def test_p_values_are_uniform_where_the_distribution_is_right():
    p_values = np.array([fit_p_value(v, fit_pareto(v)) for v in (draw(0.1, 60, seed) for seed in range(100))])
    assert pytest.approx(0.5, abs=0.1) == p_values.mean()
    assert np.mean(p_values <= 0.1) < 0.2


def test_p_values_are_low_where_the_distribution_is_wrong():
    clumps = np.sort(np.concatenate([draw(0.0, 50), 100 + draw(0.0, 50, seed=1)]))
    assert pytest.approx(1 / 200) == fit_p_value(clumps, fit_pareto(clumps))


@pytest.mark.parametrize(
    ("name", "true"),
    [("exponential", -np.log(0.001)), ("uniform", 0.999), ("lomax", 0.001 ** (-1 / 3) - 1)],
)
def test_a_threshold_beyond_the_scores_recovers_the_true_quantile(name, true):
    """At 1 in 1,000 from 500 scores: half of the samples hold no such score at all."""
    random = np.random.default_rng(8)
    samples = {
        "exponential": random.standard_exponential((60, 500)),
        "uniform": random.random((60, 500)),
        "lomax": random.pareto(3.0, (60, 500)),
    }[name]
    values = [threshold_of(scores, alpha=0.001).value for scores in samples]
    assert pytest.approx(true, rel=0.12) == np.median(values)


def test_the_provenance_holds_the_tail_and_its_fit():
    scores = np.random.default_rng(2).standard_exponential(1000)
    threshold = threshold_of(scores, alpha=0.001)
    given_, ordered = threshold.provenance.parameters, np.sort(scores)
    assert (0.001, 0.1, ordered[899], 100) == (
        given_["alpha"],
        given_["tail_fraction"],
        given_["tail_threshold"],
        given_["exceedances"],
    )
    fitted = fit_pareto(ordered[900:] - ordered[899])
    assert (fitted.gamma, fitted.sigma) == (given_["gamma"], given_["sigma"])
    ratio = 0.001 * 1000 / 100
    formula = ordered[899] + fitted.sigma / fitted.gamma * (ratio**-fitted.gamma - 1)
    assert pytest.approx(formula) == threshold.value
    assert 0.05 < given_["fit_p_value"] <= 1
    assert () == threshold.provenance.warnings


def test_a_tail_claims_no_level():
    certificate = threshold_of(np.random.default_rng(2).random(600)).provenance.certificate
    assert (0.01, None, "method_assumes_a_distribution") == (
        certificate.target,
        certificate.level,
        certificate.reason,
    )


def test_a_stricter_rate_raises_the_threshold():
    scores = np.random.default_rng(4).normal(size=700)
    values = [threshold_of(scores, alpha=alpha).value for alpha in (0.05, 0.01, 0.001, 1e-6)]
    assert sorted(set(values)) == values
    assert np.quantile(scores, 0.9) < values[0]


def test_a_poor_fit_is_a_warning():
    scores = np.concatenate([np.linspace(0, 1, 900), np.linspace(2, 2.1, 50), np.linspace(90, 91, 50)])
    [warning] = threshold_of(scores).provenance.warnings
    assert "the tail does not look like the generalised Pareto distribution" in warning


def test_fewer_than_fifty_exceedances_fall_back_to_the_quantile():
    provenance = threshold_of(np.random.default_rng(1).random(499)).provenance
    [step] = provenance.fallbacks
    assert ("quantile", "evt", "too_few_exceedances", 50, 49) == (
        provenance.method,
        provenance.requested,
        step.reason,
        step.needed,
        step.available,
    )


def test_ties_that_leave_too_few_exceedances_fall_back_to_the_quantile():
    scores = np.concatenate([np.zeros(400), np.ones(100), np.linspace(2, 3, 49)])
    [step] = threshold_of(scores, tail_fraction=0.2).provenance.fallbacks
    assert ("too_few_exceedances", 50, 49) == (step.reason, step.needed, step.available)
    assert "above 1, and has 49" in step.message


def test_a_rate_that_lies_below_the_tail_falls_back_to_the_quantile():
    """60 of 1,000 scores exceed the tied start of the tail, so a rate of 9 % lies before it."""
    scores = np.concatenate([np.zeros(500), np.ones(440), np.linspace(2, 3, 60)])
    [step] = threshold_of(scores, alpha=0.09).provenance.fallbacks
    assert ("too_few_exceedances", 91, 60) == (step.reason, step.needed, step.available)


def test_a_tail_of_equal_scores_falls_back_to_the_quantile():
    [step] = threshold_of(np.concatenate([np.zeros(640), np.ones(60)])).provenance.fallbacks
    assert ("evt", "no_spread") == (step.method, step.reason)

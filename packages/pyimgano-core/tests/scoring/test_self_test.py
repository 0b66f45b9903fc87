import hashlib

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.infer_config import SelfTest
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import (
    NonFiniteScoreError,
    OnnxScorer,
    check_self_test,
    probe_image,
    run_self_test,
    same_kernels,
    self_test_problems,
)


@pytest.fixture
def expected(scorer):
    return SelfTest(**run_self_test(scorer))


def test_a_graph_passes_its_own_self_test(scorer, expected):
    assert np.float32(probe_image((8, 8), 0).mean(axis=2).max() / 255) == pytest.approx(expected.score)
    check_self_test(scorer, expected)


@pytest.mark.parametrize("name", ["score", "map_maximum"])
@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_another_answer_is_refused_by_name(scorer, expected, name, factor):
    tampered = evolve(expected, **{name: getattr(expected, name) * factor})
    with pytest.raises(ArtifactError, match=f"self-test: the {name} of the probe image is "):
        check_self_test(scorer, tampered)


@pytest.mark.parametrize("factor", [0.9995, 1.0005])
def test_the_rounding_of_another_processor_is_accepted(scorer, expected, factor):
    check_self_test(
        scorer, evolve(expected, score=expected.score * factor, map_maximum=expected.map_maximum * factor)
    )


def test_another_probe_image_is_noticed(scorer, expected):
    with pytest.raises(ArtifactError, match="self-test"):
        check_self_test(scorer, evolve(expected, seed=1))


def test_another_graph_is_noticed(make_graph, expected):
    other = OnnxScorer(make_graph(("255.0", "250.0")))
    with pytest.raises(ArtifactError, match="self-test"):
        check_self_test(other, expected)


def test_an_expected_zero_is_compared_absolutely(make_graph, expected):
    zero = OnnxScorer(make_graph(("value_float = 255.0", "value_float = 1e30")))
    check_self_test(zero, evolve(expected, score=0.0, map_maximum=0.0))


@pytest.fixture
def broken(make_graph):
    """A graph that has no number for any image."""
    return OnnxScorer(
        make_graph(
            ("Div(mean, white)", "Sub(mean, mean)"),
            ("score = R", "zero = R"),
            ("\n}", "score = Div(zero, zero)\n}"),
        )
    )


def test_a_graph_without_finite_answers_fails_its_self_test(broken, expected):
    with pytest.raises(ArtifactError, match="self-test: the model gives a score or map that is not a finite"):
        check_self_test(broken, expected)


def test_a_graph_without_finite_answers_gets_no_self_test(broken):
    with pytest.raises(NonFiniteScoreError):
        run_self_test(broken)


def test_the_probe_image_is_the_same_for_ever():
    digest = hashlib.sha256(probe_image((19, 30), 0).tobytes()).hexdigest()
    assert digest == "72935315ef54cb8164a3db81602bfd1fb408d3749878b85025630267640a75dc"


def test_the_probe_image_has_the_size_asked_for_and_its_seed_matters():
    image = probe_image((19, 30), 0)
    assert ((19, 30, 3), np.uint8) == (image.shape, image.dtype)
    assert (image != probe_image((19, 30), 1)).any()
    assert image.std() > 30


def test_the_runtime_that_gave_the_answer_is_recorded(scorer, expected):
    assert scorer.runtime == expected.runtime
    assert 1e-3 == expected.tolerance


def recorded_by(expected, **changes):
    return evolve(expected, runtime=evolve(expected.runtime, **changes))


def test_another_version_or_processor_is_no_other_kernel_but_another_provider_is(expected):
    found = expected.runtime
    assert same_kernels(None, found)
    assert same_kernels(evolve(found, version="0.1"), found)
    assert not same_kernels(evolve(found, provider="CUDAExecutionProvider"), found)
    assert not same_kernels(evolve(found, package="openvino"), found)


def test_a_tolerance_that_was_recorded_holds_for_the_same_kernels(scorer, expected):
    close = evolve(expected, score=expected.score * 1.0005, tolerance=1e-6)
    assert 1 == len(self_test_problems(scorer, close))


def test_other_kernels_may_differ_by_what_is_stated_for_them(scorer, expected):
    other = recorded_by(evolve(expected, tolerance=1e-6), package="openvino", provider="CPU")
    assert [] == self_test_problems(scorer, evolve(other, score=expected.score * 1.0005))
    assert 1 == len(self_test_problems(scorer, evolve(other, score=expected.score * 1.002)))


def test_an_answer_of_a_card_keeps_its_wider_tolerance(scorer, expected):
    card = recorded_by(evolve(expected, tolerance=1e-2), provider="CUDAExecutionProvider")
    assert [] == self_test_problems(scorer, evolve(card, score=expected.score * 1.009))
    assert 1 == len(self_test_problems(scorer, evolve(card, score=expected.score * 1.02)))


def test_all_that_differs_is_told(scorer, expected):
    shifted = evolve(expected, score=expected.score + 1, map_maximum=expected.map_maximum + 1)
    assert ["score", "map_maximum"] == [problem.split()[1] for problem in self_test_problems(scorer, shifted)]

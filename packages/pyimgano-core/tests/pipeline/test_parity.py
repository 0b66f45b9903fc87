import numpy as np
import onnx
import pytest
from attrs import evolve
from onnx import numpy_helper

from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.errors import ArtifactError
from pyimgano_core.pipeline._parity import measure_parity
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages


def draw(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def fit(detector, seed=0):
    return detector.fit(ArrayImages(draw(3, seed)), seed=0, device="cpu", progress=SilentProgress())


@pytest.fixture(scope="module")
def graph():
    return fit(Padim(dimensions=8))


def test_the_exported_graph_answers_as_the_fitted_model_does(graph):
    parity = measure_parity(graph, draw(5, seed=1))
    assert (5, 1e-2) == (parity.image_count, parity.tolerance)
    assert 0 <= max(parity.score, parity.anomaly_map) < 1e-5


def test_the_difference_of_a_score_is_relative_to_it(graph):
    def off(images):
        scores, maps = graph.reference(images)
        return scores * np.where(images[:, 0, 0, 0] == 0, 1.0002, 1.0), maps

    images = draw(3, seed=1)
    images[:, 0, 0, 0] = (1, 0, 1)
    assert pytest.approx(2e-4, rel=0.1) == measure_parity(evolve(graph, reference=off), images).score


def test_the_difference_of_a_map_is_relative_to_its_peak(graph):
    def off(images):
        scores, maps = graph.reference(images)
        return scores, maps + np.float32(5e-4) * maps.max() * (np.arange(32) == 7)

    parity = measure_parity(evolve(graph, reference=off), draw(2, seed=1))
    assert pytest.approx(5e-4, rel=0.3) == parity.anomaly_map


def test_a_difference_is_not_lost_beside_what_colours_do_to_a_model_of_grey_images():
    grey = (128 + draw(4, seed=3)[:, :, :, :1] // 16).repeat(3, axis=3)
    fitted = Padim(dimensions=8).fit(ArrayImages(grey[:3]), seed=0, device="cpu", progress=SilentProgress())
    assert measure_parity(fitted, grey[3:]).score < 1e-2

    def off(images):
        scores, maps = fitted.reference(images)
        return scores * 1.05, maps

    with pytest.raises(ArtifactError, match=r"by 0\.0\d+ of a score"):
        measure_parity(evolve(fitted, reference=off), grey[3:])


@pytest.mark.parametrize(("which", "factor"), [(0, 1.02), (1, 1.2)], ids=["score", "map"])
def test_a_graph_that_answers_otherwise_is_refused_with_the_numbers(graph, which, factor):
    def off(images):
        answer = list(graph.reference(images))
        answer[which] = answer[which] * factor
        return tuple(answer)

    with pytest.raises(
        ArtifactError, match=r"differs from the fitted 'padim' by .*0\.\d+ .*allowed is 0\.01"
    ):
        measure_parity(evolve(graph, reference=off), draw(2, seed=1))


def test_a_graph_of_another_fit_is_refused(graph):
    other = fit(Padim(dimensions=8), seed=7)
    with pytest.raises(ArtifactError, match="no model was written"):
        measure_parity(evolve(other, model=graph.model), draw(2, seed=1))


def test_a_graph_without_a_finite_answer_is_refused(graph):
    model = onnx.ModelProto.FromString(graph.model)
    [center] = [tensor for tensor in model.graph.initializer if tensor.name == "head.mean"]
    center.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(center), np.inf), center.name))
    with pytest.raises(ArtifactError, match="by nan of a score"):
        measure_parity(evolve(graph, model=model.SerializeToString()), draw(1, seed=1))


def test_remembered_images_whose_distances_are_all_rounding_are_no_difference():
    detector = PatchCore(coreset_ratio=1.0)
    parity = measure_parity(fit(detector), draw(3, seed=0))
    assert 0 < max(parity.score, parity.anomaly_map) < 1e-3


def test_an_image_without_an_answer_is_not_compared(graph):
    def sometimes(images):
        scores, maps = graph.reference(images)
        return (scores * np.nan, maps) if images[0, 0, 0, 0] == 0 else (scores, maps)

    images = draw(3, seed=1)
    images[:, 0, 0, 0] = (0, 1, 0)
    assert 1 == measure_parity(evolve(graph, reference=sometimes), images).image_count


def test_a_detector_without_a_model_to_ask_has_no_parity(graph):
    assert measure_parity(evolve(graph, reference=None), draw(1, seed=1)) is None

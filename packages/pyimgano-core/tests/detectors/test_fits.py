"""What the built-in detectors have in common."""

import json

import numpy as np
import pytest
import torch

from pyimgano_core.detectors import ScorerGraph
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.errors import ConfigError, DataError, MachineError
from pyimgano_core.scoring import OnnxScorer

REACH = 16  # pixels: a patch averages 3x3 cells of 8
DETECTORS = {
    "dictionary": Dictionary(dimensions=12, bank_size=200),
    "padim": Padim(dimensions=12),
    "padim-full": Padim(dimensions=12, covariance="full"),
    "padim-shared": Padim(dimensions=12, covariance="shared"),
    "patchcore": PatchCore(coreset_ratio=0.5),
    "subspace": Subspace(),
}

pytestmark = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)


def with_mark(image, top, left, side=12):
    marked = image.copy()
    marked[top : top + side, left : left + side] = 20
    return marked


@pytest.mark.parametrize(("top", "left"), [(8, 40), (44, 4), (26, 26)])
def test_a_defect_gets_the_highest_value_of_the_map_at_its_place(detector, fit, textures, top, left):
    scorer = OnnxScorer(fit(detector, textures(12)).model)
    normal = textures(1, seed=9)[0]
    result = scorer.score(with_mark(normal, top, left))
    row, column = np.unravel_index(result.anomaly_map.argmax(), result.anomaly_map.shape)
    assert top - REACH <= row < top + 12 + REACH
    assert left - REACH <= column < left + 12 + REACH
    assert result.score > 2 * scorer.score(normal).score


def test_defects_are_told_from_unseen_normal_images(detector, fit, textures):
    scorer = OnnxScorer(fit(detector, textures(12)).model)
    unseen = textures(10, seed=3)
    normal = [scorer.score(image).score for image in unseen]
    anomalous = [scorer.score(with_mark(image, 20, 20, side=6)).score for image in unseen]
    assert max(normal) < min(anomalous)


def test_equal_seeds_give_equal_bytes_and_others_do_not(detector, fit, textures):
    images = textures(5)
    assert fit(detector, images).model == fit(detector, images).model
    is_random = not isinstance(detector, Subspace)  # which draws nothing
    assert is_random == (fit(detector, images).model != fit(detector, images, seed=1).model)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_images_are_enough_to_find_a_defect(detector, fit, textures, count):
    scorer = OnnxScorer(fit(detector, textures(count)).model)
    normal = textures(1, seed=9)[0]
    assert scorer.score(with_mark(normal, 20, 20)).score > scorer.score(normal).score


@pytest.mark.parametrize("value", [0, 128, 255])
def test_images_without_any_variance_give_finite_answers(detector, fit, textures, value):
    images = np.full((3, 64, 64, 3), value, np.uint8)
    scorer = OnnxScorer(fit(detector, images).model)
    assert scorer.score(images[0]).score < 10  # its rounding counts for nothing
    assert scorer.score(images[0]).score < scorer.score(textures(1)[0]).score


def test_images_need_not_be_square(detector, fit, textures):
    graph = fit(detector, textures(3, height=48, width=72))
    result = OnnxScorer(graph.model).score(textures(1, height=48, width=72)[0])
    assert (48, 72) == graph.size == result.anomaly_map.shape


def test_no_images_are_refused(detector, fit, textures):
    with pytest.raises(DataError, match="there are no train images"):
        fit(detector, textures(0))


@pytest.mark.skipif(torch.cuda.device_count() > 9, reason="this machine has the device")
def test_a_missing_device_is_told_with_what_to_do(detector, fit, textures):
    with pytest.raises(MachineError, match=r"the device 'cuda:9' is missing: .* use 'auto' or 'cpu'"):
        fit(detector, textures(1), device="cuda:9")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "CPU", "mps"])
def test_an_unknown_name_of_a_device_is_refused(detector, fit, textures, name):
    with pytest.raises(ConfigError, match=r"\$\.model\.device: must be 'auto', 'cpu', 'cuda' or 'cuda:N'"):
        fit(detector, textures(1), device=name)


def test_the_settings_of_torch_are_left_as_they_were(detector, fit, textures):
    def settings():
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.get_float32_matmul_precision(),
            torch.is_grad_enabled(),
            torch.random.get_rng_state().sum().item(),
        )

    before = settings()
    fit(detector, textures(2))
    assert before == settings()


def test_the_facts_are_ready_for_json_and_name_the_features(detector, fit, textures):
    graph = fit(detector, textures(2))
    assert isinstance(graph, ScorerGraph)
    facts = json.loads(json.dumps(graph.info, allow_nan=False))
    assert ("filters", "cpu") == (facts["features"]["backbone"], facts["device"])
    assert max(facts["parity"].values()) < 1e-4


def test_the_progress_of_the_long_steps_is_shown(detector, fit, textures):
    seen = {}

    class Recorder:
        def track(self, items, label, total=None):
            for count, item in enumerate(items, start=1):
                yield item
                seen[label] = (count, total)

    fit(detector, textures(3), progress=Recorder())
    assert (3, 3) == seen["features"]


def test_the_map_is_a_smoothed_copy_of_the_distances(detector, fit, textures, rating):
    graph = fit(detector, textures(4))
    images = textures(1, seed=5)
    scorer, _, distances = rating(graph, images)
    anomaly_map = OnnxScorer(graph.model).score(images[0]).anomaly_map
    assert distances.min() - 1e-4 <= anomaly_map.min()
    assert anomaly_map.max() <= distances.max() + 1e-4
    top = distances[0].topk(scorer.count).values.mean().item()
    assert OnnxScorer(graph.model).score(images[0]).score == pytest.approx(top, rel=1e-4)


def test_a_fit_says_what_its_steps_took_the_export_last(detector, fit, textures):
    seconds = fit(detector, textures(3)).info["seconds"]
    assert ("features", "export", 3) == (*(list(seconds)[each] for each in (0, -1)), len(seconds))
    assert all(each >= 0 for each in seconds.values())

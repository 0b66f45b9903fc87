"""The exported graph against the fitted model that it was made of, on images of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.report import Parity
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import OnnxScorer, probe_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pyimgano_core.detectors import ScorerGraph
    from pyimgano_core.detectors.contract import ScoresAndMaps

TOLERANCE = 1e-2  # where variances are tiny, rounding alone makes some thousandths
_REMEMBERED = 0.01  # of the noisy image's score
_NOISE = 32  # levels, of 256
_TINY = float(np.finfo(np.float32).tiny)


def measure_parity(graph: ScorerGraph, images: Iterable[NDArray[np.uint8]]) -> Parity | None:
    """Compare the graph's answers with the model's own; None where a detector offers no model to ask.

    Differences are relative to the answer. A distance near 0, of what the model remembers, is the difference
    of large numbers and all rounding: so those of a map are relative to the larger of its peak and that of
    the first image with grey noise, and that of a remembered image's score is relative to the noisy one's.
    (An image of pure noise would not do: where all images are grey, its colours are so far from them that
    any difference would be small beside its score.)

    Args:
        graph: with its `reference`.
        images: (H, W, 3) of the model's size.

    Raises:
        ArtifactError: they differ by more than the tolerance.
    """
    if graph.reference is None:
        return None
    scorer = OnnxScorer(graph.model)
    usual, differences = np.zeros(2), []
    for index, image in enumerate(images):
        if index == 0:
            usual = _sizes(graph.reference(_with_grey_noise(image)[None]))
        own = graph.reference(image[None])
        if not all(np.isfinite(values).all() for values in own):
            continue  # without an answer there is nothing to compare; scoring tells of the image
        found = _differences(own, scorer.run(image[None]))
        score_size, peak = _sizes(own)
        is_remembered = score_size < _REMEMBERED * usual[0]
        differences.append(found / [usual[0] if is_remembered else score_size, max(peak, usual[1])])
    score, anomaly_map = np.max([np.zeros(2), *differences], axis=0).tolist()
    if not max(score, anomaly_map) <= TOLERANCE:  # no number is not within it either
        raise ArtifactError(
            f"the exported graph differs from the fitted {graph.detector!r} by {score:.2g} of a score and "
            f"{anomaly_map:.2g} of a map on images of this run, allowed is {TOLERANCE:g}; no model was "
            "written. The detector or the exporter is at fault: try other versions of torch and onnxscript"
        )
    return Parity(image_count=len(differences), score=score, anomaly_map=anomaly_map, tolerance=TOLERANCE)


def _with_grey_noise(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) with noise that has no colour."""
    noise = probe_image(image.shape[:2], seed=0)[:, :, :1].astype(np.int16) // (256 // _NOISE)  # (H, W, 1)
    noisy: NDArray[np.uint8] = np.clip(image + noise - _NOISE // 2, 0, 255).astype(np.uint8)
    return noisy


def _sizes(answer: ScoresAndMaps) -> NDArray[np.float64]:
    """Return (2,) how large a score and a map are."""
    return np.array([max(float(np.abs(values).max()), _TINY) for values in answer])


def _differences(one: ScoresAndMaps, other: ScoresAndMaps) -> NDArray[np.float64]:
    """Return (2,) the largest difference of scores, and that of maps."""
    return np.array([float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)])

"""A seeded probe image and the answer that a graph must give to it, on whichever machine it runs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring._scorer import NonFiniteScoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.infer_config import SelfTest
    from pyimgano_core.scoring._scorer import OnnxScorer

SEED = 0
TOLERANCE = 1e-3  # of the expected value: other processors round otherwise
_BLOCK = 8


def probe_image(size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) of random blocks of 8 pixels with fine noise, the same for ever.

    Args:
        size: height and width.
        seed: which image.
    """
    height, width = size
    blocks = _noise((-(-height // _BLOCK), -(-width // _BLOCK), 3), f"blocks {seed}")
    coarse = blocks.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)[:height, :width]
    fine = _noise((height, width, 3), f"fine {seed}")
    return coarse // 8 * 7 + fine // 8


def run_self_test(scorer: OnnxScorer) -> dict[str, Any]:
    """Return the fields of a `SelfTest`: seed, score, map_maximum and tolerance."""
    result = scorer.score(probe_image(scorer.size, SEED))
    return {
        "seed": SEED,
        "score": result.score,
        "map_maximum": float(result.anomaly_map.max()),
        "tolerance": TOLERANCE,
    }


def check_self_test(scorer: OnnxScorer, expected: SelfTest) -> None:
    """Compare a graph's answer to the probe image with the recorded one.

    Raises:
        ArtifactError: it differs by more than the tolerance, relative to the expected value, or is no finite
            number.
    """
    try:
        result = scorer.score(probe_image(scorer.size, expected.seed))
    except NonFiniteScoreError as exc:
        raise ArtifactError(f"self-test: {exc}") from exc
    found = {"score": result.score, "map_maximum": float(result.anomaly_map.max())}
    for name, value in found.items():
        wanted = getattr(expected, name)
        if not abs(value - wanted) <= expected.tolerance * max(abs(wanted), expected.tolerance):
            raise ArtifactError(f"self-test: the {name} of the probe image is {value!r}, expected {wanted!r}")


def _noise(shape: tuple[int, int, int], key: str) -> NDArray[np.uint8]:
    """A hash as the source: numpy's generators may change their streams between versions."""
    content = hashlib.shake_256(key.encode()).digest(shape[0] * shape[1] * shape[2])
    return np.frombuffer(content, np.uint8).reshape(shape)

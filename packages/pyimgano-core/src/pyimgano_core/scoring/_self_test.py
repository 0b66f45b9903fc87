"""A seeded probe image and the answer that a graph must give to it, on whichever machine it runs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring._scorer import NonFiniteScoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.infer_config import SelfTest
    from pyimgano_core.scoring._scorer import Scorer

SEED = 0
# Of the expected value. Other processors round otherwise (between onnxruntime and OpenVINO 1e-4 at most was
# measured), and graphics cards more so.
TOLERANCE, CARD_TOLERANCE = 1e-3, 1e-2
_ON_CARDS = ("CUDAExecutionProvider", "TensorrtExecutionProvider")
_FIRST = Runtime(package="onnxruntime", version="", provider="CPUExecutionProvider")  # before it was recorded
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


def run_self_test(scorer: Scorer) -> dict[str, Any]:
    """Return the fields of a `SelfTest`: seed, score, map_maximum, tolerance and runtime."""
    result = scorer.score(probe_image(scorer.size, SEED))
    return {
        "seed": SEED,
        "score": result.score,
        "map_maximum": float(result.anomaly_map.max()),
        "tolerance": _tolerance_of(scorer.runtime),
        "runtime": scorer.runtime,
    }


def check_self_test(scorer: Scorer, expected: SelfTest) -> None:
    """Compare a graph's answer to the probe image with the recorded one.

    Raises:
        ArtifactError: it differs by more than the tolerance, or is no finite number.
    """
    problems = self_test_problems(scorer, expected)
    if problems:
        raise ArtifactError(f"self-test: {'; '.join(problems)}")


def self_test_problems(scorer: Scorer, expected: SelfTest) -> list[str]:
    """Return in what a graph's answer to the probe image differs from the recorded one.

    The tolerance is relative to the expected value. It is the recorded one, and where other kernels give the
    answer than gave the recorded one, at least the one that is stated for them.
    """
    try:
        result = scorer.score(probe_image(scorer.size, expected.seed))
    except NonFiniteScoreError as exc:
        return [str(exc)]
    tolerance = expected.tolerance
    if not same_kernels(expected.runtime, scorer.runtime):
        tolerance = max(tolerance, _tolerance_of(scorer.runtime))
    found = {"score": result.score, "map_maximum": float(result.anomaly_map.max())}
    return [
        f"the {name} of the probe image is {value!r}, expected {getattr(expected, name)!r}"
        for name, value in found.items()
        if not _is_close(value, getattr(expected, name), tolerance)
    ]


def same_kernels(recorded: Runtime | None, found: Runtime) -> bool:
    """Return whether package and provider are equal; None stands for onnxruntime on the processor."""
    recorded = _FIRST if recorded is None else recorded
    return (recorded.package, recorded.provider) == (found.package, found.provider)


def _tolerance_of(runtime: Runtime) -> float:
    return CARD_TOLERANCE if runtime.provider in _ON_CARDS else TOLERANCE


def _is_close(value: float, wanted: float, tolerance: float) -> bool:
    return abs(value - wanted) <= tolerance * max(abs(wanted), tolerance)


def _noise(shape: tuple[int, int, int], key: str) -> NDArray[np.uint8]:
    """A hash as the source: numpy's generators may change their streams between versions."""
    content = hashlib.shake_256(key.encode()).digest(shape[0] * shape[1] * shape[2])
    return np.frombuffer(content, np.uint8).reshape(shape)

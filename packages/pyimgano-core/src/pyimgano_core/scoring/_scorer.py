"""A scorer graph, whatever runs it: one image per run on one thread; more at once are the callers' affair."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.errors import ArtifactError, ExitCode, PyimganoError
from pyimgano_core.scoring._trust import graph_metadata, graph_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_core.contracts.infer_config import Runtime

FORMAT_VERSION = 1
OUTPUTS = {"score": 1, "anomaly_map": 3}  # name to number of dimensions
_CHANNELS = 3

Answer = tuple[NDArray[np.float32], NDArray[np.float32]]  # scores (N,), maps (N, H, W)


class NonFiniteScoreError(PyimganoError):
    """An image's score or map is not a finite number, so there is no verdict."""

    exit_code = ExitCode.SOME_INPUTS_FAILED


@define(frozen=True, kw_only=True, eq=False)
class Score:
    """An image's score, and its anomaly map at the model's size."""

    score: float
    anomaly_map: NDArray[np.float32]  # (H, W)


class Scorer(ABC):
    """A loaded scorer graph; `score` may be called from several threads.

    Attributes:
        size: height and width that images must have.
        metadata: what the graph says about itself (`pyimgano.detector`, `pyimgano.version`, …).
        runtime: what runs it, as it says itself.
    """

    size: tuple[int, int]
    metadata: dict[str, str]
    runtime: Runtime

    def score(self, image: NDArray[np.uint8]) -> Score:
        """Return the score and map of one image.

        Args:
            image: (H, W, 3) RGB of the model's size.

        Raises:
            ArtifactError: the graph fails on the image.
            NonFiniteScoreError: the score or the map holds a value that is no finite number.
            ValueError: the image has another shape or type.
        """
        scores, maps = self.run(image[None])
        score = float(scores[0])
        if not np.isfinite(score) or not np.isfinite(maps[0]).all():
            raise NonFiniteScoreError("the model gives a score or map that is not a finite number")
        return Score(score=score, anomaly_map=maps[0])

    def run(self, images: NDArray[np.uint8]) -> Answer:
        """Return scores (N,) and maps (N, H, W) of images (N, H, W, 3), whatever their values.

        The canonical score of an image is that of a batch of one.

        Raises:
            ArtifactError: the graph fails on the images, or answers in another shape.
            ValueError: the images have another shape or type.
        """
        if images.dtype != np.uint8 or images.shape[1:] != (*self.size, _CHANNELS):
            raise ValueError(
                f"images must be uint8 (N, {self.size[0]}, {self.size[1]}, 3), "
                f"not {images.dtype} {images.shape}"
            )
        scores, maps = self._answer(np.ascontiguousarray(images))
        count, size = len(images), self.size
        if scores.shape != (count,) or maps.shape != (count, *size):
            raise ArtifactError(
                f"the model gives 'score' {scores.shape} and 'anomaly_map' {maps.shape} for {count} images, "
                f"instead of {(count,)} and {(count, *size)}"
            )
        return scores, maps

    @abstractmethod
    def _answer(self, images: NDArray[np.uint8]) -> Answer:
        """Return what the graph answers to images (N, H, W, 3), in whatever shape.

        Raises:
            ArtifactError: the graph fails on the images.
        """


def read_trusted(model: bytes | Path, expected_sha256: str | None) -> tuple[bytes, dict[str, str]]:
    """Return a graph's content and metadata, once all is checked that can be told without running it.

    Raises:
        ArtifactError: the content can't be read or trusted, or this program is too old for it.
    """
    content = _read(model)
    if expected_sha256 is not None:
        _check_hash(content, expected_sha256)
    problems = graph_problems(content)
    if problems:
        raise ArtifactError(f"the model can't be trusted: {'; '.join(problems)}")
    metadata = graph_metadata(content)
    _check_format(metadata)
    return content, metadata


def input_size(
    inputs: Sequence[tuple[str, str, Sequence[object]]], outputs: Mapping[str, tuple[str, int]]
) -> tuple[int, int]:
    """Return height and width of the images that a scorer graph takes.

    Args:
        inputs: name, numpy's name of the type, and shape; a length that is no number is open.
        outputs: by name, numpy's name of the type and the number of dimensions.

    Raises:
        ArtifactError: it is no scorer graph.
    """
    lengths = inputs[0][2] if len(inputs) == 1 else []
    fixed = [length for length in lengths[1:] if isinstance(length, int) and length > 0]
    if (
        [(name, kind) for name, kind, _ in inputs] != [("image", "uint8")]
        or len(lengths) != len(("N", "H", "W", "C"))
        or len(fixed) != len(("H", "W", "C"))
        or fixed[2] != _CHANNELS
        or outputs != {name: ("float32", count) for name, count in OUTPUTS.items()}
    ):
        raise ArtifactError(
            "the model is no scorer graph: it must take 'image' uint8 (N, H, W, 3) "
            "and give 'score' float (N) and 'anomaly_map' float (N, H, W)"
        )
    return fixed[0], fixed[1]


def _read(model: bytes | Path) -> bytes:
    if isinstance(model, bytes):
        return model
    try:
        return Path(model).read_bytes()
    except OSError as exc:
        raise ArtifactError(f"{model}: can't be read: {exc.strerror}") from exc


def _check_hash(content: bytes, expected: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise ArtifactError(f"the model's sha256 is {actual}, expected {expected}; it was changed or is torn")


def _check_format(metadata: dict[str, str]) -> None:
    found = metadata.get("pyimgano.format_version", str(FORMAT_VERSION))
    if found != str(FORMAT_VERSION):
        raise ArtifactError(
            f"the model has format version {found}, this program reads {FORMAT_VERSION}; update it"
        )

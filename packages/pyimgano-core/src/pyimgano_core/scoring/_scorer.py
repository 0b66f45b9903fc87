"""A scorer graph in onnxruntime: one image per run, on one thread; several runs at once are the callers'."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from attrs import define
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from pyimgano_core.errors import ArtifactError, ExitCode, PyimganoError
from pyimgano_core.scoring._trust import graph_problems

FORMAT_VERSION = 1
_FATAL = 4  # of the runtime's log levels
_CHANNELS = 3
_OUTPUTS = {"score": 1, "anomaly_map": 3}  # name to number of dimensions
_RUNTIME_ERRORS = (
    runtime_errors.EPFail,
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NotImplemented,
    runtime_errors.RuntimeException,
    ValueError,  # a message of the runtime that quotes broken names is no text
)


class NonFiniteScoreError(PyimganoError):
    """An image's score or map is not a finite number, so there is no verdict."""

    exit_code = ExitCode.SOME_INPUTS_FAILED


@define(frozen=True, kw_only=True, eq=False)
class Score:
    """An image's score, and its anomaly map at the model's size."""

    score: float
    anomaly_map: NDArray[np.float32]  # (H, W)


class OnnxScorer:
    """A loaded scorer graph; `score` may be called from several threads.

    Args:
        model: an ONNX file's content, or its path.
        expected_sha256: what the content must hash to; it is compared before anything is parsed.

    Attributes:
        size: height and width that images must have.
        metadata: what the graph says about itself (`pyimgano.detector`, `pyimgano.version`, …).

    Raises:
        ArtifactError: the content can't be trusted or is no scorer graph.
    """

    size: tuple[int, int]
    metadata: dict[str, str]

    def __init__(self, model: bytes | Path, *, expected_sha256: str | None = None) -> None:
        content = _read(model)
        if expected_sha256 is not None:
            _check_hash(content, expected_sha256)
        problems = graph_problems(content)
        if problems:
            raise ArtifactError(f"the model can't be trusted: {'; '.join(problems)}")
        try:
            self._session = open_session(content)
            self.size = _input_size(self._session)
            self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        except _RUNTIME_ERRORS as exc:
            raise ArtifactError(f"the model can't be loaded: {_first_line(exc)}") from exc
        _check_format(self.metadata)

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

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return scores (N,) and maps (N, H, W) of images (N, H, W, 3) as one batch, whatever their values.

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
        try:
            scores, maps = self._session.run(list(_OUTPUTS), {"image": np.ascontiguousarray(images)})
        except _RUNTIME_ERRORS as exc:
            raise ArtifactError(f"the model can't be run: {_first_line(exc)}") from exc
        count, size = len(images), self.size
        if scores.shape != (count,) or maps.shape != (count, *size):
            raise ArtifactError(
                f"the model gives 'score' {scores.shape} and 'anomaly_map' {maps.shape} for {count} images, "
                f"instead of {(count,)} and {(count, *size)}"
            )
        return scores, maps


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


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """Return a session on one thread of the CPU that stays silent."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    return onnxruntime.InferenceSession(
        content,
        options,
        providers=["CPUExecutionProvider"],
        enable_fallback=0,  # it prints to stdout, and there is nothing to fall back to
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _input_size(session: onnxruntime.InferenceSession) -> tuple[int, int]:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = {node.name: (node.type, len(node.shape)) for node in outputs}
    shape: list[Any] = inputs[0].shape if len(inputs) == 1 else []
    if (
        [(node.name, node.type) for node in inputs] != [("image", "tensor(uint8)")]
        or len(shape) != len(("N", "H", "W", "C"))
        or not all(isinstance(length, int) and length > 0 for length in shape[1:])
        or shape[3] != _CHANNELS
        or found != {name: ("tensor(float)", count) for name, count in _OUTPUTS.items()}
    ):
        raise ArtifactError(
            "the model is no scorer graph: it must take 'image' uint8 (N, H, W, 3) "
            "and give 'score' float (N) and 'anomaly_map' float (N, H, W)"
        )
    return shape[1], shape[2]


def _check_format(metadata: dict[str, str]) -> None:
    found = metadata.get("pyimgano.format_version", str(FORMAT_VERSION))
    if found != str(FORMAT_VERSION):
        raise ArtifactError(
            f"the model has format version {found}, this program reads {FORMAT_VERSION}; update it"
        )

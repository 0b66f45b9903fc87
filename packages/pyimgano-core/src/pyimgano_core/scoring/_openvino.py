"""A scorer graph in OpenVINO, on the processor (https://docs.openvino.ai).

It reads the same ONNX file. By default it would round to bfloat16 where the processor can, tie each process
to the same core, and tell Intel of its import, with a file in the home folder: all three are switched off.
Its maximum drops a value that is not a number, which therefore may not stand in a graph at all (`_trust`).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, cast

import numpy as np

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring._scorer import OUTPUTS, Scorer, input_size, read_trusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from pyimgano_core.scoring._scorer import Answer


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the package that OpenVINO reports through; it then takes a stub of its own."""
    name = "openvino_telemetry"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = cast("ModuleType", None)
    try:
        yield
    finally:
        del sys.modules[name]


with _without_telemetry():
    import openvino

_SETTINGS = {
    "ENABLE_CPU_PINNING": False,
    "EXECUTION_MODE_HINT": "ACCURACY",
    "INFERENCE_NUM_THREADS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "NUM_STREAMS": 1,
}


class OpenVinoScorer(Scorer):
    """A scorer graph in OpenVINO; a batch is run image by image, for which the graph is compiled.

    Args:
        model: an ONNX file's content, or its path.

    Raises:
        ArtifactError: the content can't be trusted or is no scorer graph.
    """

    def __init__(self, model: bytes | Path) -> None:
        content, self.metadata = read_trusted(model, None)
        core = openvino.Core()
        try:
            graph = core.read_model(content)
            self.size = _input_size(graph)
            graph.reshape({"image": [1, *self.size, 3]})
            self._compiled = core.compile_model(graph, "CPU", _SETTINGS)
        except RuntimeError as exc:
            raise ArtifactError(f"the model can't be loaded by OpenVINO: {_last_line(exc)}") from exc
        self.runtime = Runtime(package="openvino", version=version("openvino"), provider="CPU")
        self._lock = Lock()  # all calls of a compiled graph share one request

    def _answer(self, images: NDArray[np.uint8]) -> Answer:
        try:
            with self._lock:
                answers = [self._compiled(image[None]) for image in images]
        except RuntimeError as exc:
            raise ArtifactError(f"the model can't be run by OpenVINO: {_last_line(exc)}") from exc
        scores, maps = (np.concatenate([answer[name] for answer in answers]) for name in OUTPUTS)
        return scores, maps


def _input_size(graph: openvino.Model) -> tuple[int, int]:
    inputs = [(_name(port), _kind(port), _lengths(port.partial_shape)) for port in graph.inputs]
    outputs = {_name(port): (_kind(port), len(_lengths(port.partial_shape))) for port in graph.outputs}
    return input_size(inputs, outputs)


def _name(port: openvino.Output) -> str:
    return ", ".join(sorted(port.get_names()))


def _kind(port: openvino.Output) -> str:
    return str(port.element_type.to_dtype())


def _lengths(shape: openvino.PartialShape) -> list[int | None]:
    if shape.rank.is_dynamic:
        return []
    return [None if length.is_dynamic else length.get_length() for length in shape]


def _last_line(error: Exception) -> str:
    """Return what went wrong: the lines before it tell where in the runtime's own source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__

"""A scorer graph in onnxruntime, on the processor or on a graphics card.

Since 1.32 onnxruntime reports to Microsoft by default, from its import on, and keeps an identifier of the
machine in the home folder (its `Privacy.md`). That is switched off, unless the environment says otherwise.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.environment import distribution_conflict, onnxruntime_distributions
from pyimgano_core.errors import ArtifactError, MachineError
from pyimgano_core.scoring._scorer import OUTPUTS, Scorer, input_size, read_trusted

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
try:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors
except ModuleNotFoundError:
    raise
except ImportError as exc:  # it is installed, and a library of the system that it needs is not
    remedy = "; install Microsoft's Visual C++ Redistributable (x64)" if sys.platform == "win32" else ""
    raise MachineError(f"onnxruntime can't be loaded: {exc}{remedy}") from exc

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.scoring._scorer import Answer

CPU = "CPUExecutionProvider"
VERSION: str = onnxruntime.__version__
_FATAL = 4  # of the runtime's log levels
_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
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
# TF32 keeps 10 bits of the fraction, and the search for the fastest convolution may end otherwise each time.
_CUDA = ("CUDAExecutionProvider", {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"})
_PROVIDERS: dict[str, list[Any]] = {
    "cpu": [CPU],
    "cuda": [_CUDA, CPU],
    "tensorrt": ["TensorrtExecutionProvider", _CUDA, CPU],
}


class OnnxScorer(Scorer):
    """A scorer graph in onnxruntime.

    Args:
        model: an ONNX file's content, or its path.
        expected_sha256: what the content must hash to; it is compared before anything is parsed.
        device: what runs it. What a graphics card has no kernel for runs on the processor, and with
            `tensorrt` first on CUDA.

    Raises:
        ArtifactError: the content can't be trusted or is no scorer graph.
        MachineError: the device is missing.
    """

    def __init__(
        self,
        model: bytes | Path,
        *,
        expected_sha256: str | None = None,
        device: Literal["cpu", "cuda", "tensorrt"] = "cpu",
    ) -> None:
        content, self.metadata = read_trusted(model, expected_sha256)
        try:
            self._session = open_session(content) if device == "cpu" else _open_on_card(content, device)
            self.size = _input_size(self._session)
        except _RUNTIME_ERRORS as exc:
            raise ArtifactError(f"the model can't be loaded: {_first_line(exc)}") from exc
        provider = self._session.get_providers()[0]
        self.runtime = Runtime(package="onnxruntime", version=VERSION, provider=provider)

    def _answer(self, images: NDArray[np.uint8]) -> Answer:
        try:
            scores, maps = self._session.run(list(OUTPUTS), {"image": images})
        except _RUNTIME_ERRORS as exc:
            raise ArtifactError(f"the model can't be run: {_first_line(exc)}") from exc
        return scores, maps


def open_session(content: bytes, providers: list[Any] = _PROVIDERS["cpu"]) -> onnxruntime.InferenceSession:
    """Return a session on one thread of the processor, or on a graphics card, that stays silent."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    return onnxruntime.InferenceSession(
        content,
        options,
        providers=providers,
        enable_fallback=0,  # it prints to stdout, and a missing device is an error
    )


def _open_on_card(content: bytes, device: str) -> onnxruntime.InferenceSession:
    """Return a session that really uses the card: the runtime itself would take the processor instead."""
    wanted = _PROVIDERS[device]
    provider = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
    conflict = distribution_conflict(onnxruntime_distributions())
    if conflict is not None:
        raise MachineError(f"--device {device}: {conflict}")
    if provider not in onnxruntime.get_available_providers():
        raise MachineError(
            f"--device {device}: the installed onnxruntime knows no graphics card; install the one that does "
            "in its place: pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'"
        )
    onnxruntime.set_default_logger_severity(_FATAL)  # a library that is missing is told below
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()  # those that pip has installed, which no search path leads to
    try:
        session = open_session(content, wanted)
    except (*_RUNTIME_ERRORS, RuntimeError) as exc:
        open_session(content)  # which fails too where it is the graph that is at fault
        raise MachineError(_cannot_start(device)) from exc
    if session.get_providers()[0] != provider:
        raise MachineError(_cannot_start(device))
    return session


def _cannot_start(device: str) -> str:
    libraries = {"cuda": "cuDNN", "tensorrt": "cuDNN and TensorRT"}[device]
    return (
        f"--device {device}: onnxruntime {VERSION} can't start it here: it needs a graphics "
        f"card of NVIDIA with its driver, and the libraries of CUDA {onnxruntime.cuda_version}, {libraries}: "
        "pip install 'onnxruntime-gpu[cuda,cudnn]' brings those of CUDA; "
        "see https://onnxruntime.ai/docs/execution-providers"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _input_size(session: onnxruntime.InferenceSession) -> tuple[int, int]:
    inputs = [(node.name, _TYPES.get(node.type, ""), node.shape) for node in session.get_inputs()]
    outputs = {node.name: (_TYPES.get(node.type, ""), len(node.shape)) for node in session.get_outputs()}
    return input_size(inputs, outputs)

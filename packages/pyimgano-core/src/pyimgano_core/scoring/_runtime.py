"""Which runtime runs a graph: the one for the device that was asked for, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from pyimgano_core.errors import MachineError
from pyimgano_core.scoring._onnx import OnnxScorer

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.scoring._scorer import Scorer

Device = Literal["cpu", "cuda", "tensorrt", "openvino", "auto"]
DEVICES: tuple[Device, ...] = get_args(Device)


def open_scorer(model: bytes | Path, device: Device = "cpu") -> Scorer:
    """Return a graph, loaded by the runtime for a device; its `runtime` says what really runs it.

    Args:
        model: an ONNX file's content, or its path.
        device: `cpu` is onnxruntime on the processor, `openvino` OpenVINO on it, `cuda` and `tensorrt` are
            onnxruntime on a graphics card, and `auto` is `cuda` where that works, else `cpu`.

    Raises:
        ArtifactError: the content can't be trusted or is no scorer graph.
        MachineError: the device is missing.
    """
    if device == "openvino":
        return _open_openvino(model)
    if device != "auto":
        return OnnxScorer(model, device=device)
    try:
        return OnnxScorer(model, device="cuda")
    except MachineError:
        return OnnxScorer(model)


def _open_openvino(model: bytes | Path) -> Scorer:
    try:
        from pyimgano_core.scoring._openvino import OpenVinoScorer  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as exc:
        raise MachineError(
            f"--device openvino needs OpenVINO ({exc}): pip install 'pyimgano-infer[openvino]'"
        ) from exc
    return OpenVinoScorer(model)

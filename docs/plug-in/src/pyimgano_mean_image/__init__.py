"""A detector in one module: how far each pixel is from the mean of the normal images, in standard deviations.

It serves where every part lies in the same place under the same light. There is no training framework in it:
the fit is a mean and a standard deviation, and the graph is put together by hand.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field
from attrs.validators import ge
from onnx import TensorProto, helper, numpy_helper

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors import ScorerGraph
from pyimgano_core.scoring import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from onnx import NodeProto

    from pyimgano_core.detectors import ImageSource
    from pyimgano_core.progress import Progress

_OPSET = 18


@define(frozen=True, kw_only=True)
class MeanImage:
    """Distance from the mean image.

    `window` is the side of the square over which the map is averaged, in pixels. `least_deviation` keeps
    pixels that hardly ever change from being too strict, in grey levels. `features` are not used here.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig)
    window: int = field(default=5, validator=ge(1))
    least_deviation: float = field(default=4.0, validator=ge(0.1))

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:  # noqa: ARG002
        """Learn mean and standard deviation of each pixel; see `pyimgano_core.detectors.Detector.fit`."""
        total, squares = np.zeros((2, *images.size, 3))
        for image in progress.track(iter(images), "mean image", len(images)):
            total += image
            squares += np.square(image, dtype=np.float64)
        mean = total / len(images)  # (H, W, 3)
        deviation = np.sqrt(np.maximum(squares / len(images) - mean**2, self.least_deviation**2))
        return ScorerGraph(
            model=_graph(mean, deviation, self.window),
            detector="mean_image",
            size=images.size,
            info={
                "score_unit": "standard deviations of a pixel of normal images",
                "score_reduction": "the largest value of the map",
            },
        )


def _graph(mean: NDArray[np.float64], deviation: NDArray[np.float64], window: int) -> bytes:
    """Return the ONNX file: uint8 images in, a score and a map each out."""
    height, width = mean.shape[:2]
    constants = {
        "mean": mean.astype(np.float32),
        "scale": (1 / deviation).astype(np.float32),
        "last": np.array([3]),
        "channel": np.array([1]),
        "sides": np.array([1, 2]),
    }
    graph = helper.make_graph(
        list(_nodes(window)),
        "mean_image",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["N", height, width]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)
    facts = {
        "pyimgano.format_version": str(FORMAT_VERSION),
        "pyimgano.detector": "mean_image",
        "pyimgano.size": f"{height}x{width}",
        "pyimgano.version": version("pyimgano-core"),
    }
    helper.set_model_props(model, facts)
    return bytes(model.SerializeToString(deterministic=True))


def _nodes(window: int) -> Iterator[NodeProto]:
    before = (window - 1) // 2
    pads = [before, before, window - 1 - before, window - 1 - before]

    def node(kind: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
        return helper.make_node(kind, inputs.split(), [output], **attributes)

    yield node("Cast", "image", "pixels", to=TensorProto.FLOAT)  # (N, H, W, 3)
    yield node("Sub", "pixels mean", "difference")
    yield node("Mul", "difference scale", "scaled")
    yield node("Mul", "scaled scaled", "squared")
    yield node("ReduceMean", "squared last", "distance", keepdims=0)  # (N, H, W)
    yield node("Unsqueeze", "distance channel", "channels")  # (N, 1, H, W)
    yield node("AveragePool", "channels", "pooled", kernel_shape=[window, window], pads=pads)
    yield node("Squeeze", "pooled channel", "smooth")
    yield node("Sqrt", "smooth", "anomaly_map")
    yield node("ReduceMax", "anomaly_map sides", "score", keepdims=0)  # (N,)

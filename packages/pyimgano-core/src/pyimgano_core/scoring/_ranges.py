"""The lowest and highest values of tensors inside a graph, over some images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.scoring._onnx import open_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def tensor_ranges(
    model: bytes, names: Sequence[str], images: Iterable[NDArray[np.uint8]]
) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest value of each tensor.

    Args:
        model: an ONNX file of our own making, in which the tensors are outputs.
        names: of the tensors.
        images: (H, W, 3) of the model's size, at least one.
    """
    session = open_session(model)
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for image in images:
        values = session.run(list(names), {"image": np.ascontiguousarray(image[None])})
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    return {name: (float(low[index]), float(high[index])) for index, name in enumerate(names)}

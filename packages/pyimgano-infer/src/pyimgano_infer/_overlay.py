"""A heat map over an image, for people: the verdict is in the numbers, never in this picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_OPAQUE = 0.65
_JPEG_LIMIT = 65_500
# From cool to hot: blue, cyan, yellow, red.
_STOPS = np.array([[40, 60, 190], [40, 200, 220], [250, 220, 60], [220, 30, 30]], dtype=np.float32)
_PALETTE = np.stack(
    [np.interp(np.linspace(0, 3, 256), np.arange(4), _STOPS[:, channel]) for channel in range(3)], axis=1
).astype(np.float32)  # (256, 3)


def draw(
    image: NDArray[np.uint8],
    anomaly_map: NDArray[np.float32],
    threshold: float | None,
    flagged: NDArray[np.bool_] | None = None,
    *,
    for_review: bool = False,
) -> NDArray[np.uint8]:
    """Return the image with its anomaly map on top: the hotter, the more opaque.

    With a positive pixel threshold the colours mean the same in every picture of a category: half of the
    threshold and less is clear, and the threshold is the middle. An image for review may stay below it
    everywhere, and a person must see where to look: its scale begins lower, so that its own highest value has
    at least the middle colour. Without a threshold, the colours run from the map's own minimum to its
    maximum. A white line runs round what is flagged.

    Args:
        image: (H, W, 3).
        anomaly_map: (H, W).
        threshold: the pixel threshold, on the map's scale.
        flagged: (H, W), the pixels that the threshold flags; None without one.
        for_review: whether the image is in the review band.

    Returns:
        (H, W, 3).
    """
    middle = threshold if threshold is None or not for_review else min(threshold, float(anomaly_map.max()))
    heat = _heat(anomaly_map, middle)  # (H, W), 0..1
    opacity = (_MOST_OPAQUE * heat)[:, :, None]
    colour = _PALETTE[(heat * 255).astype(np.uint8)]  # (H, W, 3)
    picture: NDArray[np.uint8] = (image * (1 - opacity) + colour * opacity + 0.5).astype(np.uint8)
    if flagged is not None:
        picture[_outline(flagged)] = 255
    return picture


def _heat(anomaly_map: NDArray[np.float32], middle: float | None) -> NDArray[np.float32]:
    low, span = float(anomaly_map.min()), float(anomaly_map.max() - anomaly_map.min())
    if middle is not None and middle > 0:
        low, span = middle / 2, middle
    heat: NDArray[np.float32] = np.clip((anomaly_map - low) / (span or 1.0), 0, 1).astype(np.float32)
    return heat


def _outline(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the marked pixels (H, W) that have an unmarked one beside, above or below them."""
    padded = np.pad(marked, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: NDArray[np.bool_] = marked & ~inner
    return edge


def suffix_for(size: tuple[int, int]) -> str:
    """Return `.jpg`, or `.png` where JPEG can't hold (height, width)."""
    return ".jpg" if max(size) <= _JPEG_LIMIT else ".png"


def encode(picture: NDArray[np.uint8], suffix: str) -> bytes:
    """Return a picture (H, W, 3) as a file in the format of `suffix`."""
    stream = io.BytesIO()
    if suffix == ".jpg":
        Image.fromarray(picture).save(stream, format="JPEG", quality=90)
    else:
        Image.fromarray(picture).save(stream, format="PNG", compress_level=1)
    return stream.getvalue()

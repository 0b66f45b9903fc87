"""Anomaly maps and masks as the bytes of files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_infer._products import MapFormat

_STEPS = 65_535  # of 16 bits


@define(frozen=True, kw_only=True)
class EncodedMap:
    """A map's file; where `scale` and `offset` are given, a value is `offset + scale * stored`."""

    content: bytes
    dtype: str
    scale: float | None = None
    offset: float | None = None


def encode_map(values: NDArray[np.float32], map_format: MapFormat) -> EncodedMap:
    """Return a map (H, W) as a file that `pyimgano_core.images.read_map` reads.

    `npy` and `tiff` (one page, uncompressed) hold its float32 values. `png` holds 16-bit grey from the map's
    lowest value to its highest, so no value is off by more than half of a 65,535th of their difference.
    """
    if map_format == "png":
        return _sixteen_bit(values)
    stream = io.BytesIO()
    if map_format == "npy":
        np.save(stream, values, allow_pickle=False)
    else:
        Image.fromarray(values).save(stream, format="TIFF")
    return EncodedMap(content=stream.getvalue(), dtype=str(values.dtype))


def _sixteen_bit(values: NDArray[np.float32]) -> EncodedMap:
    offset = float(values.min())
    scale = (float(values.max()) - offset) / _STEPS or 1.0  # any scale fits a map of one value
    stored = np.rint((values.astype(np.float64) - offset) / scale).astype(np.uint16)
    return EncodedMap(content=_png(Image.fromarray(stored)), dtype="uint16", scale=scale, offset=offset)


def encode_mask(flagged: NDArray[np.bool_]) -> bytes:
    """Return a mask (H, W) as an 8-bit grey PNG of 0 and 255."""
    return _png(Image.fromarray(flagged.astype(np.uint8) * np.uint8(255)))


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=1)
    return stream.getvalue()

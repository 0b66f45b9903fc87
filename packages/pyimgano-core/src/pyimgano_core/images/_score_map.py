"""Read an anomaly map that is stored in a file: NumPy arrays, and TIFF and PNG with one value per pixel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyimgano_core.errors import ImageError
from pyimgano_core.images._file import decode, opened
from pyimgano_core.words import number_of

if TYPE_CHECKING:
    from PIL import Image

ScoreMap: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

MAP_EXTENSIONS = (".npy", ".tif", ".tiff", ".png")
_MODES = ("L", "I;16", "I;16L", "I;16B", "I", "F")
_NOT_THAT_LONG = 8  # what Windows says where more is to be mapped than the file holds
_DIMENSIONS = 2
_FLOAT32_KINDS = ("b1", "u1", "u2", "i1", "i2", "f2", "f4")  # float32 holds all of their values
_FLOAT64_KINDS = ("u4", "i4", "f8")


def read_map(path: Path | str) -> ScoreMap:
    """Return the anomaly map in a file, its values as they are stored.

    Args:
        path: `.npy` with (H, W) numbers (axes of length 1 around them are dropped), or `.tif`, `.tiff` or
            `.png` with one channel of 8 or 16 bits, or of 32-bit integers or floats.

    Returns:
        float32 (H, W), or float64 where float32 does not hold the stored type.

    Raises:
        ImageError: the file can't be used; the codes are those of images, and `unsupported_map` for
            what is no map and `non_finite` for NaN and infinity.
    """
    path = Path(path)
    if path.suffix.lower() not in MAP_EXTENSIONS:
        raise ImageError("unsupported_map", path, f"is no map: its name must end in {_listed()}")
    stored = _from_numpy(path) if path.suffix.lower() == ".npy" else _from_image(path)
    values = _as_float(path, stored)
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise ImageError(
            "non_finite", path, f"holds {number_of(bad, 'value that is', 'values that are')} NaN or infinite"
        )
    return values


def _listed() -> str:
    return ", ".join(MAP_EXTENSIONS)


def _from_numpy(path: Path) -> NDArray[Any]:
    try:
        if not path.is_file():
            raise ImageError("not_found", path, "does not exist, or is no file")
        # Mapped, so that a header that promises more than the file holds costs no memory.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        stored: NDArray[Any] = np.array(mapped)
    except (ValueError, EOFError) as exc:
        raise ImageError("corrupt", path, f"is no NumPy array that can be read: {exc}") from exc
    except OSError as exc:
        if getattr(exc, "winerror", None) == _NOT_THAT_LONG:
            raise ImageError("corrupt", path, "is no NumPy array that can be read: it is torn") from exc
        raise ImageError("storage_error", path, f"could not be read: {exc.strerror or exc}") from exc
    return stored


def _from_image(path: Path) -> NDArray[Any]:
    with opened(path) as (image, _):
        _require_one_channel(path, image)
        decode(image)
        return np.array(image)


def _require_one_channel(path: Path, image: Image.Image) -> None:
    if image.mode not in _MODES:
        message = f"has pixels of type {image.mode!r}: a map has one number per pixel, not a colour"
        raise ImageError("unsupported_map", path, message)


def _as_float(path: Path, stored: NDArray[Any]) -> ScoreMap:
    """Return (H, W) numbers; no value is rounded."""
    inner = stored.reshape([length for length in stored.shape if length != 1])
    values = inner if inner.ndim == _DIMENSIONS else stored
    if values.ndim != _DIMENSIONS or not values.size:
        raise ImageError("unsupported_map", path, f"has the shape {stored.shape}; a map has (H, W)")
    kind = stored.dtype.str[1:]
    if kind in _FLOAT32_KINDS:
        return values.astype(np.float32)
    if kind in _FLOAT64_KINDS:
        return values.astype(np.float64)
    message = f"holds values of type {stored.dtype}; save them as float32 or float64"
    raise ImageError("unsupported_map", path, message)

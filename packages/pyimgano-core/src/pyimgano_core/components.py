"""8-connected components of a mask: the one definition of a region, for AUPRO and for defect regions.

Connectivity matters: with 4-connected regions AUPRO differs by hundredths. This is the only module that
imports scikit-image, and it does so when a mask is cut: thresholds and rates are needed without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    import numpy.typing as npt


def label_regions(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    """Number the 8-connected regions of a mask.

    Args:
        mask: (H, W), bool.

    Returns:
        The labels (H, W), 0 for the background and 1 to `count` in raster order of each region's first pixel,
        and the count.

    Raises:
        MachineError: scikit-image is not installed.
        ValueError: the mask is not a two-dimensional bool array.
    """
    try:
        from skimage import measure  # noqa: PLC0415 - needs the extra `skimage`
    except ImportError as exc:
        raise MachineError(
            "regions need scikit-image, which is not installed: pip install 'pyimgano-core[skimage]'"
        ) from exc
    if mask.ndim != 2 or mask.dtype != np.bool_:  # noqa: PLR2004 - height and width
        raise ValueError(f"a mask is (H, W) of bool, not {mask.shape} of {mask.dtype}")
    labels, count = measure.label(mask, connectivity=2, return_num=True)  # type: ignore[no-untyped-call]
    return labels.astype(np.int32, copy=False), int(count)


def keep_large(mask: npt.NDArray[np.bool_], minimum_area: int) -> npt.NDArray[np.bool_]:
    """Return the pixels of a mask (H, W) whose 8-connected region has at least `minimum_area` of them.

    Raises:
        MachineError: the area is above 1 and scikit-image is not installed.
        ValueError: the mask is not a two-dimensional bool array.
    """
    if minimum_area == 1:
        return mask
    labels, count = label_regions(mask)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= minimum_area
    large[0] = False  # the background
    return large[labels]


def number_pixels(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Number the pixels of a mask by their 8-connected region, which costs less than `label_regions`.

    Args:
        mask: (H, W), bool.

    Returns:
        The index of each True pixel's region, from 0, in raster order (P,), and the regions' areas (R,).

    Raises:
        MachineError: scikit-image is not installed.
        ValueError: the mask is not a two-dimensional bool array.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if len(rows):  # most of a mask is empty
        mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    labels, count = label_regions(mask)
    region = labels[mask] - np.int32(1)
    return region, np.bincount(region, minlength=count).astype(np.int64, copy=False)

"""The sketch of an evaluation: what intervals, other limits and other groupings need, with no map in it.

Per image it holds two histograms, of its normal and of its defect pixels, and the overlap that its regions
gain per bin (a pixel weighs 1 / the area of its region). What a deployed threshold flags is counted apart.
Images are sorted by name, so that equal images give equal sketches, in whatever order and shards they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import define

if TYPE_CHECKING:
    from collections.abc import Sequence

PER_IMAGE = ("names", "groups", "scores", "anomalous", "normal", "defect", "overlap", "regions")
PER_IMAGE_IF_ASKED = ("saturated", "flagged")
SHARED = ("edges",)
SHARED_IF_ASKED = ("saturation", "pixel_threshold", "minimum_area")


@define(frozen=True, kw_only=True, eq=False)
class ScoredImage:
    """One image as a sketch takes it; `scores` and `mask` are both None where it has no pixel metrics.

    `name` tells it from every other image; `group` ties images together that are not independent, and None or
    an empty one leaves the image on its own. Pixels outside of `counted` do not count; None counts all.
    """

    name: str
    score: float
    anomalous: bool
    scores: npt.ArrayLike | None = None  # (H, W), at the mask's size
    mask: npt.NDArray[np.bool_] | None = None  # (H, W), True on defects
    group: str | None = None
    counted: npt.NDArray[np.bool_] | None = None  # (H, W)


@define(frozen=True, kw_only=True, eq=False)
class Sketch:
    """Per-image histograms of pixels, and the images' scores; bin b runs from edge b-1 up to below edge b.

    `saturated` is there with a `saturation`: of each region only its highest scores count, as many as that
    share of its area (rounded down, at least one) and each weighing 1 / their number. `flagged` is there with
    a `pixel_threshold`: the normal pixels, the defect pixels and the overlap at or above it, in 8-connected
    regions of at least `minimum_area` flagged pixels.
    """

    names: npt.NDArray[np.str_]  # (N,) ascending, distinct
    groups: npt.NDArray[np.str_]  # (N,) empty for an image that is a group of its own
    scores: npt.NDArray[np.float64]  # (N,)
    anomalous: npt.NDArray[np.bool_]  # (N,)
    edges: npt.NDArray[np.float64]  # (E,) strictly ascending
    normal: npt.NDArray[np.uint32]  # (N, E + 1) pixels outside defects
    defect: npt.NDArray[np.uint32]  # (N, E + 1) pixels on defects
    overlap: npt.NDArray[np.float64]  # (N, E + 1) summed share of their regions
    regions: npt.NDArray[np.int64]  # (N,)
    saturation: float | None = None
    saturated: npt.NDArray[np.float64] | None = None  # (N, E + 1) as `overlap`
    pixel_threshold: float | None = None
    minimum_area: int | None = None
    flagged: npt.NDArray[np.float64] | None = None  # (N, 3)

    @property
    def units(self) -> npt.NDArray[np.str_]:
        """What is drawn together has the same word, (N,); no group is taken for an image of its name."""
        alone = self.groups == ""
        return np.char.add(np.where(alone, "image ", "group "), np.where(alone, self.names, self.groups))

    @property
    def clean(self) -> npt.NDArray[np.bool_]:
        """Which images are normal ones with a map: those whose false alarms AUPIMO counts, (N,)."""
        clean: npt.NDArray[np.bool_] = ~self.anomalous & self.normal.any(axis=1)
        return clean


def merge_sketches(sketches: Sequence[Sketch]) -> Sketch:
    """Return one sketch of the images of several; the order of the sketches is of no matter.

    Raises:
        ValueError: there is none, their edges, saturations, pixel thresholds or minimum areas differ, or an
            image is in two of them.
    """
    if not sketches:
        raise ValueError("there is no sketch to merge")
    first = sketches[0]
    for name in SHARED + SHARED_IF_ASKED:
        if any(not np.array_equal(getattr(first, name), getattr(sketch, name)) for sketch in sketches):
            raise ValueError(f"sketches of different {name!r} can't be merged: make them with the same")
    names = np.concatenate([sketch.names for sketch in sketches])
    order = np.argsort(names)
    if (names[order[1:]] == names[order[:-1]]).any():
        raise ValueError("two images of a sketch share a name")
    stacked: dict[str, Any] = {
        name: None
        if getattr(first, name) is None
        else np.concatenate([getattr(sketch, name) for sketch in sketches])[order]
        for name in PER_IMAGE + PER_IMAGE_IF_ASKED
    }
    shared: dict[str, Any] = {name: getattr(first, name) for name in SHARED + SHARED_IF_ASKED}
    return Sketch(**stacked, **shared)

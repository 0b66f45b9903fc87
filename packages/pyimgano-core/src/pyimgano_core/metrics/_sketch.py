"""The sketch of an evaluation: what intervals, other limits and other groupings need, with no map in it.

Per image it holds two histograms, of its normal and of its defect pixels, and the overlap that its regions
gain per bin (a pixel weighs 1 / the area of its region). The edges are quantiles of all defect pixels, where
every metric has its steps; where the distinct scores of defect pixels are few, a bin holds one of them and
the metrics are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define, fields

from pyimgano_core.metrics._overlap import find_defects
from pyimgano_core.metrics._scores import as_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.metrics._scores import Scores

EDGES = 4096


@define(frozen=True, kw_only=True, eq=False)
class ScoredImage:
    """One image as a sketch takes it; `scores` and `mask` are both None where it has no pixel metrics.

    `name` tells it from every other image; `group` ties images together that are not independent.
    """

    name: str
    score: float
    anomalous: bool
    scores: npt.ArrayLike | None = None  # (H, W), at the mask's size
    mask: npt.NDArray[np.bool_] | None = None  # (H, W), True on defects
    group: str | None = None


@define(frozen=True, kw_only=True, eq=False)
class Sketch:
    """Per-image histograms of pixels, and the images' scores; bin b runs from edge b-1 up to below edge b."""

    names: npt.NDArray[np.str_]  # (N,) distinct
    groups: npt.NDArray[np.str_]  # (N,) an image without a group is one of its own, named by itself
    scores: npt.NDArray[np.float64]  # (N,)
    anomalous: npt.NDArray[np.bool_]  # (N,)
    edges: npt.NDArray[np.float64]  # (E,) strictly ascending
    normal: npt.NDArray[np.uint32]  # (N, E + 1) pixels outside defects
    defect: npt.NDArray[np.uint32]  # (N, E + 1) pixels on defects
    overlap: npt.NDArray[np.float64]  # (N, E + 1) summed share of their regions
    regions: npt.NDArray[np.int64]  # (N,)


@define(frozen=True, kw_only=True, eq=False)
class _Row:
    """What a sketch keeps of one image."""

    name: str
    group: str
    score: float
    anomalous: bool
    normal: npt.NDArray[np.uint32]
    defect: npt.NDArray[np.uint32]
    overlap: npt.NDArray[np.float64]
    regions: int


def quantile_edges(positives: npt.ArrayLike, limit: int = EDGES) -> npt.NDArray[np.float64]:
    """Return the edges, at most `limit`, on which pixels are counted.

    Where half of `limit` suffices for all distinct scores, each has a bin to itself. Otherwise each bin holds
    about the same number of positives, with its edges halfway between two scores, and a score that is more
    frequent than that has a bin to itself.

    Args:
        positives: (P,), the scores of all defect pixels of all images, in any order.
        limit: at least 2.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite.
    """
    values, counts = np.unique(as_scores(positives).astype(np.float64) + 0.0, return_counts=True)
    if 2 * len(values) <= limit:
        return _pairs(values)
    starts = np.arange(limit) * int(counts.sum()) // limit
    at, boundaries = np.unique(np.searchsorted(counts.cumsum(), starts, "right"), return_counts=True)
    heavy = values[at[boundaries > 1]]
    light = at[boundaries == 1]
    before, after = values[np.maximum(light - 1, 0)], values[light]
    between = np.maximum(before / 2 + after / 2, np.nextafter(before, np.inf))
    return np.union1d(np.where(light > 0, between, after), _pairs(heavy))


def make_sketch(images: Sequence[ScoredImage], edges: npt.NDArray[np.float64] | None = None) -> Sketch:
    """Return the sketch of `images`.

    Args:
        images: walked twice where `edges` are not given, else once; a sequence that reads its maps as it is
            walked keeps only one of them in memory.
        edges: from `quantile_edges`, where the images are a shard of more: only equal edges can be merged.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite.
        ValueError: a mask is missing, or not of its map's shape or not bool, or two images share a name.
        MachineError: an image has a mask and scikit-image is not installed.
    """
    if edges is None:
        parts = [_positives(image) for image in images]
        edges = quantile_edges(np.concatenate([np.empty(0, np.float32), *parts]))
    rows = [_count(image, edges) for image in images]
    shape = (len(rows), len(edges) + 1)
    sketch = Sketch(
        names=np.array([row.name for row in rows], np.str_),
        groups=np.array([row.group for row in rows], np.str_),
        anomalous=np.array([row.anomalous for row in rows], np.bool_),
        scores=as_scores([row.score for row in rows]).astype(np.float64),
        edges=edges,
        normal=np.array([row.normal for row in rows], np.uint32).reshape(shape),
        defect=np.array([row.defect for row in rows], np.uint32).reshape(shape),
        overlap=np.array([row.overlap for row in rows], np.float64).reshape(shape),
        regions=np.array([row.regions for row in rows], np.int64),
    )
    _check_names(sketch)
    return sketch


def merge_sketches(sketches: Sequence[Sketch]) -> Sketch:
    """Return one sketch of the images of several, in their order.

    Raises:
        ValueError: there is none, their edges differ, or an image is in two of them.
    """
    if not sketches:
        raise ValueError("there is no sketch to merge")
    edges = sketches[0].edges
    if any(not np.array_equal(edges, sketch.edges) for sketch in sketches):
        raise ValueError("sketches on different edges can't be merged: give make_sketch the same edges")
    names = [field.name for field in fields(Sketch) if field.name != "edges"]
    merged = {name: np.concatenate([getattr(sketch, name) for sketch in sketches]) for name in names}
    whole = Sketch(edges=edges, **merged)
    _check_names(whole)
    return whole


def _pairs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the two edges of each value's own bin."""
    return np.union1d(values, np.minimum(np.nextafter(values, np.inf), np.finfo(np.float64).max))


def _map_of(image: ScoredImage) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """Return the scores and the mask, both empty where the image has none."""
    if image.scores is None and image.mask is None:
        return np.empty((0, 0), np.float32), np.empty((0, 0), np.bool_)
    if image.scores is None or image.mask is None:
        raise ValueError(f"image {image.name!r} has a map without a mask, or a mask without a map")
    scores = as_scores(image.scores)
    if scores.shape != image.mask.shape or image.mask.dtype != np.bool_:
        given = f"scores {scores.shape} and mask {image.mask.shape} of {image.mask.dtype}"
        raise ValueError(f"image {image.name!r}: {given} are not a map and its bool mask")
    return scores, image.mask


def _positives(image: ScoredImage) -> Scores:
    scores, mask = _map_of(image)
    return scores[mask]


def _count(image: ScoredImage, edges: npt.NDArray[np.float64]) -> _Row:
    scores, mask = _map_of(image)
    width = len(edges) + 1
    ordered = np.sort(scores[~mask])  # sorted values cost less than a search per pixel
    below = np.searchsorted(ordered, edges, "left")
    defect, overlap, regions = np.zeros(width, np.uint32), np.zeros(width, np.float64), 0
    if mask.any():
        found = find_defects(scores, mask)
        bins = np.searchsorted(edges, found.scores, "right")
        defect = np.bincount(bins, minlength=width).astype(np.uint32)
        np.add.at(overlap, bins, 1.0 / found.areas[found.region])
        regions = len(found.areas)
    return _Row(
        name=image.name,
        group=image.group or image.name,
        score=float(image.score),
        anomalous=bool(image.anomalous),
        normal=np.diff(below, prepend=0, append=len(ordered)).astype(np.uint32),
        defect=defect,
        overlap=overlap,
        regions=regions,
    )


def _check_names(sketch: Sketch) -> None:
    if len(np.unique(sketch.names)) != len(sketch.names):
        raise ValueError("two images of a sketch share a name")

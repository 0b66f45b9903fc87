"""Making sketches, one image at a time.

The bins need the scores of all defect pixels, so that normal pixels wait on disk until all images were seen,
each image's sorted by value. Memory is the defect pixels and one image.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.metrics._decisions import PixelDecisionAccumulator
from pyimgano_core.metrics._limits import check_minimum_area, check_saturation
from pyimgano_core.metrics._overlap import Defects, find_defects, saturate
from pyimgano_core.metrics._scores import as_scores, check_counted, check_label, check_mask
from pyimgano_core.metrics._sketch import ScoredImage, Sketch
from pyimgano_core.metrics._sketch_edges import EDGES, check_edges, edges_for, quantile_edges
from pyimgano_core.metrics._spool import Chunk, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyimgano_core.metrics._scores import Scores
    from pyimgano_core.metrics._sketch_curves import Floats


@define(frozen=True, kw_only=True, eq=False)
class _Waiting:
    """One image until the edges are known."""

    score: float
    anomalous: bool
    group: str
    normals: Chunk | None  # sorted scores; None where the image has no map
    defects: Defects | None
    flagged: tuple[float, float, float]  # normal pixels, defect pixels, overlap


class SketchAccumulator:
    """Gathers scored images and gives their sketch; the order in which they come is of no matter.

    Args:
        pixel_threshold: the deployed one, for the metrics at it; None for none.
        minimum_area: flagged 8-connected regions of fewer pixels don't count.
        saturation: the share of a region that AU-sPRO asks for, above 0, at most 1; None for no AU-sPRO.
        edges: the most that bins may have, at least 2; fewer are used where images are more than 2,048, so
            that memory stays bounded. Or the edges themselves, from `quantile_edges`, where the images are a
            shard of more: only sketches on equal edges can be merged.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        *,
        pixel_threshold: float | None = None,
        minimum_area: int = 1,
        saturation: float | None = None,
        edges: int | Floats = EDGES,
    ) -> None:
        check_saturation(saturation)
        if pixel_threshold is not None and not np.isfinite(pixel_threshold):
            raise ValueError(f"a pixel threshold is a finite number, not {pixel_threshold}")
        check_minimum_area(minimum_area)
        self._pixel_threshold = None if pixel_threshold is None else float(pixel_threshold)
        self._minimum_area = None if pixel_threshold is None else minimum_area
        self._saturation = None if saturation is None else float(saturation)
        self._edges = check_edges(edges)
        self._spool = Spool()
        self._images: dict[str, _Waiting] = {}

    def update(self, image: ScoredImage) -> None:
        """Add one image; on an error nothing is added.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the mask is missing, or not of its map's shape, or not bool, or not empty though the
                image is normal, or no pixel counts, or the name is taken, or the name or the group holds a
                NUL.
            MachineError: the disk is full, or the mask has defects and scikit-image is not installed.
        """
        self._check_words(image)
        if (image.scores is None) != (image.mask is None):
            raise ValueError(f"image {image.name!r} has a map without a mask, or a mask without a map")
        score = float(as_scores([image.score], image.name)[0])
        normals, defects, flagged = None, None, (0.0, 0.0, 0.0)
        if image.scores is not None and image.mask is not None:
            scores = as_scores(image.scores, image.name)
            check_mask(scores, image.mask)
            check_counted(image.mask, image.counted)
            mask = image.mask if image.counted is None else image.mask & image.counted
            clean = ~mask if image.counted is None else image.counted & ~mask
            defective = bool(mask.any())
            check_label(image.name, anomalous=image.anomalous, defective=defective)
            defects = find_defects(scores, mask) if defective else None
            flagged = self._flag(scores, image, 0 if defects is None else len(defects.areas))
            normals = self._spool.append(np.sort(scores[clean]))
        self._images[image.name] = _Waiting(
            score=score,
            anomalous=bool(image.anomalous),
            group=image.group or "",
            normals=normals,
            defects=defects,
            flagged=flagged,
        )

    def result(self) -> Sketch:
        """Return the sketch of all images so far; more may follow."""
        names = sorted(self._images)
        images = [self._images[name] for name in names]
        edges = self._choose_edges(images)
        found = _DefectHistograms([image.defects for image in images], edges)
        flagged = np.array([image.flagged for image in images], np.float64).reshape(-1, 3)
        saturation = self._saturation
        return Sketch(
            names=np.array(names, np.str_),
            groups=np.array([image.group for image in images], np.str_),
            scores=np.array([image.score for image in images], np.float64),
            anomalous=np.array([image.anomalous for image in images], np.bool_),
            edges=edges,
            normal=_normal_histograms([image.normals for image in images], edges),
            defect=found.add_up(lambda defects: np.ones(len(defects.scores))).astype(np.uint32),
            overlap=found.add_up(lambda defects: 1.0 / defects.areas[defects.region]),
            regions=np.array([0 if i.defects is None else len(i.defects.areas) for i in images], np.int64),
            saturation=saturation,
            saturated=None if saturation is None else found.add_up(partial(_saturated_shares, saturation)),
            pixel_threshold=self._pixel_threshold,
            minimum_area=self._minimum_area,
            flagged=None if self._pixel_threshold is None else flagged,
        )

    def _check_words(self, image: ScoredImage) -> None:
        if image.name in self._images:
            raise ValueError(f"two images of a sketch share a name: {image.name!r}")
        for word in (image.name, image.group or ""):
            if "\0" in word:  # an array of words loses those at the end
                raise ValueError(f"the name or the group of an image holds a NUL: {word!r}")

    def _choose_edges(self, images: list[_Waiting]) -> Floats:
        if not isinstance(self._edges, int):
            return self._edges
        positives = [image.defects.scores for image in images if image.defects is not None]
        limit = edges_for(len(images), self._edges)
        return quantile_edges(np.concatenate([np.empty(0, np.float32), *positives]), limit)

    def _flag(self, scores: Scores, image: ScoredImage, regions: int) -> tuple[float, float, float]:
        """Count normal pixels, defect pixels and overlap at or above the pixel threshold."""
        if self._pixel_threshold is None or self._minimum_area is None or image.mask is None:
            return (0.0, 0.0, 0.0)
        accumulator = PixelDecisionAccumulator(self._pixel_threshold, self._minimum_area)
        accumulator.update(scores, image.mask, counted=image.counted)
        decisions = accumulator.result()
        return decisions.confusion.fp, decisions.confusion.tp, (decisions.pro.value or 0.0) * regions


def _normal_histograms(chunks: Sequence[Chunk | None], edges: Floats) -> npt.NDArray[np.uint32]:
    histograms = np.zeros((len(chunks), len(edges) + 1), np.uint32)
    for row, chunk in zip(histograms, chunks, strict=True):
        if chunk is not None:
            below = np.searchsorted(chunk.read(), edges, "left")
            row[:] = np.diff(below, prepend=0, append=chunk.count)
    return histograms


class _DefectHistograms:
    """Sums over the defect pixels of each image and bin."""

    def __init__(self, images: Sequence[Defects | None], edges: Floats) -> None:
        self._images = images
        self._width = len(edges) + 1
        self._bins = [None if i is None else np.searchsorted(edges, i.scores, "right") for i in images]

    def add_up(self, weigh: Callable[[Defects], Floats]) -> Floats:
        """Return the sums of the pixels' weights, (N, E + 1)."""
        histograms = np.zeros((len(self._images), self._width))
        for row, defects, bins in zip(histograms, self._images, self._bins, strict=True):
            if defects is not None and bins is not None:
                row[:] = np.bincount(bins, weigh(defects), minlength=self._width)
        return histograms


def _saturated_shares(saturation: float, defects: Defects) -> Floats:
    """Return what each pixel adds to its region's saturated overlap, (P,)."""
    sufficient = saturate(defects.areas, saturation)  # (R,)
    region = defects.region
    from_top = defects.areas.cumsum()[region] - 1 - np.arange(len(region))  # regions ascend, one by one
    shares: Floats = (from_top < sufficient[region]) / sufficient[region]
    return shares

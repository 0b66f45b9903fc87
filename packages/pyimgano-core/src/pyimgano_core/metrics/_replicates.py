"""The metrics of a sketch under many weightings of its images at once.

A replicate is a row of counts, how often each image was drawn; its histograms are a matrix product. Positives
and negatives of a bin count as tied, except that average precision spreads the positives of a bin of several
scores evenly over it: the error of either is of second order in a bin's share of the positives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import define

if TYPE_CHECKING:
    from pyimgano_core.metrics._sketch import Sketch

MetricName: TypeAlias = Literal[
    "image_auroc",
    "image_average_precision",
    "image_f1_max",
    "pixel_auroc",
    "pixel_average_precision",
    "pixel_f1_max",
    "aupro",
]
Floats: TypeAlias = npt.NDArray[np.float64]


@define(frozen=True, kw_only=True, eq=False)
class Table:
    """A sketch laid out for the products; bins from the highest score down."""

    normal: Floats  # (N, B)
    defect: Floats  # (D, B) of the images with defects alone
    overlap: Floats  # (D, B)
    regions: Floats  # (D,)
    rows: npt.NDArray[np.intp]  # (D,) which images those are
    single: npt.NDArray[np.bool_]  # (B,) bins that can hold one score only
    order: npt.NDArray[np.intp]  # (N,) images from the highest score down
    starts: npt.NDArray[np.intp]  # (L,) where each distinct score begins in that order
    anomalous: npt.NDArray[np.bool_]  # (N,) in that order


def tabulate(sketch: Sketch) -> Table:
    """Return the table of a sketch with at least one image."""
    rows = np.flatnonzero(sketch.regions)
    single = np.zeros(len(sketch.edges) + 1, np.bool_)
    single[1:-1] = sketch.edges[1:] == np.nextafter(sketch.edges[:-1], np.inf)
    order = np.argsort(-sketch.scores, kind="stable")
    return Table(
        normal=_descending(sketch.normal),
        defect=_descending(sketch.defect[rows]),
        overlap=_descending(sketch.overlap[rows]),
        regions=sketch.regions[rows].astype(np.float64),
        rows=rows,
        single=single[::-1],
        order=order,
        starts=np.flatnonzero(np.diff(sketch.scores[order], prepend=np.inf)),
        anomalous=sketch.anomalous[order],
    )


def weighted_metrics(table: Table, draws: Floats, limit: float) -> dict[MetricName, Floats]:
    """Return each metric of each replicate, (R,), NaN where it is undefined.

    Args:
        table: of N images.
        draws: (R, N), whole numbers from 0: how often each image counts.
        limit: of AUPRO, above 0, at most 1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # of replicates without positives or negatives
        image = _image_curves(table, draws)
        pixel = _Curves(draws @ table.normal, draws[:, table.rows] @ table.defect, table.single)
        overlap = draws[:, table.rows] @ table.overlap
        n_regions = draws[:, table.rows] @ table.regions
        return {
            "image_auroc": image.auroc(),
            "image_average_precision": image.average_precision(),
            "image_f1_max": image.f1_max(),
            "pixel_auroc": pixel.auroc(),
            "pixel_average_precision": pixel.average_precision(),
            "pixel_f1_max": pixel.f1_max(),
            "aupro": np.einsum("rb,rb->r", overlap, pixel.gain(limit)) / n_regions,
        }


def _descending(histograms: npt.NDArray[np.generic]) -> Floats:
    return np.ascontiguousarray(histograms[:, ::-1], np.float64)


def _image_curves(table: Table, draws: Floats) -> _Curves:
    drawn = draws[:, table.order]
    normal, anomalous = drawn * ~table.anomalous, drawn * table.anomalous
    return _Curves(
        np.add.reduceat(normal, table.starts, axis=1),
        np.add.reduceat(anomalous, table.starts, axis=1),
        np.ones(len(table.starts), np.bool_),
    )


class _Curves:
    """What lies in and above each bin, per replicate; bins from the highest score down."""

    def __init__(self, negatives: Floats, positives: Floats, single: npt.NDArray[np.bool_]) -> None:
        self.negatives = negatives  # (R, B)
        self.positives = positives  # (R, B)
        self.single = single  # (B,)
        self.at_least = negatives.cumsum(axis=1)  # (R, B) negatives down to the end of the bin
        self.found = positives.cumsum(axis=1)  # (R, B) positives, likewise
        self.n_negatives = self.at_least[:, -1]  # (R,)
        self.n_positives = self.found[:, -1]  # (R,)

    def auroc(self) -> Floats:
        above = self.at_least - self.negatives / 2
        missed = np.einsum("rb,rb->r", above, self.positives)
        area: Floats = 1.0 - missed / (self.n_positives * self.n_negatives)
        return area

    def average_precision(self) -> Floats:
        spread = np.where(self.single, 0.0, 0.5)  # (B,)
        found = self.found - spread * np.maximum(self.positives - 1.0, 0.0)
        flagged = found + self.at_least - spread * self.negatives
        precision = found / np.maximum(flagged, 1.0)
        gained = np.einsum("rb,rb->r", precision, self.positives)
        mean: Floats = np.where(self.n_negatives > 0, gained / self.n_positives, np.nan)
        return mean

    def f1_max(self) -> Floats:
        best = (2 * self.found / (self.found + self.at_least + self.n_positives[:, None])).max(axis=1)
        value: Floats = np.where((self.n_negatives > 0) & (self.n_positives > 0), best, np.nan)
        return value

    def gain(self, limit: float) -> Floats:
        """Return the area under AUPRO that a pixel of each bin adds, as a share of `limit`, (R, B)."""
        high = self.at_least / self.n_negatives[:, None]
        width = self.negatives / self.n_negatives[:, None]
        left = np.maximum(limit - high + width, 0.0)  # from the start of the bin's ramp to the limit
        cut = left**2 / (2 * np.where(width > 0, width, 1.0))
        area: Floats = np.where(high <= limit, left - width / 2, cut)
        return area / limit

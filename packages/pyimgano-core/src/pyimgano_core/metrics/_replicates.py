"""All metrics of a sketch under many weightings of its images at once.

A replicate is a row of counts, how often each image was drawn; its histograms are a matrix product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define, field
from attrs.validators import and_, ge, gt, le, lt

from pyimgano_core.metrics._limits import check_log_limits
from pyimgano_core.metrics._sketch_curves import Curves, Floats, logarithmic_gain

if TYPE_CHECKING:
    from pyimgano_core.metrics._names import MetricName
    from pyimgano_core.metrics._sketch import Sketch

_MIN_TPR = 0.95  # of FPR at 95 % TPR


@define(frozen=True, kw_only=True)
class SketchOptions:
    """The limits of the metrics of a sketch, all of them free to differ from those of the evaluation.

    `aupro_limit` is the false-positive rate at which AUPRO and AU-sPRO end and `aupimo_limits` are those
    between which AUPIMO runs. `false_alarm_limit` is the false-positive rate of `tpr_at_fpr` and `miss_limit`
    the miss rate of `normals_passed`.
    """

    aupro_limit: float = field(default=0.3, validator=and_(gt(0.0), le(1.0)))
    aupimo_limits: tuple[float, float] = field(default=(1e-5, 1e-4))
    false_alarm_limit: float = field(default=0.05, validator=and_(ge(0.0), le(1.0)))
    miss_limit: float = field(default=0.05, validator=and_(ge(0.0), lt(1.0)))

    @aupimo_limits.validator
    def _limits_rise(self, _attribute: object, value: tuple[float, float]) -> None:
        check_log_limits(value)


@define(frozen=True, kw_only=True, eq=False)
class Table:
    """A sketch laid out for the products; bins from the highest score down, D images with defects."""

    normal: Floats  # (N, B)
    clean: Floats  # (N,) 1 / the pixels of a normal image, 0 of others
    defect: Floats  # (D, B)
    overlap: Floats  # (D, B)
    saturated: Floats | None  # (D, B)
    regions: Floats  # (D,)
    rows: npt.NDArray[np.intp]  # (D,) which images those are
    flagged: Floats | None  # (N, 3) normal pixels, defect pixels, overlap
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
        clean=_per_pixel(sketch),
        defect=_descending(sketch.defect[rows]),
        overlap=_descending(sketch.overlap[rows]),
        saturated=None if sketch.saturated is None else _descending(sketch.saturated[rows]),
        regions=sketch.regions[rows].astype(np.float64),
        rows=rows,
        flagged=sketch.flagged,
        single=single[::-1],
        order=order,
        starts=np.flatnonzero(np.diff(sketch.scores[order], prepend=np.inf)),
        anomalous=sketch.anomalous[order],
    )


def weighted_metrics(table: Table, draws: Floats, options: SketchOptions) -> dict[MetricName, Floats]:
    """Return each metric of each replicate, (R,), NaN where it is undefined.

    Args:
        table: of N images.
        draws: (R, N), whole numbers from 0: how often each image counts.
        options: the limits.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # of replicates without positives or negatives
        return _image_metrics(table, draws, options) | _pixel_metrics(table, draws, options)


def _descending(histograms: npt.NDArray[np.generic]) -> Floats:
    return np.ascontiguousarray(histograms[:, ::-1], np.float64)


def _per_pixel(sketch: Sketch) -> Floats:
    sizes = sketch.normal.sum(axis=1)  # (N,)
    return np.where(sketch.clean, 1.0 / np.maximum(sizes, 1), 0.0)


def _image_metrics(table: Table, draws: Floats, options: SketchOptions) -> dict[MetricName, Floats]:
    drawn = draws[:, table.order]
    normal, anomalous = drawn * ~table.anomalous, drawn * table.anomalous
    curves = Curves(
        np.add.reduceat(normal, table.starts, axis=1),
        np.add.reduceat(anomalous, table.starts, axis=1),
        np.ones(len(table.starts), np.bool_),
    )
    return {
        "auroc": curves.auroc(),
        "average_precision": curves.average_precision(),
        "f1_max": curves.f1_max(),
        "tpr_at_fpr": curves.most_found(options.false_alarm_limit),
        "fpr_at_tpr": curves.fewest_alarms(_MIN_TPR),
        "normals_passed": curves.most_passed(options.miss_limit),
    }


def _pixel_metrics(table: Table, draws: Floats, options: SketchOptions) -> dict[MetricName, Floats]:
    drawn = draws[:, table.rows]  # (R, D)
    n_regions = drawn @ table.regions  # (R,)
    curves = Curves(draws @ table.normal, drawn @ table.defect, table.single)
    gain = curves.gain(options.aupro_limit)
    metrics: dict[MetricName, Floats] = {
        "pixel_auroc": curves.auroc(),
        "pixel_average_precision": curves.average_precision(),
        "pixel_f1_max": curves.f1_max(),
        "aupro": np.einsum("rb,rb->r", drawn @ table.overlap, gain) / n_regions,
        "aupimo": _per_image_overlap(table, draws, options.aupimo_limits),
    }
    if table.saturated is not None:
        metrics["au_spro"] = np.einsum("rb,rb->r", drawn @ table.saturated, gain) / n_regions
    if table.flagged is not None:
        alarms, hits, overlap = (draws @ table.flagged).T  # (R,) each
        total = np.where(curves.n_positives > 0, curves.n_positives, np.nan)
        metrics["pixel_pro"] = overlap / n_regions
        metrics["pixel_iou"] = hits / (alarms + total)
        metrics["pixel_f1"] = 2 * hits / (hits + alarms + total)
    return metrics


def _per_image_overlap(table: Table, draws: Floats, limits: tuple[float, float]) -> Floats:
    """Return the mean AUPIMO of the drawn images with defects, over the drawn normal images, (R,)."""
    n_clean = draws @ (table.clean > 0)
    rate = ((draws * table.clean) @ table.normal) / n_clean[:, None]  # (R, B)
    gain = logarithmic_gain(rate, limits, table.single)  # (R, C)
    drawn = draws[:, table.rows]
    found = (drawn / table.defect.sum(axis=1)) @ table.defect[:, : gain.shape[1]]  # (R, C) shares of images
    mean: Floats = np.einsum("rb,rb->r", found, gain) / drawn.sum(axis=1)
    return mean

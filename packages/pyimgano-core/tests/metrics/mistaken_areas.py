"""Known mistakes in AUPIMO, AU-sPRO, the metrics at a threshold and the rates at a rate.

Named after what is done; where a known implementation does it, a comment says which.
"""

import numpy as np
from sklearn.metrics import roc_curve

from pyimgano_core.contracts.metric import MetricValue

from .implementations import as_metrics, decisions, joined, pixels, saturated
from .oracles import (
    LIMIT,
    LOG_LIMITS,
    RATE,
    SATURATION,
    THRESHOLD,
    area_up_to,
    falling_scores,
    flatten,
    log_area,
    log_curves,
    overlap_curve,
    split_regions,
    whole_annotation,
)

# AUPIMO


def _mean_log_area(rates, recalls):
    return as_metrics(aupimo=np.mean([log_area(rates, recall) for recall in recalls]))


def nearest_bounds_divided_by_nominal(shards):  # anomalib
    low, high = LOG_LIMITS
    rates, recalls = log_curves(joined(shards))
    start, end = (np.abs(np.log(np.maximum(rates, 1e-9) / bound)).argmin() for bound in LOG_LIMITS)
    logs = np.log(rates[start : end + 1])
    areas = [np.trapezoid(recall[start : end + 1], logs) / np.log(high / low) for recall in recalls]
    return as_metrics(aupimo=np.mean(areas))


def thresholds_300_linear(shards):  # anomalib, with 300,000 for millions of pixels
    falling = falling_scores(joined(shards)).astype(np.float64)
    grid = np.linspace(falling[0], falling[-1], 300)
    binned = [
        (grid[-1] - grid[np.searchsorted(-grid, -scores.astype(np.float64))], mask)
        for scores, mask in joined(shards)
    ]
    return _mean_log_area(*log_curves([(-scores, mask) for scores, mask in binned]))


def alarms_of_all_images(shards):
    images = joined(shards)
    return _mean_log_area(*log_curves(images, normals=[scores for scores, _ in images]))


def alarms_of_pooled_pixels(shards):
    """The rate of all normal pixels, where images differ in size and each should count the same."""
    images = joined(shards)
    pooled = np.concatenate([scores.ravel() for scores, mask in images if not mask.any()])
    return _mean_log_area(*log_curves(images, normals=[pooled]))


def linear_axis(shards):
    low, high = LOG_LIMITS
    rates, recalls = log_curves(joined(shards))
    grid = np.unique([low, *rates[(rates > low) & (rates < high)], high])
    found = [[recall[rates <= rate].max() for rate in grid[:-1]] for recall in recalls]
    return as_metrics(aupimo=np.mean([np.dot(steps, np.diff(grid)) / (high - low) for steps in found]))


def refused_where_rates_begin_late(shards):  # anomalib
    rates, recalls = log_curves(joined(shards))
    if rates[rates > 0].min() > LOG_LIMITS[0]:
        raise ValueError("the lowest false-positive rate is above the lower limit")
    return _mean_log_area(rates, recalls)


def recall_of_pooled_pixels(shards):
    images = joined(shards)
    rates, recalls = log_curves(images)
    areas = [mask.sum() for _, mask in images if mask.any()]
    return _mean_log_area(rates, [np.average(recalls, axis=0, weights=areas)])


# AU-sPRO


def not_saturated(shards):
    return saturated(shards, enough=int)


def connected_parts_for_annotations(shards):
    return saturated(shards, regions=split_regions)


def saturation_rounded_to_nothing(shards):
    """The saturation of a tiny region becomes 0 pixels, so that it counts as found at once."""

    def find_tiny(scores, mask):
        return np.where(mask, 9999, scores) if int(SATURATION * mask.sum()) == 0 else scores

    return saturated([[(find_tiny(s, mask), mask) for s, mask in shard] for shard in shards])


def overlap_above_one(shards):
    curve = overlap_curve(joined(shards), regions=whole_annotation)
    return as_metrics(au_spro=area_up_to(curve, LIMIT) / LIMIT / SATURATION)


def thresholds_100_linear(shards):
    images = joined(shards)
    falling = falling_scores(images).astype(np.float64)
    grid = np.linspace(falling[0], falling[-1], 100)
    curve = overlap_curve(images, thresholds=grid, regions=whole_annotation, saturation=SATURATION)
    return as_metrics(au_spro=area_up_to(curve, LIMIT) / LIMIT)


# Metrics at a threshold


def larger_scores_flagged(shards):
    """`>` for `>=`."""
    return decisions([[(np.nextafter(s, -np.inf), mask) for s, mask in shard] for shard in shards])


def decisions_averaged_over_images(shards):
    parts = [decisions([[image]]) for image in joined(shards) if image[1].any()]
    return {name: MetricValue(value=np.mean([part[name].value for part in parts])) for name in parts[0]}


def recall_for_overlap(shards):
    scores, labels = flatten(joined(shards))
    return as_metrics(pro=(scores[labels] >= THRESHOLD).mean())


def overlap_of_4_neighbours(shards):
    parts = [s[r] for s, mask in joined(shards) for r in split_regions(mask, neighbours=4)]
    return as_metrics(pro=np.mean([(part >= THRESHOLD).mean() for part in parts]))


def nan_below_every_threshold(shards):
    return decisions([[(np.nan_to_num(s, nan=-9.0), mask) for s, mask in shard] for shard in shards])


def threshold_of_the_test(shards):
    """The oracle's F1-max for F1 at the threshold in use."""
    return {"f1": pixels(shards)["f1_max"]}


# Rates at a rate


def _roc(shards):
    scores, labels = flatten(joined(shards))
    return roc_curve(labels, scores, drop_intermediate=False)[:2]


def rates_interpolated(shards):
    fpr, tpr = _roc(shards)
    return as_metrics(tpr_at_fpr=np.interp(RATE, fpr, tpr), fpr_at_tpr=np.interp(1 - RATE, tpr, fpr))


def rates_at_the_nearest_point(shards):
    fpr, tpr = _roc(shards)
    return as_metrics(
        tpr_at_fpr=tpr[np.abs(fpr - RATE).argmin()], fpr_at_tpr=fpr[np.abs(tpr - 1 + RATE).argmin()]
    )


def rate_exceeded_by_one_point(shards):
    fpr, tpr = _roc(shards)
    return as_metrics(tpr_at_fpr=tpr[fpr >= RATE].min())


def misses_as_a_rounded_difference(shards):
    """1 - 0.95 is above 0.05."""
    fpr, tpr = _roc(shards)
    return as_metrics(normals_passed=1 - fpr[1 - tpr <= RATE].min())

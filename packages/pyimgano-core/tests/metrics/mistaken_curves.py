"""Known mistakes in the metric: the definitions of `oracles` with one step done wrong.

Named after what is done; where a known implementation does it, a comment says which.
"""

from itertools import pairwise

import numpy as np
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from pyimgano_core.contracts.metric import MetricValue

from .implementations import as_metrics, joined
from .oracles import (
    LIMIT,
    area_up_to,
    falling_scores,
    flatten,
    overlap_curve,
    split_regions,
    whole_annotation,
)

# ranking


def precision_by_trapezoids(shards):  # ADEval; anomalib before 2.7
    scores, labels = flatten(joined(shards))
    precision, recall, _ = precision_recall_curve(labels, scores)
    return as_metrics(average_precision=auc(recall, precision))


def precision_of_larger_scores(shards):
    """Precision where only larger scores are flagged."""
    scores, labels = flatten(joined(shards))
    positives, negatives = scores[labels], scores[~labels]
    precision = [1 / (1 + (negatives > s).sum() / (positives >= s).sum()) for s in positives]
    return as_metrics(average_precision=np.mean(precision))


def ties_in_pixel_order(shards):  # pyaupro
    """A point of the curve per pixel, equal scores one after the other."""
    scores, labels = flatten(joined(shards))
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    hits = labels[order]
    found, alarms = np.cumsum(hits), np.cumsum(~hits)
    return as_metrics(
        auroc=auc(alarms / alarms[-1], found / found[-1]),
        average_precision=(found / (found + alarms))[hits].mean(),
        f1_max=(2 * found / (found + alarms + found[-1])).max(),
    )


def ties_in_pixel_order_of_regions(shards):  # pyaupro
    images = joined(shards)
    numbers = np.argsort(np.argsort(-flatten(images)[0].astype(np.float64), kind="stable"))
    ends = np.cumsum([mask.size for _, mask in images])[:-1]
    distinct = [
        (-part.reshape(mask.shape), mask)
        for part, (_, mask) in zip(np.split(numbers, ends), images, strict=True)
    ]
    return as_metrics(aupro=area_up_to(overlap_curve(distinct), LIMIT) / LIMIT)


def counters_of_float32(shards):
    """Counters that stop at 2**24, as a running float32 sum of ones does."""
    positives = np.concatenate([scores[mask] for shard in shards for scores, mask in shard])
    above, at_least, total = (np.zeros(len(positives)) for _ in range(3))
    for negatives in (scores[~mask] for scores, mask in joined(shards)):
        above = _count_on(above, [(negatives > score).sum() for score in positives])
        at_least = _count_on(at_least, [(negatives >= score).sum() for score in positives])
        total = _count_on(total, negatives.size)
    return as_metrics(auroc=1 - ((above + at_least) / (2 * total)).mean())


def _count_on(counters, counts):
    return np.minimum(counters + counts, 2.0**24)


# F1


def _f1_scores(shards):
    scores, labels = flatten(joined(shards))
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    return f1[:-1], thresholds


def smallest_best_threshold(shards):
    f1, thresholds = _f1_scores(shards)
    return {"f1_max": MetricValue(value=f1.max(), threshold=float(thresholds[f1.argmax()]))}


def threshold_between_scores(shards):
    f1, thresholds = _f1_scores(shards)
    best = np.flatnonzero(f1 == f1.max())[-1]
    middle = (thresholds[best] + thresholds[max(best - 1, 0)]) / 2
    return {"f1_max": MetricValue(value=f1.max(), threshold=float(middle))}


def threshold_below_the_flagged(shards):
    """The threshold to use with `>`, which flags one level too many with `>=`."""
    f1, thresholds = _f1_scores(shards)
    best = np.flatnonzero(f1 == f1.max())[-1]
    return {"f1_max": MetricValue(value=f1.max(), threshold=float(thresholds[max(best - 1, 0)]))}


# regions and their curve


def _aupro(curve):
    return as_metrics(aupro=area_up_to(curve, LIMIT) / LIMIT)


def regions_of_4_neighbours(shards):  # SciPy's default
    images = joined(shards)
    return _aupro(overlap_curve(images, regions=lambda mask: split_regions(mask, neighbours=4)))


def regions_weighted_by_area(shards):
    """All defects of all images as one region: recall of pixels."""
    scores, labels = flatten(joined(shards))
    return _aupro(overlap_curve([(scores, labels)], regions=whole_annotation))


def defects_of_an_image_as_one_region(shards):
    return _aupro(overlap_curve(joined(shards), regions=whole_annotation))


def thresholds_at_100_ranks(shards):  # the code of MVTec 3D-AD
    images = joined(shards)
    scores, labels = flatten(images)
    normals = np.sort(scores[~labels])[::-1]
    ranks = np.linspace(0, len(normals) - 1, 100).astype(int)
    return _aupro(overlap_curve(images, thresholds=normals[ranks]))


def thresholds_200_linear(shards):  # ADer's AUPRO
    images = joined(shards)
    falling = falling_scores(images).astype(np.float64)
    return _aupro(overlap_curve(images, thresholds=np.linspace(falling[0], falling[-1], 200)))


def grid_of_200_rates(shards):  # pyimgano before
    curve = overlap_curve(joined(shards))
    grid = np.linspace(0, LIMIT, 200)
    return as_metrics(aupro=np.trapezoid(np.interp(grid, *curve.T), grid) / LIMIT)


def no_limit(shards):
    return as_metrics(aupro=area_up_to(overlap_curve(joined(shards)), 1.0))


def not_divided_by_the_limit(shards):
    return as_metrics(aupro=area_up_to(overlap_curve(joined(shards)), LIMIT))


def points_beyond_the_limit_dropped(shards):
    curve = overlap_curve(joined(shards))
    return _aupro(curve[curve[:, 0] <= LIMIT])


def point_beyond_the_limit_taken_whole(shards):
    curve = overlap_curve(joined(shards))
    upto = curve[: np.flatnonzero(curve[:, 0] > LIMIT)[0] + 1]
    return as_metrics(aupro=area_up_to(upto, 1.0) / LIMIT)


def rates_stretched_to_the_limit(shards):  # ADer
    curve = overlap_curve(joined(shards))
    kept = curve[1:][curve[1:, 0] < LIMIT]
    low, high = kept[0, 0], kept[-1, 0]
    return as_metrics(aupro=np.trapezoid(kept[:, 1], (kept[:, 0] - low) / (high - low)))


def curve_without_origin(shards):
    return _aupro(overlap_curve(joined(shards))[1:])


def steps_under_the_curve(shards):
    curve = overlap_curve(joined(shards))
    steps = [(min(x1, LIMIT) - x0) * y0 for (x0, y0), (x1, _) in pairwise(curve) if x0 < LIMIT]
    return as_metrics(aupro=sum(steps) / LIMIT)


def curves_resampled_by_index(shards):  # anomalib up to 2.2
    images = joined(shards)
    scores, labels = flatten(images)
    curves = []
    for values in (s[region] for s, mask in images for region in split_regions(mask)):
        both = np.concatenate([scores[~labels], values])
        inside = np.arange(len(both)) >= len(both) - len(values)
        fpr, tpr, _ = roc_curve(inside, both, drop_intermediate=False)
        curves.append(np.array([fpr[fpr <= LIMIT], tpr[fpr <= LIMIT]]))
    length = max(curve.shape[1] for curve in curves)
    picked = [c[:, np.linspace(0, c.shape[1] - 1, length).round().astype(int)] for c in curves]
    fpr, tpr = np.mean(picked, axis=0)
    return as_metrics(aupro=auc(fpr, tpr) / fpr[-1])

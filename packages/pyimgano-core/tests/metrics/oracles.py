"""Slow metrics by their definitions, and small seeded data sets: what the properties compare with.

An image is a map of scores (H, W) with its mask (H, W) of bool. Nothing here shares code with the metrics:
regions come from SciPy, ranking metrics from scikit-learn, curves from a loop over all thresholds.
"""

from functools import cache
from itertools import pairwise

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

LIMIT = 0.3  # of AUPRO and AU-sPRO
LOG_LIMITS = (0.05, 0.6)  # of AUPIMO
SATURATION = 0.5  # of AU-sPRO: the share of a region's pixels
THRESHOLD = 0.5  # of the metrics at a threshold
RATE = 0.05  # of false alarms and of misses


def split_regions(mask, *, neighbours=8):
    """Return a mask (H, W) per connected region."""
    reach = np.ones((3, 3)) if neighbours == 8 else None  # SciPy's own choice is 4
    labels, count = ndimage.label(mask, reach)
    return [labels == number for number in range(1, count + 1)]


def whole_annotation(mask):
    """Return the mask as the one region of its image, as if it was drawn in one go."""
    return [mask] if mask.any() else []


def flatten(images):
    """Return the scores (N,) and the labels (N,) of all pixels."""
    return tuple(np.concatenate([array.ravel() for array in arrays]) for arrays in zip(*images, strict=True))


def falling_scores(images):
    """Return the distinct scores, the largest first."""
    return np.unique(flatten(images)[0])[::-1]


def overlap_curve(images, *, thresholds=None, regions=split_regions, saturation=1.0):
    """Return points (false-positive rate, overlap), one per threshold, from (0, 0) on: (T + 1, 2)."""
    scores, labels = flatten(images)
    found = [s[region] for s, mask in images for region in regions(mask)]
    enough = [max(1, int(saturation * len(part))) for part in found]
    points = [(0.0, 0.0)]
    for threshold in falling_scores(images) if thresholds is None else thresholds:
        overlaps = [min((part >= threshold).sum() / n, 1) for part, n in zip(found, enough, strict=True)]
        points.append(((scores[~labels] >= threshold).mean(), np.mean(overlaps)))
    return np.array(points)


def area_up_to(curve, limit):
    """Return the area by trapezoids, the last one cut by a straight line."""
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        end = min(x1, limit)
        if x0 < end:
            y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
            area += (end - x0) * (y0 + y_end) / 2
    return area


def log_curves(images, *, normals=None):
    """Return the false-positive rates (T,) of falling thresholds and the recall of each anomalous image."""
    normals = [scores for scores, mask in images if not mask.any()] if normals is None else normals
    thresholds = [np.inf, *falling_scores(images)]
    rates = np.array([np.mean([(scores >= t).mean() for scores in normals]) for t in thresholds])
    return rates, [np.array([(s[mask] >= t).mean() for t in thresholds]) for s, mask in images if mask.any()]


def log_area(rates, recalls, limits=LOG_LIMITS):
    """Integrate the step curve of recall over the logarithm of the rate, within the limits."""
    low, high = limits
    corners = [low, *np.unique(rates[(rates > low) & (rates < high)]), high]
    steps = [recalls[rates <= start].max() * np.log(end / start) for start, end in pairwise(corners)]
    return sum(steps) / np.log(high / low)


def ranking_values(images):
    scores, labels = flatten(images)
    precision, recall, _ = precision_recall_curve(labels, scores)
    found, missed = precision * recall > 0, np.maximum(precision + recall, 1e-300)
    return {
        "auroc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "f1_max": (2 * precision * recall / missed)[found].max(),
    }


def overlap_values(images):
    curves = {
        "aupro": overlap_curve(images),
        "au_spro": overlap_curve(images, regions=whole_annotation, saturation=SATURATION),
        "au_spro_of_regions": overlap_curve(images, saturation=SATURATION),
    }
    rates, recalls = log_curves(images)
    areas = sorted(log_area(rates, recall) for recall in recalls)
    return {
        **{name: area_up_to(curve, LIMIT) / LIMIT for name, curve in curves.items()},
        **{f"aupimo[{index}]": area for index, area in enumerate(areas)},
        "aupimo": np.mean(areas),
    }


def decision_values(images):
    scores, labels = flatten(images)
    flagged = scores >= THRESHOLD
    hits = (flagged & labels).sum()
    overlaps = [(s[region] >= THRESHOLD).mean() for s, mask in images for region in split_regions(mask)]
    return {
        "pro": np.mean(overlaps),
        "iou": hits / (flagged | labels).sum(),
        "f1": 2 * hits / (flagged.sum() + labels.sum()),
    }


def rate_values(images):
    scores, labels = flatten(images)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    missed = np.rint((1 - tpr) * labels.sum()) / labels.sum()  # no rounding of a difference
    return {
        "tpr_at_fpr": tpr[fpr <= RATE].max(),
        "fpr_at_tpr": fpr[tpr >= 1 - RATE].min(),
        "normals_passed": 1 - fpr[missed <= RATE].min(),
    }


@cache
def expected(case):
    """Return every metric of a case, by name."""
    images = CASES[case]
    return ranking_values(images) | overlap_values(images) | decision_values(images) | rate_values(images)


def _draw_masks():
    """Return masks with regions of many sizes, some touching at a corner; two images are normal."""
    shapes = [(12, 14), (12, 14), (12, 14), (8, 10), (12, 14), (6, 8)]
    masks = [np.zeros(shape, bool) for shape in shapes]
    masks[0][1:4, 2:5] = masks[0][4:6, 5:9] = True
    masks[2][0:7, 0:11] = masks[2][9, 11] = True
    masks[4][5, 5] = masks[4][6, 6] = masks[4][7, 7:9] = True
    masks[5][3, 4] = True  # 100 pixels in all
    return masks


def _draw_case(draw):
    masks = _draw_masks()
    return [(draw(mask), mask) for mask in masks]


def _draw_cases():
    random = np.random.default_rng(11)
    ties = _draw_case(lambda mask: (random.integers(-4, 4, mask.shape) / 4 + mask * 0.5).astype(np.float32))
    ties[3] = (np.abs(ties[3][0]), ties[3][1])  # within 0 to 1, unlike the others
    return {
        "ties": ties,
        "close": _draw_case(lambda mask: (1000 + random.normal(mask, 1)).astype(np.float32)),
        "skewed": _draw_case(lambda mask: np.exp(random.normal(2.0 * mask, 3)).astype(np.float32)),
        "float64": _draw_case(lambda mask: 1 + 1e-9 * random.normal(mask, 1)),
        "bytes": _draw_case(lambda mask: random.integers(0, 3 + 2 * mask).astype(np.uint8)),
    }


CASES = _draw_cases()

"""The metrics under test in the form that the properties take: shards in, a `MetricValue` per name out."""

from functools import reduce

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics import (
    PixelAccumulator,
    PixelDecisionAccumulator,
    SaturatedOverlapAccumulator,
    auroc,
    average_precision,
    f1_max,
    fpr_at_tpr,
    normals_passed,
    tpr_at_fpr,
)

from .oracles import LIMIT, LOG_LIMITS, RATE, SATURATION, THRESHOLD, flatten, whole_annotation


def joined(shards):
    return [image for shard in shards for image in shard]


def as_metrics(**values):
    return {name: MetricValue(value=float(value)) for name, value in values.items()}


def pixels(shards):
    result = _accumulate(lambda: PixelAccumulator(LIMIT), shards).result()
    return {
        "auroc": result.pixel_auroc,
        "average_precision": result.pixel_average_precision,
        "f1_max": result.pixel_f1_max,
        "aupro": result.aupro,
    }


def pixels_by_options(shards):
    """What `PixelAccumulator` measures only where it is asked for."""
    accumulators = []
    for number, shard in enumerate(shards):
        accumulators.append(PixelAccumulator(LIMIT, saturation=SATURATION, aupimo_limits=LOG_LIMITS))
        for index, (scores, mask) in enumerate(shard):
            accumulators[-1].update(scores, mask, name=f"{number}-{index}")
    result = _merge(accumulators).result()
    return {"au_spro_of_regions": result.au_spro} | _by_rank(result.aupimo)


def decisions(shards):
    result = _accumulate(lambda: PixelDecisionAccumulator(THRESHOLD), shards).result()
    return {"pro": result.pro, "iou": result.iou, "f1": result.f1}


def saturated(shards, regions=whole_annotation, enough=lambda area: max(1, int(SATURATION * area))):
    accumulators = []
    for shard in shards:
        accumulators.append(SaturatedOverlapAccumulator(LIMIT))
        for scores, mask in shard:
            found = regions(mask)
            accumulators[-1].update(scores, found, [enough(region.sum()) for region in found])
    return {"au_spro": _merge(accumulators).result()}


def flat(shards):
    """The metrics of images, of which each pixel is taken for one."""
    scores, labels = flatten(joined(shards))
    metrics = {"auroc": auroc, "average_precision": average_precision, "f1_max": f1_max}
    return {name: metric(scores, labels) for name, metric in metrics.items()}


def rates(shards):
    """The operating points of images, of which each pixel is taken for one."""
    scores, labels = flatten(joined(shards))
    return {
        "tpr_at_fpr": tpr_at_fpr(scores, labels, RATE),
        "fpr_at_tpr": fpr_at_tpr(scores, labels, 1 - RATE),
        "normals_passed": normals_passed(scores, labels, RATE),
    }


def _by_rank(overlap):
    areas = sorted(overlap.images.values())  # names depend on the sharding
    return {"aupimo": overlap.mean} | as_metrics(**{f"aupimo[{n}]": area for n, area in enumerate(areas)})


def _accumulate(make, shards):
    accumulators = []
    for shard in shards:
        accumulators.append(make())
        for scores, mask in shard:
            accumulators[-1].update(scores, mask)
    return _merge(accumulators)


def _merge(accumulators):
    def merge(left, right):
        left.merge(right)
        return left

    return reduce(merge, accumulators)

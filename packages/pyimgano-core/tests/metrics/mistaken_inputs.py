"""Known mistakes before the metric: exact metrics of the wrong scores, masks, images or results.

Each is one change to what the metrics are given, or to what becomes of their values, so that what fails
fails for that change. Named after what is done; where a known implementation does it, a comment says which.
"""

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.metric import MetricValue

from .implementations import flat, joined, pixels
from .oracles import flatten

# scores


def sigmoid_per_batch(shards):  # torchmetrics, where a batch leaves 0 to 1
    return pixels([_squash(shard) for shard in shards])


def thresholds_200_after_sigmoid(shards):  # torchmetrics, thresholds=200
    return pixels([_map(lambda s: np.floor(s * 199), _squash(shard)) for shard in shards])


def min_max_per_image(shards):
    return pixels([_map(lambda s: (s - s.min()) / (s.max() - s.min()), shard) for shard in shards])


def bins_1000_linear(shards):  # ADEval
    return pixels(_bin_all(shards, 1000))


def bins_1000_of_each_batch(shards):
    return pixels([_bin_all([shard], 1000)[0] for shard in shards])


def thresholds_21_after_min_max(shards):  # ADer's F1-max
    return pixels(_bin_all(shards, 20))


def top_bin_lost(shards):
    """A histogram whose last bin is open: the largest score counts nowhere, as if it were the smallest."""
    top = max(scores.max() for shard in shards for scores, _ in shard)
    return pixels([_map(lambda s: np.where(s == top, -1, s), shard) for shard in shards])


def float16_scores(shards):
    return pixels([_map(lambda s: s.astype(np.float16), shard) for shard in shards])


def float32_scores(shards):
    return pixels([_map(lambda s: s.astype(np.float32), shard) for shard in shards])


def bytes_negated(shards):
    """Descending order by sorting the negative, which wraps around in uint8."""
    return flat([_map(lambda s: -(-s).astype(np.float64), shard) for shard in shards])


def bit_keys(shards):
    """Order-preserving integers of float32 bits, which put -0.0 below 0.0."""
    return pixels([_map(_bit_key, shard) for shard in shards])


def nan_as_largest(shards):  # torchmetrics, anomalib
    return pixels(
        [_map(lambda s: np.nan_to_num(s, nan=s[~np.isnan(s)].max() + 1), shard) for shard in shards]
    )


def nan_dropped(shards):  # the official code of MVTec drops the points of its curve
    return pixels([[(s[None, ~np.isnan(s)], m[None, ~np.isnan(s)]) for s, m in shard] for shard in shards])


def infinity_taken(shards):
    return pixels([_map(lambda s: np.nan_to_num(s, nan=np.nan), shard) for shard in shards])


def _map(change, shard):
    return [(change(scores), mask) for scores, mask in shard]


def _squash(shard):
    inside = all((scores.min() >= 0) and (scores.max() <= 1) for scores, _ in shard)
    return shard if inside else _map(lambda s: 0.5 + 0.5 * np.tanh(s.astype(np.float32) / 2), shard)


def _bin_all(shards, count):
    scores = flatten(joined(shards))[0].astype(np.float64)
    low, width = scores.min(), (np.ptp(scores) or 1.0) / count
    return [_map(lambda s: np.minimum((s - low) // width, count - 1), shard) for shard in shards]


def _bit_key(scores):
    bits = scores.astype(np.float32).view(np.int32)
    return np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)


# sizes and images


def halved_by_nearest(shards):
    return pixels([[(s[::2, ::2], mask[::2, ::2]) for s, mask in shard] for shard in shards])


def halved_by_area(shards):
    return pixels([[(_blocks(s), _blocks(mask) > 0.5) for s, mask in shard] for shard in shards])


def halved_bilinearly(shards):
    return pixels([[(_blocks(s), _blocks(mask) > 0) for s, mask in shard] for shard in shards])


def anomalous_images_only(shards):  # SubspaceAD, and PatchCore's second number
    return pixels([[image for image in shard if image[1].any()] for shard in shards])


def batches_without_defects_skipped(shards):  # pyaupro's binned mode
    return pixels([shard for shard in shards if any(mask.any() for _, mask in shard)] or [[]])


def _blocks(array):
    height, width = array.shape
    return array.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


# values


def mean_over_updates(shards):  # pyaupro's binned mode
    return _mean([pixels([shard]) for shard in shards])


def mean_over_images(shards):
    return _mean([pixels([[image]]) for shard in shards for image in shard])


def zero_where_undefined(shards):  # torchmetrics, anomalib
    return _fill(pixels(shards), 0.0)


def half_the_limit_where_undefined(shards):  # the official code of MVTec
    return _fill(pixels(shards), 0.15)


def one_without_negatives(shards):  # scikit-learn's and torchmetrics' average precision
    return _fill(pixels(shards), 1.0)


def zero_where_constant(shards):
    values = pixels(shards)
    return {name: MetricValue(value=0.0) if metric.flags else metric for name, metric in values.items()}


def constant_without_a_flag(shards):
    return {name: evolve(metric, flags=()) for name, metric in pixels(shards).items()}


def _mean(parts):
    defined = [part for part in parts if part["auroc"].value is not None]
    return {name: MetricValue(value=np.mean([part[name].value for part in defined])) for name in defined[0]}


def _fill(values, value):
    return {name: MetricValue(value=value) if metric.reason else metric for name, metric in values.items()}

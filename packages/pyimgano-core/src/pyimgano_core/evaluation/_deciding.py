"""The one calibration image that sets a threshold which defects stay below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.contracts.report import DecidingImage
from pyimgano_core.evaluation._images import are_independent
from pyimgano_core.metrics import observed_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.contracts.report import Results
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.evaluation._evaluate import Evaluation

_MOST = 0.5


def deciding_image(
    calibration: Sequence[Prediction], evaluation: Evaluation, config: EvaluationConfig
) -> DecidingImage | None:
    """Return the calibration image that alone sets the image threshold, where that costs defects, else None.

    It costs the missed defects that score above the next highest calibration image. Surely more than
    `config.miss_limit` of the anomalous test images must be among them: the lower end of the exact interval
    counts. Images of shared groups have no interval; there the share itself does. And either the ranking is
    good, so that some threshold keeps both `config.false_alarm_limit` and `config.miss_limit`; or surely most
    of the anomalous images are among them, and surely a greater share than of normal ones would be flagged.

    The image may be as normal as any. In simulations with 8 calibration images like the other normals, 12 of
    them to test and 40 defects, up to 7 % of samples of normal scores had such an image, and up to 23 % of
    exponential ones; with 20 calibration images, and 20 normals to test, 12 and 46 %. With one that scores 8
    units higher, among 8, they were 98 and 88 % where defects score 3 units above normals, and 59 and 61 %
    where 2.

    Args:
        calibration: a line per calibration image.
        evaluation: of the test images, at the threshold that these set.
        config: what it was evaluated with.
    """
    ranked = sorted((line.score, line.input) for line in calibration if line.score is not None)
    results, threshold = evaluation.results, evaluation.thresholds.image
    if not _follows_highest(threshold, ranked):
        return None
    (beneath, _), (highest, name) = ranked[-2:]
    lines = [(line.score, line) for line in evaluation.predictions if line.score is not None]
    anomalous = [line for _, line in lines if line.y_true == ANOMALOUS]
    missed = [score for score, line in lines if line.y_true == ANOMALOUS and line.label == "normal"]
    found = [score for score in missed if score > beneath]
    cost = observed_rate(
        len(found), len(anomalous), level=config.interval_level, independent=are_independent(anomalous)
    )
    if _least(cost) <= config.miss_limit:
        return None
    flagged = [line for score, line in lines if score > beneath and line.label != "anomalous"]
    n_alarms = sum(line.y_true == NORMAL for line in flagged)
    normal = [line for _, line in lines if line.y_true == NORMAL]
    price = observed_rate(
        n_alarms, len(normal), level=config.interval_level, independent=are_independent(normal)
    )
    if not _ranks_well(results, config) and _least(cost) <= max(_MOST, _greatest(price)):
        return None
    return DecidingImage(
        input=name,
        score=highest,
        next_score=beneath,
        missed_count=len(missed),
        found_without=len(found),
        false_alarms_without=n_alarms,
    )


def _ranks_well(results: Results, config: EvaluationConfig) -> bool:
    """Return whether some threshold keeps the limits of false alarms and of misses."""
    point = results.operating_points["tpr_at_fpr"]
    return point.value is not None and point.value >= 1 - config.miss_limit


def _follows_highest(threshold: Threshold, ranked: Sequence[object]) -> bool:
    """Return whether the threshold lies just above the highest of several calibration scores."""
    return len(ranked) > 1 and threshold.provenance.rank == len(ranked)


def _least(share: ObservedRate) -> float:
    low = share.interval.low
    return (share.rate or 0.0) if low is None else low


def _greatest(share: ObservedRate) -> float:
    """Return the greatest share that may be so: any, where nothing was observed."""
    high = share.interval.high
    return (1.0 if share.rate is None else share.rate) if high is None else high

"""The thresholds of a category: its calibration images, scored through the frozen graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field

from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.contracts.record import Sample
from pyimgano_core.evaluation import DeployedThresholds, predict
from pyimgano_core.regions import highest_level
from pyimgano_core.scoring.files import ScoredImage, score_files
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, count_groups, review_band

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.progress import Progress
    from pyimgano_core.scoring import OnnxScorer


@define(frozen=True, kw_only=True)
class Calibration:
    """The thresholds, and a line for each calibration image."""

    thresholds: DeployedThresholds
    predictions: tuple[Prediction, ...]


def calibrate_category(
    split: CategorySplit,
    hashes: Mapping[Path, str],
    scorer: OnnxScorer,
    inputs: CategoryInputs,
    config: RunConfig,
    *,
    progress: Progress,
) -> Calibration:
    """Score the calibration images and set the thresholds; what can't be scored does not count."""
    scores = _Scores()
    area = config.threshold.pixel_minimum_area
    label = f"{split.category}: calibration"
    scored = score_samples(split.calibration, scorer, inputs, progress, label)
    for index, (sample, result) in enumerate(zip(split.calibration, scored, strict=True)):
        scores.lines.append(predict(index, sample, result, threshold=None))
        if isinstance(result, ScoredImage):
            scores.images.append(result.score)
            scores.maps.append(highest_level(result.anomaly_map, area))
            scores.n_too_small += result.pixel_count < area
            scores.samples.append(sample)
    return Calibration(
        thresholds=_thresholds(scores, _origin(split, hashes, scores.samples), config),
        predictions=tuple(scores.lines),
    )


def score_samples(
    samples: Sequence[Sample],
    scorer: OnnxScorer,
    inputs: CategoryInputs,
    progress: Progress,
    label: str,
) -> Iterator[ScoredImage | Failure]:
    """Yield a result for each sample, in order, showing how far it is."""
    paths = [sample.image for sample in samples]
    scored = score_files(paths, scorer=scorer, preprocessing=inputs.preprocessing, interest=inputs.interest)
    return progress.track(scored, label, len(paths))


@define(kw_only=True)
class _Scores:
    """What the calibration images gave, those without a score left out of all but the lines."""

    lines: list[Prediction] = field(factory=list)
    images: list[float] = field(factory=list)
    maps: list[float] = field(factory=list)
    samples: list[Sample] = field(factory=list)
    n_too_small: int = 0  # of fewer pixels than a region needs


def _origin(split: CategorySplit, hashes: Mapping[Path, str], scored: Sequence[Sample]) -> CalibrationOrigin:
    """Return what is known of the calibration images, of which those `scored` count."""
    contents = _contents(split.calibration, hashes)
    return CalibrationOrigin(
        source=split.calibration_source,
        fallback=split.calibration_fallback,
        groups=count_groups([sample.record.group_id for sample in scored]),
        distinct=len(_contents(scored, hashes)),
        disjoint_from_train=contents.isdisjoint(_contents(split.train, hashes)),
        disjoint_from_test=contents.isdisjoint(_contents(split.test, hashes)),
    )


def _thresholds(scores: _Scores, origin: CalibrationOrigin, config: RunConfig) -> DeployedThresholds:
    rule, level = config.threshold, config.evaluation.interval_level
    images, maps = np.array(scores.images, np.float32), np.array(scores.maps, np.float32)
    image = calibrate(images, rule, origin, level=level)
    area = rule.pixel_minimum_area
    pixel = calibrate(
        maps,
        rule,
        origin,
        score_source="map_maximum" if area == 1 else "region_maximum",
        value=rule.pixel_value,
        minimum_area=area,
        level=level,
    )
    if scores.n_too_small:
        have = f"{scores.n_too_small} of {len(maps)} calibration images have fewer pixels than"
        pixel = _warned(pixel, f"{have} threshold.pixel_minimum_area = {area}: no region of theirs can count")
    review = None
    if rule.review is not None:
        review = review_band(image, calibrate(images, rule.review, origin, level=level))
    return DeployedThresholds(image=image, pixel=pixel, review=review)


def _warned(threshold: Threshold, warning: str) -> Threshold:
    origin = threshold.provenance
    return evolve(threshold, provenance=evolve(origin, warnings=(*origin.warnings, warning)))


def _contents(samples: Sequence[Sample], hashes: Mapping[Path, str]) -> set[str]:
    """Return what tells images apart: copies of one are the same."""
    return {hashes.get(sample.image, str(sample.image)) for sample in samples}

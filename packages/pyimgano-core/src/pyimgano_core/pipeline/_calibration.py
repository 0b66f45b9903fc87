"""The thresholds of a category: its calibration images, scored through the frozen graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.drift import ReferenceSample
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.evaluation import CalibrationScores, DeployedThresholds, predict
from pyimgano_core.scoring.files import ScoredImage, score_files
from pyimgano_core.thresholds import CalibrationOrigin, count_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.prediction import Failure
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.progress import Progress
    from pyimgano_core.scoring import OnnxScorer


@define(frozen=True, kw_only=True)
class Calibration:
    """The thresholds, what the calibration images looked like, and a line for each of them."""

    thresholds: DeployedThresholds
    reference: dict[str, ReferenceSample]
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
    scores = CalibrationScores(config.threshold)
    lines, counted = [], []
    scored = score_samples(split.calibration, scorer, inputs, progress, f"{split.category}: calibration")
    for index, (sample, result) in enumerate(zip(split.calibration, scored, strict=True)):
        lines.append(predict(index, sample, result, threshold=None))
        if isinstance(result, ScoredImage):
            scores.add(result)
            counted.append(sample)
    origin = _origin(split, hashes, counted)
    return Calibration(
        thresholds=scores.thresholds(origin, level=config.evaluation.interval_level),
        reference=scores.reference(),
        predictions=tuple(lines),
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


def _contents(samples: Sequence[Sample], hashes: Mapping[Path, str]) -> set[str]:
    """Return what tells images apart: copies of one are the same."""
    return {hashes.get(sample.image, str(sample.image)) for sample in samples}

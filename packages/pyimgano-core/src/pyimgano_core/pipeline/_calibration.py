"""The thresholds of a category: its calibration images, scored through the frozen graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from attrs import define, evolve

from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.contracts.threshold import Threshold
from pyimgano_core.evaluation import predict
from pyimgano_core.scoring.files import ScoredImage, score_files
from pyimgano_core.thresholds import calibrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import ThresholdConfig
    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.progress import Progress
    from pyimgano_core.scoring import OnnxScorer


@define(frozen=True, kw_only=True)
class Calibration:
    """The image and the pixel threshold, and a line for each calibration image."""

    image: Threshold
    pixel: Threshold
    predictions: tuple[Prediction, ...]


def calibrate_category(
    split: CategorySplit,
    hashes: Mapping[Path, str],
    scorer: OnnxScorer,
    preprocessing: Preprocessing,
    *,
    config: ThresholdConfig,
    progress: Progress,
) -> Calibration:
    """Score the calibration images and set both thresholds; what can't be scored does not count."""
    scores, maxima, lines = [], [], []
    scored = score_samples(
        split.calibration, scorer, preprocessing, progress, f"{split.category}: calibration"
    )
    for index, (sample, result) in enumerate(zip(split.calibration, scored, strict=True)):
        lines.append(predict(index, sample, result, threshold=None))
        if isinstance(result, ScoredImage):
            scores.append(result.score)
            maxima.append(float(result.anomaly_map.max()))
    return Calibration(
        image=_threshold(scores, split, hashes, config, "image_score"),
        pixel=_threshold(maxima, split, hashes, config, "map_maximum"),
        predictions=tuple(lines),
    )


def score_samples(
    samples: Sequence[Sample],
    scorer: OnnxScorer,
    preprocessing: Preprocessing,
    progress: Progress,
    label: str,
) -> Iterator[ScoredImage | Failure]:
    """Yield a result for each sample, in order, showing how far it is."""
    paths = [sample.image for sample in samples]
    scored = score_files(paths, scorer=scorer, preprocessing=preprocessing)
    return progress.track(scored, label, len(paths))


def _threshold(
    scores: list[float],
    split: CategorySplit,
    hashes: Mapping[Path, str],
    config: ThresholdConfig,
    score_source: Literal["image_score", "map_maximum"],
) -> Threshold:
    groups = {sample.record.group_id for sample in split.calibration} - {None}
    threshold = calibrate(
        np.array(scores, dtype=np.float32),
        config,
        source=split.calibration_source,
        fallback=split.calibration_fallback,
        groups=len(groups) or None,
        score_source=score_source,
    )
    contents = _contents(split.calibration, hashes)
    provenance = evolve(
        threshold.provenance,
        disjoint_from_train=contents.isdisjoint(_contents(split.train, hashes)),
        disjoint_from_test=contents.isdisjoint(_contents(split.test, hashes)),
    )
    return evolve(threshold, provenance=provenance)


def _contents(samples: Sequence[Sample], hashes: Mapping[Path, str]) -> set[str]:
    """Return what tells images apart: copies of one are the same."""
    return {hashes.get(sample.image, str(sample.image)) for sample in samples}

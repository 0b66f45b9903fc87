"""The scores of a category's test images under every disturbance, against the threshold of clean images."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from pyimgano_bench.robustness._corruptions import SEVERITIES, corrupt
from pyimgano_bench.study.words import threshold_note
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_image
from pyimgano_core.interest import load_interest
from pyimgano_core.metrics import auroc
from pyimgano_core.pipeline import run_category
from pyimgano_core.scoring import NonFiniteScoreError, OnnxScorer
from pyimgano_core.scoring.inputs import prepare_pixels
from pyimgano_core.thresholds import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pyimgano_bench.study.cases import Case
    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.pipeline import CategoryRun
    from pyimgano_core.progress import Progress
    from pyimgano_core.scoring import Scorer

CLEAN = "clean"


@define(frozen=True, kw_only=True)
class Disturbed:
    """A category under one kind of disturbance at one severity, by the threshold of the clean images.

    `kind` is `clean` at severity 0. `false_alarms` of `normal_count` and `misses` of `anomaly_count` count
    the images that have a score; those in the review band are neither, and `reviews` counts them. All are
    null where there is no threshold; `threshold_note` says why, or what it fell back to. `failed_count`
    images could not be read or scored. An undefined AUROC is null with a `reason`. `trial` is the number of
    test images that a trial was limited to.
    """

    dataset: str
    category: str
    detector: str
    seed: int
    kind: str
    severity: int
    threshold: float | None
    threshold_note: str | None
    auroc: float | None
    reason: str | None = None
    normal_count: int
    anomaly_count: int
    false_alarms: int | None
    misses: int | None
    reviews: int | None
    failed_count: int
    trial: int | None = None


def measure_case(case: Case, kinds: Sequence[str], progress: Progress) -> tuple[Disturbed, ...]:
    """Fit and calibrate on clean images, then score the test images clean and disturbed.

    Args:
        case: what to fit.
        kinds: the disturbances.
        progress: shows the long steps.
    """
    run = run_category(case.category, case.prepared, case.config, case.base, progress)
    states = [(CLEAN, 0), *((kind, severity) for kind in kinds for severity in SEVERITIES)]
    scores = score_states(case, run, states, progress)
    labels = np.array([sample.record.label for sample in case.category.split.test])  # (N,)
    return tuple(_row(case, run, state, scores[:, index], labels) for index, state in enumerate(states))


def score_states(
    case: Case, run: CategoryRun, states: Sequence[tuple[str, int]], progress: Progress
) -> NDArray[np.float64]:
    """Return the scores of the test images in each state, (N, S); NaN where an image has none.

    Args:
        case: what was fitted.
        run: its fit.
        states: kind and severity.
        progress: shows how far it is.
    """
    name, tests = case.category.split.category, case.category.split.test
    score = partial(
        _score_all,
        states=states,
        scorer=OnnxScorer(run.graph.model),
        preprocessing=run.report.preprocessing,
        interest=load_interest(case.config.dataset, name, case.base),
        seed=case.config.seed,
    )
    return np.stack(list(progress.track(map_ordered(score, tests), f"{name}: disturbed", len(tests))))


def _score_all(
    sample: Sample,
    *,
    states: Sequence[tuple[str, int]],
    scorer: Scorer,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None,
    seed: int,
) -> NDArray[np.float64]:
    """Return the score of an image in each state, (S,); NaN where it has none."""
    scores = np.full(len(states), np.nan)
    name = sample.record.image_path
    with suppress(ImageError):
        image = read_image(sample.image, sixteen_bit_range=preprocessing.sixteen_bit_range)
        for index, (kind, severity) in enumerate(states):
            pixels = image if kind == CLEAN else corrupt(image, kind, severity, name=name, seed=seed)
            with suppress(NonFiniteScoreError):
                scores[index] = prepare_pixels(pixels, preprocessing, interest, name=name).score(scorer).score
    return scores


def _row(
    case: Case,
    run: CategoryRun,
    state: tuple[str, int],
    scores: NDArray[np.float64],
    labels: NDArray[np.int64],
) -> Disturbed:
    threshold, review = run.report.threshold.value, run.report.review_threshold
    band = None if review is None else review.value
    usable = np.isfinite(scores)
    area = auroc(scores[usable], labels[usable])
    verdicts = [verdict(score, threshold, band) for score in scores[usable].tolist()]
    pairs = Counter(zip(labels[usable].tolist(), verdicts, strict=True))
    is_decided = threshold is not None
    return Disturbed(
        dataset=case.dataset,
        category=case.category.split.category,
        detector=case.detector,
        seed=case.config.seed,
        kind=state[0],
        severity=state[1],
        threshold=threshold,
        threshold_note=threshold_note(run.report.threshold),
        auroc=area.value,
        reason=area.reason,
        normal_count=int(np.count_nonzero(labels[usable] == NORMAL)),
        anomaly_count=int(np.count_nonzero(labels[usable] == ANOMALOUS)),
        false_alarms=pairs[NORMAL, "anomalous"] if is_decided else None,
        misses=pairs[ANOMALOUS, "normal"] if is_decided else None,
        reviews=pairs[NORMAL, "review"] + pairs[ANOMALOUS, "review"] if is_decided else None,
        failed_count=int(np.count_nonzero(~usable)),
        trial=case.trial,
    )

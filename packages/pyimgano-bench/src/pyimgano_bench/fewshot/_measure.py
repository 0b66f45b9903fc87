"""A contender with one number of normal images, in one draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.fewshot._draw import limited, pool_of
from pyimgano_bench.study.words import threshold_note
from pyimgano_core.pipeline import run_category
from pyimgano_core.words import reason_in_words

if TYPE_CHECKING:
    from pyimgano_bench.study.cases import Case
    from pyimgano_core.contracts.gate import PixelGate
    from pyimgano_core.pipeline import CategoryRun
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class FewShotRow:
    """A contender with `count` normal images: `train_count` of them fitted, `calibration_count` calibrated.

    `threshold_note` says what the threshold fell back to, or why there is none. `false_alarms` and `misses`
    are null without a threshold; an image in the review band is neither. A metric that is undefined is null;
    `pixel_note` says why there are none of pixels. `trial` is the number of test images that a trial was
    limited to.
    """

    dataset: str
    category: str
    detector: str
    seed: int
    draw: int
    count: int
    train_count: int
    calibration_count: int
    image_auroc: float | None
    pixel_auroc: float | None
    aupro: float | None
    pixel_note: str | None
    threshold: float | None
    threshold_method: str
    threshold_note: str | None
    false_alarms: int | None
    normal_count: int | None
    misses: int | None
    anomaly_count: int | None
    failed_count: int
    fit_seconds: float
    trial: int | None = None


def measure_draw(case: Case, draw: int, count: int, progress: Progress) -> tuple[FewShotRow, ...]:
    """Run a case with `count` of its normal images; there is no row where it has fewer.

    Args:
        case: what to run.
        draw: which draw.
        count: how many images.
        progress: shows the long steps.
    """
    if count > len(pool_of(case.category)):
        return ()
    config = case.config
    category = limited(case.category, count, config.dataset.split_policy, seed=config.seed, draw=draw)
    run = run_category(category, case.prepared, config, case.base, progress)
    return (_row(case, draw, category, run),)


def _row(case: Case, draw: int, category: PreparedCategory, run: CategoryRun) -> FewShotRow:
    split, report = category.split, run.report
    results, pixel, threshold = report.results, report.results.pixel_metrics, report.threshold
    alarms, misses = results.false_alarm_rate, results.miss_rate
    return FewShotRow(
        dataset=case.dataset,
        category=split.category,
        detector=case.detector,
        seed=case.config.seed,
        draw=draw,
        count=len(split.train) + len(split.calibration),
        train_count=len(split.train),
        calibration_count=len(split.calibration),
        image_auroc=results.auroc,
        pixel_auroc=None if pixel is None else pixel.pixel_auroc,
        aupro=None if pixel is None else pixel.aupro,
        pixel_note=_gate_note(report.pixel_metrics_status) if pixel is None else None,
        threshold=threshold.value,
        threshold_method=threshold.provenance.method,
        threshold_note=threshold_note(threshold),
        false_alarms=None if alarms is None else alarms.count,
        normal_count=None if alarms is None else alarms.total,
        misses=None if misses is None else misses.count,
        anomaly_count=None if misses is None else misses.total,
        failed_count=len(report.failures),
        fit_seconds=run.seconds["fit"],
        trial=case.trial,
    )


def _gate_note(gate: PixelGate) -> str:
    return f"no pixel metrics: {gate.message or reason_in_words(gate.reason)}"

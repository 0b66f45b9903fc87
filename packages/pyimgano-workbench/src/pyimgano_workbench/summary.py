"""What `pyimgano-train` prints at the end: a short table, what to know of it, and the command to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.artifacts import relative_path
from pyimgano_core.cli.app import format_table
from pyimgano_core.pipeline import int8_report
from pyimgano_core.words import (
    NONE,
    REVIEW_LEGEND,
    command_line,
    counted,
    gather,
    groups_in_words,
    images_in_words,
    number,
    result_remarks,
    reviewed,
    threshold_remarks,
    with_interval,
)
from pyimgano_workbench.lines import CALIBRATION, TEST, group_count, read_lines, scored
from pyimgano_workbench.rundir import INFER_CONFIG
from pyimgano_workbench.words import calibration_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.report import CategoryReport, Results, RunReport
    from pyimgano_workbench.training import TrainingRun

_HEADER = (
    "category",
    "train",
    "calib",
    "test",
    "AUROC",
    "AP",
    "px AUROC",
    "AUPRO",
    "threshold",
    "false alarms",
    "misses",
)
_REVIEW = "review"


def result_table(report: RunReport, folder: Path) -> str:
    """Return a row per category, the macro average, and a line on whatever a reader must know.

    Args:
        report: the run.
        folder: its directory, which holds the lines of its images.
    """
    categories = report.per_category.values()
    has_band = any(category.results.review is not None for category in categories)
    header = (*_HEADER, _REVIEW) if has_band else _HEADER
    rows = [row[: len(header)] for category in categories for row in _rows(category)]
    if len(categories) > 1:
        rows.append(_mean_row(report.mean_metrics, len(header)))
    told = ((each.category, remark) for each in categories for remark in _remarks_on(each, folder))
    remarks = [REVIEW_LEGEND] * has_band + gather(told)
    return "\n".join([format_table(header, rows), *([""] if remarks else []), *remarks])


def _mean_row(mean: dict[str, float | None], width: int) -> list[str]:
    names = ("auroc", "average_precision", "pixel_auroc", "aupro")
    row = ["mean", "", "", "", *(number(mean.get(name)) for name in names)]
    return row + [""] * (width - len(row))


def _rows(report: CategoryReport) -> list[list[str]]:
    """Return the row of a category and, where it has an 8-bit graph too, the row of that."""
    variant = int8_report(report)
    own = _row(report.category, report)
    return [own] if variant is None else [own, _row(f"{report.category} (int8)", variant)]


def _row(name: str, report: CategoryReport) -> list[str]:
    summary, results = report.dataset_summary, report.results
    pixel = results.pixel_metrics
    return [
        name,
        str(summary.train_count),
        str(summary.calibration_count),
        str(summary.test_count),
        _auroc(results),
        number(results.average_precision),
        number(pixel.pixel_auroc if pixel else None),
        number(pixel.aupro if pixel else None),
        f"{report.threshold.value:.4g}" if report.threshold.value is not None else NONE,
        counted(results.false_alarm_rate),
        counted(results.miss_rate),
        reviewed(results.review),
    ]


def _auroc(results: Results) -> str:
    found = results.auroc_interval
    return with_interval(results.auroc, *((None, None) if found is None else (found.low, found.high)))


def _remarks_on(report: CategoryReport, folder: Path) -> Iterator[str]:
    gate = report.pixel_metrics_status
    if not gate.enabled or gate.subset == "masked":
        yield gate.message
    yield from threshold_remarks(report.threshold, report.pixel_threshold, report.review_threshold)
    yield from result_remarks(report.results)
    calibration = calibration_in_words(report, scored(read_lines(folder, report.slug, CALIBRATION)))
    if calibration is not None:
        yield calibration
    groups = group_count(read_lines(folder, report.slug, TEST))
    if groups is not None:
        yield groups_in_words(groups)
    if report.failures:
        first = report.failures[0].error.message
        yield f"{images_in_words(len(report.failures))} failed, the first: {first}"


def next_command(run: TrainingRun, config: RunConfig, base: Path) -> str:
    """Return the exact `pyimgano-infer` command that scores one of this run's own images."""
    from pyimgano_core.layouts import load_dataset  # noqa: PLC0415

    models = run.report.per_category
    samples = [s for s in load_dataset(config.dataset, base).samples if s.record.category in models]
    command = ["pyimgano-infer", "--infer-config", str(run.folder / INFER_CONFIG)]
    test = next((s for s in samples if s.record.split == "test" and s.record.label), samples[0])
    if len(models) > 1:
        command += ["--category", test.record.category]
    text = command_line([*command, _from_here(test.image)])
    has_verdicts = models[test.record.category].threshold.value is not None
    return text if has_verdicts else f"{text}  # gives scores and no verdicts: there is no threshold"


def _from_here(path: Path) -> str:
    """Return the shorter of the ways to a file: from the current folder, or from the root."""
    return min(relative_path(path), str(path.absolute()), key=len)

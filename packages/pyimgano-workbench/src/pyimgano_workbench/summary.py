"""What `pyimgano-train` prints at the end: a short table, what to know of it, and the command to try next."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table
from pyimgano_workbench.formats import NONE, number
from pyimgano_workbench.rundir import INFER_CONFIG
from pyimgano_workbench.threshold_words import certificate_in_words, fallback_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.report import CategoryReport, Results, ReviewCounts, RunReport
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
_DIGITS = 3
_SHOWN_NAMES = 3


def result_table(report: RunReport) -> str:
    """Return a row per category, the macro average, and a line on whatever a reader must know."""
    categories = report.per_category.values()
    reviewed = any(category.results.review is not None for category in categories)
    header = (*_HEADER, _REVIEW) if reviewed else _HEADER
    rows = [_row(category)[: len(header)] for category in categories]
    if len(rows) > 1:
        rows.append(_mean_row(report.mean_metrics, len(header)))
    return "\n".join([format_table(header, rows), *_remarks(report)])


def _mean_row(mean: dict[str, float | None], width: int) -> list[str]:
    names = ("auroc", "average_precision", "pixel_auroc", "aupro")
    row = ["mean", "", "", "", *(number(mean.get(name), _DIGITS) for name in names)]
    return row + [""] * (width - len(row))


def _row(report: CategoryReport) -> list[str]:
    summary, results = report.dataset_summary, report.results
    pixel = results.pixel_metrics
    return [
        report.category,
        str(summary.train_count),
        str(summary.calibration_count),
        str(summary.test_count),
        _auroc(results),
        number(results.average_precision, _DIGITS),
        number(pixel.pixel_auroc if pixel else None, _DIGITS),
        number(pixel.aupro if pixel else None, _DIGITS),
        f"{report.threshold.value:.4g}" if report.threshold.value is not None else NONE,
        _count(results.false_alarm_rate),
        _count(results.miss_rate),
        _review(results.review),
    ]


def _auroc(results: Results) -> str:
    """Return `0.986 [.971, .998]`."""
    found, text = results.auroc_interval, number(results.auroc, _DIGITS)
    if found is None or found.low is None or found.high is None:
        return text
    low, high = (f"{end:.{_DIGITS}f}".removeprefix("0") for end in (found.low, found.high))
    return f"{text} [{low}, {high}]"


def _count(rate: ObservedRate | None) -> str:
    return NONE if rate is None else f"{rate.count}/{rate.total}"


def _review(counts: ReviewCounts | None) -> str:
    if counts is None:
        return NONE
    return f"{counts.normal.count + counts.anomalous.count}/{counts.normal.total + counts.anomalous.total}"


def _remarks(report: RunReport) -> list[str]:
    """Return what must be known, a line each; one that holds for several categories names them together."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, category in report.per_category.items():
        for remark in _remarks_on(category):
            places[remark].append(name)
    lines = [f"{_join(names)}: {remark}" for remark, names in places.items()]
    return ["", *lines] if lines else []


def _remarks_on(report: CategoryReport) -> Iterator[str]:
    gate, provenance = report.pixel_metrics_status, report.threshold.provenance
    if not gate.enabled or gate.subset == "masked":
        yield gate.message
    if (fallback := fallback_in_words(provenance)) is not None:
        yield fallback
    yield from provenance.warnings
    if report.threshold.value is None:
        yield f"no threshold ({provenance.reason})"
    elif provenance.certificate is not None:
        yield certificate_in_words(provenance.certificate)
    if report.review_threshold is not None:
        yield from report.review_threshold.provenance.warnings
    if report.failures:
        first = report.failures[0].error.message
        yield f"{len(report.failures)} images failed, the first: {first}"


def _join(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES])
    return shown if len(names) <= _SHOWN_NAMES else f"{shown} and {len(names) - _SHOWN_NAMES} more"


def next_command(run: TrainingRun, config: RunConfig, base: Path) -> str:
    """Return the exact `pyimgano-infer` command that scores one of this run's own images."""
    from pyimgano_core.layouts import load_dataset  # noqa: PLC0415

    models = run.report.per_category
    samples = [s for s in load_dataset(config.dataset, base).samples if s.record.category in models]
    command = ["uv", "run"] if "UV" in os.environ else []
    command += ["pyimgano-infer", "--infer-config", str(run.folder / INFER_CONFIG)]
    test = next((s for s in samples if s.record.split == "test" and s.record.label), samples[0])
    if len(models) > 1:
        command += ["--category", test.record.category]
    return shlex.join([*command, _from_here(test.image)])


def _from_here(path: Path) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)

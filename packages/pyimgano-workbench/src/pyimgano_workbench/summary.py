"""What `pyimgano-train` prints at the end: a short table, what to know of it, and the command to try next."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table
from pyimgano_workbench.rundir import INFER_CONFIG

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.report import CategoryReport, RunReport
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


def result_table(report: RunReport) -> str:
    """Return a row per category, the macro average, and a line on whatever a reader must know."""
    rows = [_row(category) for category in report.per_category.values()]
    if len(rows) > 1:
        mean = report.mean_metrics
        numbers = [_number(mean.get(name)) for name in ("auroc", "average_precision", "pixel_auroc", "aupro")]
        rows.append(["mean", "", "", "", *numbers, "", "", ""])
    return "\n".join([format_table(_HEADER, rows), *_remarks(report)])


def _row(report: CategoryReport) -> list[str]:
    summary, results = report.dataset_summary, report.results
    pixel, counts = results.pixel_metrics, results.metrics
    return [
        report.category,
        str(summary.train_count),
        str(summary.calibration_count),
        str(summary.test_count),
        _number(results.auroc),
        _number(results.average_precision),
        _number(pixel.pixel_auroc if pixel else None),
        _number(pixel.aupro if pixel else None),
        f"{report.threshold.value:.4g}" if report.threshold.value is not None else "-",
        f"{counts['fp']}/{counts['fp'] + counts['tn']}" if counts else "-",
        f"{counts['fn']}/{counts['fn'] + counts['tp']}" if counts else "-",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _remarks(report: RunReport) -> list[str]:
    lines = []
    for name, category in report.per_category.items():
        gate = category.pixel_metrics_status
        if not gate.enabled or gate.subset == "masked":
            lines.append(f"{name}: {gate.message}")
        lines += [f"{name}: {warning}" for warning in category.threshold.provenance.warnings]
        if category.threshold.value is None:
            lines.append(f"{name}: no threshold ({category.threshold.provenance.reason})")
        if category.failures:
            first = category.failures[0].error.message
            lines.append(f"{name}: {len(category.failures)} images failed, the first: {first}")
    return ["", *lines] if lines else []


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

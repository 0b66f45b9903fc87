"""The graph in 32-bit floats and its 8-bit variant side by side: the same images, thresholds of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.pipeline import int8_report
from pyimgano_core.words import NONE, counted, metric_name, number, with_interval
from pyimgano_workbench.html._table import table

if TYPE_CHECKING:
    from pyimgano_core.contracts.report import CategoryReport

_MB = 1e6


def precision_table(report: CategoryReport) -> str:
    """Return a column for each of the two graphs, or nothing where there is one."""
    variant = int8_report(report)
    if variant is None:
        return ""
    columns = [_facts(each) for each in (report, variant)]
    rows = [[name, *(facts[name] for facts in columns)] for name in columns[0]]
    header = ("", "32-bit floats", "8-bit backbone")
    return "<h3>In 8 bits</h3>" + table(header, rows, "facts")


def _facts(report: CategoryReport) -> dict[str, str]:
    results, pixel, threshold = report.results, report.results.pixel_metrics, report.threshold.value
    found = results.auroc_interval
    ends = (None, None) if found is None else (found.low, found.high)
    return {
        metric_name("auroc"): with_interval(results.auroc, *ends),
        metric_name("average_precision"): number(results.average_precision),
        metric_name("pixel_auroc"): number(pixel.pixel_auroc if pixel else None),
        metric_name("aupro"): number(pixel.aupro if pixel else None),
        "threshold": NONE if threshold is None else f"{threshold:.4g}",
        "false alarms": counted(results.false_alarm_rate),
        "misses": counted(results.miss_rate),
        "model file": f"{report.checkpoint.size_bytes / _MB:.1f} MB",
    }

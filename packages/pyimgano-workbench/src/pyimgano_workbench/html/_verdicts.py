"""What the deployed thresholds are worth on the test images: false alarms, misses, and whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import (
    count_of,
    interval,
    interval_note,
    number,
    reason_in_words,
    share,
    share_interval,
)
from pyimgano_workbench.html._metrics import interval_title
from pyimgano_workbench.html._table import noted_table

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import Interval, ObservedRate
    from pyimgano_core.contracts.report import PixelVerdicts, Results

_SHOWN = 12  # of the defects or groups, the worst ones
_RATIOS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "specificity": "specificity",
    "accuracy": "accuracy",
}


def verdicts_tables(results: Results) -> str:
    """Return the rates at the deployed threshold, overall, by defect and by group, and those of pixels."""
    parts = [
        _rates_table(results),
        _worst_table("Misses by defect", "defect", results.miss_rate_per_defect, results),
        _worst_table("False alarms by group", "group", results.false_alarm_rate_per_group, results),
    ]
    if results.pixel_metrics is not None and results.pixel_metrics.verdicts is not None:
        parts.append(_pixel_table(results.pixel_metrics.verdicts, results))
    return "\n".join(part for part in parts if part)


def _rates_table(results: Results) -> str:
    rates: dict[str, ObservedRate | None] = {
        "false alarms, of normal images": results.false_alarm_rate,
        "misses, of anomalous images": results.miss_rate,
    }
    if results.review is not None:
        rates["for review, of normal images"] = results.review.normal
        rates["for review, of anomalous images"] = results.review.anomalous
    rows = [_rate_row(name, rate) for name, rate in rates.items() if rate is not None]
    if not rows:
        return ""
    header = ("what", "images", "share", interval_title(results))
    return f"<h3>At the deployed threshold</h3>{noted_table(header, rows)}{_ratios(results)}"


def _rate_row(name: str, rate: ObservedRate) -> list[str]:
    note = interval_note(rate.interval) if rate.total else None
    return [name, count_of(rate), share(rate), share_interval(rate.interval), note or ""]


def _ratios(results: Results) -> str:
    if results.metrics is None:
        return ""
    told = ", ".join(f"{title} {number(results.metrics.get(name))}" for name, title in _RATIOS.items())
    counted = "" if results.review is None else ", images for review counted as normal"
    return f'<p class="muted">Ratios{counted}: {told}.</p>'


def _worst_table(title: str, what: str, rates: dict[str, ObservedRate], results: Results) -> str:
    if not rates:
        return ""
    worst = sorted(rates.items(), key=lambda item: (-(item[1].rate or 0.0), -item[1].total, item[0]))
    rows = [_rate_row(name, rate) for name, rate in worst[:_SHOWN]]
    if len(worst) > _SHOWN:
        rest = [rate for _, rate in worst[_SHOWN:]]
        count, total = sum(rate.count for rate in rest), sum(rate.total for rate in rest)
        rows.append([f"and {len(rest)} more", f"{count} of {total}", "", "", ""])
    return f"<h3>{title}</h3>" + noted_table((what, "images", "share", interval_title(results)), rows)


def _pixel_table(verdicts: PixelVerdicts, results: Results) -> str:
    pixel = results.pixel_metrics
    intervals = pixel.intervals if pixel is not None else {}
    rows = [
        [title, number(getattr(verdicts, name)), *_pixel_interval(intervals.get(f"pixel_{name}"))]
        for name, title in (
            ("pro", "PRO: flagged share of a region, mean"),
            ("iou", "IoU of all pixels"),
            ("f1", "F1 of all pixels"),
            ("precision", "precision of pixels"),
            ("recall", "recall of pixels"),
        )
    ]
    title = "<h3>Pixels at the deployed pixel threshold</h3>"
    return title + noted_table(("what", "value", interval_title(results)), rows) + _dropped(verdicts)


def _pixel_interval(found: Interval | None) -> tuple[str, str]:
    """The interval and why there is none; that regions were dropped is told once, below the table."""
    if found is None or found.reason == "minimum_area":
        return interval(found), ""
    return interval(found), interval_note(found) or ""


def _dropped(verdicts: PixelVerdicts) -> str:
    if verdicts.minimum_area == 1:
        return ""
    text = (
        f"Regions of fewer than {verdicts.minimum_area} pixels were dropped, and so there are no intervals: "
        f"{reason_in_words('minimum_area')}."
    )
    return f'<p class="muted">{text}</p>'

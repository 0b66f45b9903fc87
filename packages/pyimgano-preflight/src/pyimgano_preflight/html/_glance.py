"""Health at a glance: the verdict, the counts, what training would see, and what was not looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.contracts.issue import Severity
from pyimgano_preflight._text import verdict
from pyimgano_preflight.html._parts import left_out, shown, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.preflight import CategorySummary, CheckState, PreflightReport

_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_MOST_CATEGORIES = 200
_HEADER = ("category", "train", "calibration", "test", "anomalous", "masks", "pixel metrics")


def glance(report: PreflightReport) -> str:
    """Return what the data set is, the sentence that decides, and the counts."""
    tone = report.status if report.complete else "error"
    return (
        f'<p class="muted">{shown(" · ".join(_facts(report)))}</p>\n'
        f'<p class="verdict {tone}">{shown(_sentence(report))}</p>\n'
        f'<div class="tiles">{"".join(_tiles(report))}</div>'
    )


def categories_section(categories: Sequence[CategorySummary]) -> str:
    """Return the counts that training would see, a row for each category."""
    if not categories:
        return ""
    told = categories[:_MOST_CATEGORIES]
    counts = table(_HEADER, map(_category_row, told))
    rest = left_out(len(categories) - len(told), "categories")
    reasons = "".join(_why_off(category) for category in told if not category.pixel_metrics_status.enabled)
    why = f'<ul class="messages">{reasons}</ul>' if reasons else ""
    return f"<h2>What training would see</h2>{counts}{rest}{why}"


def unchecked_section(checks: Sequence[CheckState]) -> str:
    """Return which rules were not applied, by reason."""
    reasons: dict[str, list[str]] = {}
    for check in checks:
        if check.state == "skipped":
            reasons.setdefault(check.reason or "", []).append(check.code)
    rows = [[shown(reason), str(len(codes)), shown(", ".join(codes))] for reason, codes in reasons.items()]
    title = "<h2>What was not looked for</h2>"
    return title + table(("because", "rules", "codes"), rows) if rows else ""


def _facts(report: PreflightReport) -> Iterator[str]:
    if "name" in report.dataset:
        yield f"data set {report.dataset['name']}"
    if report.dataset.get("category", "all") != "all":
        yield f"category {report.dataset['category']!r} only"
    if "manifest_sha256" in report.dataset:
        yield f"manifest sha256 {report.dataset['manifest_sha256'][:16]}…"
    yield f"profile {report.profile}"
    yield f"pyimgano-preflight {report.pyimgano_version}"
    if "started" in report.times:
        yield f"{report.times['started'][:19].replace('T', ' ')} UTC, {report.times['seconds']:.1f} s"


def _sentence(report: PreflightReport) -> str:
    text = verdict(report)
    return text[:1].upper() + text[1:] + "."


def _tiles(report: PreflightReport) -> Iterator[str]:
    for severity, word in _WORDS.items():
        count = report.summary["by_severity"][severity]
        known = report.summary["known_by_severity"][severity]
        tone = severity.value if count else ""
        old = f", {known:,} known" if known else ""
        yield _tile(f"{count:,}", f"{word}{'' if count == 1 else 's'}{old}", tone)
    counts = report.dataset.get("counts")
    if counts is not None:
        split = f"images: {counts['normal']:,} normal, {counts['anomalous']:,} anomalous"
        yield _tile(f"{counts['samples']:,}", split)
        number = counts["categories"]
        yield _tile(f"{number:,}", "category" if number == 1 else "categories")
    if report.checks:
        done = sum(check.state == "done" for check in report.checks)
        yield _tile(f"{done}/{len(report.checks)}", "rules looked for")


def _tile(number: str, words: str, tone: str = "") -> str:
    return f'<div class="tile {tone}"><b>{number}</b>{words}</div>'


def _category_row(category: CategorySummary) -> list[str]:
    is_on = category.pixel_metrics_status.enabled
    source = category.calibration_source.replace("_", " ")
    state = '<span class="ok tone">on</span>' if is_on else '<span class="warning tone">off</span>'
    return [
        shown(category.category),
        f"{category.train_count:,}",
        f'{category.calibration_count:,} <br><span class="muted">{shown(source)}</span>',
        f"{category.test_count:,}",
        f"{category.test_anomaly_count:,}",
        f"{category.mask_count:,}",
        state,
    ]


def _why_off(category: CategorySummary) -> str:
    message = shown(category.pixel_metrics_status.message)
    return f"<li>No pixel metrics of {shown(category.category)}: {message}</li>"

"""The static HTML report of a run: one file, no script, no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import parse_json
from pyimgano_workbench.histogram import score_histogram
from pyimgano_workbench.words import counts_in_words, gate_in_words, threshold_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.report import CategoryReport, RunReport

_WORST = 5
_SHOWN_KEYS = ("input", "defect", "score", "label", "y_true")

_STYLE = """
:root { color-scheme: light dark; --text: #1d2530; --muted: #5d6876; --line: #d9dee5; --page: #ffffff;
  --panel: #f5f7f9; --normal: #2f7fb8; --anomalous: #d2622a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --muted: #9aa5b4; --line: #38414d;
  --page: #14181e; --panel: #1c222a; --normal: #63aee0; --anomalous: #f08a55; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } p { margin: .4rem 0; } .muted { color: var(--muted); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--muted); font-weight: 600; }
.words td, .words th { text-align: left; vertical-align: top; }
.words td:last-child, .images td:first-child { white-space: normal; overflow-wrap: anywhere; }
.words td:last-child { width: 100%; min-width: 11rem; } .images td:first-child { min-width: 9rem; }
.bad { color: var(--bad); }
svg { width: 100%; min-width: 36rem; height: auto; background: var(--panel); border-radius: 6px; }
code { font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { max-width: none; } h2 { break-before: auto; } table, svg { break-inside: avoid; } }
"""


def render_html(report: RunReport, folder: Path) -> str:
    """Return the page of a run whose files stand in `folder`."""
    title = f"{report.model} on {report.dataset}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _facts(report),
        _overview(report),
        _issues(report.issues),
        *(_category(category, folder) for category in report.per_category.values()),
        _failed_categories(report.failed_categories),
        _environment(report.environment),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _facts(report: RunReport) -> str:
    height, width = report.resize
    facts = (
        report.timestamp_utc,
        f"pyimgano {report.pyimgano_version}",
        f"seed {report.seed}",
        f"{height} x {width} px",
    )
    return f'<p class="muted">{escape(" · ".join(facts))}</p>'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    opening = f'<div class="scroll"><table class="{kind}">'
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _overview(report: RunReport) -> str:
    header = ("category", "AUROC", "AP", "F1-max", "pixel AUROC", "AUPRO", "false alarms", "misses")
    rows = [_overview_row(category) for category in report.per_category.values()]
    if len(rows) > 1:
        mean = report.mean_metrics
        names = ("auroc", "average_precision", "f1_max", "pixel_auroc", "aupro")
        rows.append(["mean", *(_number(mean.get(name)) for name in names), "", ""])
    return _table(header, rows)


def _overview_row(report: CategoryReport) -> list[str]:
    results, pixel, counts = report.results, report.results.pixel_metrics, report.results.metrics
    return [
        report.category,
        _number(results.auroc),
        _number(results.average_precision),
        _number(results.f1_max),
        _number(pixel.pixel_auroc if pixel else None),
        _number(pixel.aupro if pixel else None),
        f"{counts['fp']} of {counts['fp'] + counts['tn']}" if counts else "-",
        f"{counts['fn']} of {counts['fn'] + counts['tp']}" if counts else "-",
    ]


def _category(report: CategoryReport, folder: Path) -> str:
    lines = _read_lines(folder / "categories" / report.slug / "per_image.jsonl")
    paragraphs = [
        counts_in_words(report.dataset_summary),
        threshold_in_words(report.threshold),
        gate_in_words(report.pixel_metrics_status),
    ]
    parts = [
        f"<h2>{escape(report.category)}</h2>",
        *(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs),
        _histogram(lines, report.threshold.value),
        _worst(lines, "The highest-scored normal images", y_true=0),
        _worst(lines, "The lowest-scored anomalous images", y_true=1),
        _failures(report),
        _issues(report.issues),
        _model(report),
    ]
    return "\n".join(part for part in parts if part)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """Return what is shown of each line; `str.splitlines` would also split at U+2028 within a name."""
    with path.open("rb") as stream:
        documents = (parse_json(line.decode()) for line in stream)
        return [{key: document.get(key) for key in _SHOWN_KEYS} for document in documents]


def _histogram(lines: list[dict[str, Any]], threshold: float | None) -> str:
    svg = score_histogram(lines, threshold)
    return f'<div class="scroll">{svg}</div>' if svg else ""


def _worst(lines: list[dict[str, Any]], title: str, *, y_true: int) -> str:
    chosen = [line for line in lines if line["y_true"] == y_true and line["score"] is not None]
    chosen.sort(key=lambda line: line["score"], reverse=y_true == 0)
    rows = [
        [line["input"], line["defect"] or "-", f"{line['score']:.4g}", line["label"] or "-"]
        for line in chosen[:_WORST]
    ]
    header = ("image", "defect", "score", "label")
    return f"<h3>{title}</h3>{_table(header, rows, 'images')}" if rows else ""


def _failures(report: CategoryReport) -> str:
    rows = [[f.role, f.error.code, f.error.message] for f in report.failures]
    if not rows:
        return ""
    title = f'<h3 class="bad">{len(rows)} images could not be used</h3>'
    return title + _table(("role", "code", "message"), rows, "words")


def _issues(issues: Iterable[Issue]) -> str:
    rows = [[str(issue.severity), f"{issue.code} {issue.name}", issue.message] for issue in issues]
    table = _table(("severity", "code", "message"), rows, "words")
    return f"<h3>What the data check said</h3>{table}" if rows else ""


def _model(report: CategoryReport) -> str:
    rows = [
        ["checkpoint", f"{report.checkpoint.path} ({report.checkpoint.size_bytes} bytes)"],
        ["checkpoint sha256", report.checkpoint.sha256],
        ["data fingerprint", report.split_fingerprint.sha256],
        *_facts_below("", report.detector),
    ]
    return "<h3>Model and data</h3>" + _table(("what", "value"), rows, "words")


def _failed_categories(failed: dict[str, str]) -> str:
    rows = [[name, message] for name, message in failed.items()]
    title = '<h2 class="bad">Categories that failed</h2>'
    return title + _table(("category", "why"), rows, "words") if rows else ""


def _environment(environment: dict[str, Any]) -> str:
    return "<h2>Environment</h2>" + _table(("what", "value"), _facts_below("", environment), "words")


def _facts_below(path: str, value: object) -> Iterator[list[str]]:
    """Yield a row for each fact of nested mappings, its keys joined to `features: backbone`."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _facts_below(f"{path}: {key}" if path else str(key), member)
    else:
        yield [path, _in_words(value)]


def _in_words(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)

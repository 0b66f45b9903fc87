"""How the deployed threshold decided: what images are against what was said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import NONE, images_in_words

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.report import Results


def confusion_table(results: Results) -> str:
    """Return the counts of each verdict, for normal and for anomalous images; nothing without verdicts."""
    alarms, misses, review = results.false_alarm_rate, results.miss_rate, results.review
    if alarms is None or misses is None:
        return ""
    held = (0, 0) if review is None else (review.normal.count, review.anomalous.count)
    normal = _row("normal", alarms, (alarms.total - alarms.count - held[0], held[0], alarms.count))
    anomalous = _row("anomalous", misses, (misses.count, held[1], misses.total - misses.count - held[1]))
    columns = ["called normal", "for review", "called anomalous"]
    rows = [normal, anomalous]
    if review is None:
        columns, rows = [columns[0], columns[2]], [[row[0], row[1], row[3]] for row in rows]
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        '<table class="confusion"><caption>What the test images are, and what was said of them</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(label: str, rate: ObservedRate, counts: tuple[int, int, int]) -> list[str]:
    right = 0 if label == "normal" else 2
    wrong = 2 - right
    kinds = [
        "right" if index == right else "wrong" if index == wrong and count else "waits"
        for index, count in enumerate(counts)
    ]
    names = {
        "normal": ("passed", "for review", "raise a false alarm"),
        "anomalous": ("missed", "for review", "found"),
    }[label]
    cells = [
        f'<td class="{kind}"><b>{count}</b> {name}<br>{_small(_share(count, rate.total))}</td>'
        for kind, name, count in zip(kinds, names, counts, strict=True)
    ]
    return [f'<th scope="row">{label}<br>{_small(images_in_words(rate.total))}</th>', *cells]


def _small(content: str) -> str:
    return f'<span class="muted">{content}</span>'


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else NONE

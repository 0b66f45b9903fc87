"""Tables and folded parts of the page. All text is escaped here, but for cells that are HTML already."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@define(frozen=True)
class Html:
    """A piece of HTML, whose texts are escaped."""

    text: str


Cell = str | Html


def strong(text: str) -> Html:
    """Return text in bold."""
    return Html(f"<b>{escape(text)}</b>")


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "") -> str:
    """Return a table that scrolls by itself; a row shorter than the header ends in a cell over the rest.

    Args:
        header: a title for each column.
        rows: their cells; the first one names the row.
        kind: the style's class.
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(_row(row, len(header)) for row in rows)
    opening = f'<div class="scroll"><table class="{kind}">'
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _row(row: Sequence[Cell], width: int) -> str:
    name, *cells = map(as_html, row)
    last = width - len(row) + 1
    spans = [
        f' colspan="{last}"' if last > 1 and index == len(cells) - 1 else "" for index in range(len(cells))
    ]
    data = "".join(f"<td{span}>{cell}</td>" for span, cell in zip(spans, cells, strict=True))
    return f'<tr><th scope="row">{name}</th>{data}</tr>'


def as_html(cell: Cell) -> str:
    """Return a cell as HTML."""
    return cell.text if isinstance(cell, Html) else escape(cell)


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """Return lines as a list."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def folded(title: str, content: str) -> str:
    """Return content that opens on a click, without a script."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"

"""Text and tables of the page. Whatever comes from a data set passes through `shown`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_preflight._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 400  # characters of one text: a message may quote a line of any length


def shown(text: str, longest: int = _LONGEST) -> str:
    """Return a text as HTML: what can't be printed is written as an escape, and what is too long is cut."""
    whole = printable(text[: longest + 1])
    return escape(whole if len(whole) <= longest else f"{whole[: longest - 1]}…")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table; each cell knows its title, which stands beside it where the page is narrow.

    Args:
        header: a title for each column.
        rows: their cells, as HTML.
        kind: the style's class.
    """
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(map(_cell, header, row))}</tr>" for row in rows)
    opening = f'<div class="scroll"><table class="{kind}">'
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(title: str, cell: str) -> str:
    return f'<td data-title="{escape(title)}">{cell}</td>'


def left_out(count: int, what: str) -> str:
    """Return a line that says how many of something the page does not hold, or nothing."""
    return f'<p class="muted">… and {count:,} more {what}.</p>' if count > 0 else ""

"""Tables of the report, and nested facts as their rows. All text is escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_core.words import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table; a row that is shorter than the header ends in a cell over the rest.

    Args:
        header: a title for each column.
        rows: their cells, as text.
        kind: the style's class.
    """
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{_cells(row, len(header))}</tr>" for row in rows)
    opening = f'<div class="scroll"><table class="{kind}">'
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def noted_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose last column, without a title, holds notes; it is left out where there are none."""
    if any(row[-1] for row in rows):
        return table((*header, ""), rows, "noted")
    return table(header, [row[:-1] for row in rows])


def _cells(row: Sequence[str], width: int) -> str:
    *cells, last = (escape(cell) for cell in row)
    span = width - len(row) + 1
    ending = f'<td colspan="{span}">{last}</td>' if span > 1 else f"<td>{last}</td>"
    return "".join(f"<td>{cell}</td>" for cell in cells) + ending


def folded(title: str, content: str) -> str:
    """Return content that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def facts_below(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield a row for each fact of nested mappings, its keys joined to `features: backbone`."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from facts_below(f"{path}: {key}" if path else str(key), member)
    else:
        yield path, in_words(value)


def in_words(value: object) -> str:
    """Return a fact of JSON as text: of a mapping what is there, a mapping within it in brackets."""
    if value is None or isinstance(value, bool):
        return {None: NONE, True: "yes", False: "no"}[value]
    if isinstance(value, dict):
        told = [f"{key} {_inner(member)}" for key, member in value.items() if member is not None]
        return ", ".join(told) or NONE
    if isinstance(value, list | tuple):
        return ", ".join(map(in_words, value)) or NONE
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _inner(value: object) -> str:
    return f"({in_words(value)})" if isinstance(value, dict) else in_words(value)

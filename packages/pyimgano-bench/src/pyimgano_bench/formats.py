"""Tables as Markdown and CSV, safe for any name in a cell."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from attrs import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE_ENDS = re.compile(r"[\r\n]+")
_FORMULA = re.compile(r"\s*[=+\-@]|\t")  # a spreadsheet would compute such a cell
_MARKDOWN = re.compile(r"[\\|`*_<>\[\]&]")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(escape_markdown, line))} |" for line in lines)


def escape_markdown(text: str) -> str:
    """Return text as one line that Markdown shows as it is."""
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


def csv_table(contract: type[Any], rows: Iterable[Any]) -> str:
    """Return a line per attrs instance with all its fields; what is undefined is empty.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    names = [attribute.name for attribute in fields(contract)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_csv_value(getattr(row, name)) for name in names] for row in rows])
    return stream.getvalue()


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = "; ".join(f"{name}: {reason}" for name, reason in value.items())
    if isinstance(value, str):
        value = _LINE_ENDS.sub(" ", value)
        return f"'{value}" if _FORMULA.match(value) else value
    return repr(value) if isinstance(value, float) else value

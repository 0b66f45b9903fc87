"""A study's table and notes, for the terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.formats import escape_markdown, markdown_table
from pyimgano_bench.notes import trial_in_words
from pyimgano_core.cli.app import format_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = tuple[list[str], list[list[str]]]  # header and lines


def all_notes(trial: int | None, legend: str, notes: Sequence[str]) -> list[str]:
    """Return the notes of a study: that it is a trial, how its table is read, and its own."""
    return [*([] if trial is None else [trial_in_words(trial)]), legend, *notes]


def as_text(table: Table, notes: Sequence[str]) -> str:
    """Return the table and notes for a terminal."""
    return "\n\n".join([format_table(*table), "\n".join(f"- {note}" for note in notes)])


def as_markdown(title: str, table: Table, picture: str, notes: Sequence[str]) -> str:
    """Return the table, the picture of that file and notes as a Markdown document."""
    lines = "\n".join(f"- {escape_markdown(note)}" for note in notes)
    return (
        "\n\n".join([f"# {title}", markdown_table(*table), f"![{title}]({picture})", "## Notes", lines])
        + "\n"
    )

"""Tells what was guessed from the names of folders, and where it may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.cli._manifest_counts import NUMBERS, count_records, numbers_of
from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.textlines import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.record import Record
    from pyimgano_core.layouts import GuessedRecords

_SHOWN = 5
_LONE_MASKS = (
    "masks of no anomalous image, or of one of several "
    "(scratch/1.png has masks/scratch/1.png, or 1_mask.png there)"
)
_REMEDY = "where defects are, call the folder nok or nok/scratch, or set their label to 1 in the manifest"
_OTHERS = "files that are no images, and links to folders"


def guessed_text(guessed: GuessedRecords) -> str:
    """Return a table of what was found by category, and below it what may be wrong and what was left out."""
    by_category: dict[str, list[Record]] = {}
    for record in guessed.records:
        by_category.setdefault(record.category, []).append(record)
    rows = [_row(name, by_category[name]) for name in sorted(by_category)]
    lines = [format_table(["category", *NUMBERS, "defects"], rows), "", *guessed_doubts(guessed)]
    for names, what in ((guessed.lone_masks, _LONE_MASKS), (guessed.others, _OTHERS)):
        if names:
            lines.append(f"left out ({len(names)}), {what}: {_shown(names)}")
    return "\n".join(lines) + "\n"


def guessed_document(guessed: GuessedRecords) -> dict[str, Any]:
    """Return the number of images, what may be wrong, and the names of what was left out, for JSON."""
    return {
        "images": len(guessed.records),
        "doubts": guessed_doubts(guessed),
        "lone_masks": guessed.lone_masks,
        "others": guessed.others,
    }


def guessed_doubts(guessed: GuessedRecords) -> list[str]:
    """Return a sentence for each reason to think that defects were taken for normal images."""
    doubts = []
    if all(record.label == NORMAL for record in guessed.records):
        doubts.append(f"all images are taken as normal, for no folder is called nok or the like; {_REMEDY}")
    if guessed.doubtful:
        doubts.append(f"taken as normal, though called after defects: {_shown(guessed.doubtful)}; {_REMEDY}")
    return doubts


def _shown(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return printable(", ".join(names[:_SHOWN])) + more


def _row(name: str, records: Sequence[Record]) -> list[str]:
    counts = count_records(records)
    return [name, *numbers_of(counts), ", ".join(counts["defects"])]

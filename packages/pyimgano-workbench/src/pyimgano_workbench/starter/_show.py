"""Tells what a first run was made of."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from typing import TYPE_CHECKING

import click

from pyimgano_core.cli.app import emit_json, format_table
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.record import Record, Split
    from pyimgano_workbench.starter._write import Start

_HEADER = ["category", "train", "val", "test normal", "test anomalous", "no split", "masks", "defects"]
_COLUMNS: tuple[tuple[Split | None, int], ...] = (
    ("train", NORMAL),
    ("val", NORMAL),
    ("test", NORMAL),
    ("test", ANOMALOUS),
    (None, NORMAL),
)
_SHOWN = 5
_LONE_MASKS = "masks of no anomalous image (scratch/1.png has masks/scratch/1.png, or 1_mask.png there)"


def show_start(start: Start, *, as_json: bool) -> None:
    """Print what was written, and what to do next."""
    found = start.found
    if as_json:
        emit_json(
            {
                "config": str(start.config),
                "manifest": str(start.manifest),
                "images": len(found.records),
                "lone_masks": list(found.lone_masks),
                "others": list(found.others),
            }
        )
        return
    categories = sorted({record.category for record in found.records})
    rows = [_row(name, [r for r in found.records if r.category == name]) for name in categories]
    click.echo(format_table(_HEADER, rows))
    click.echo()
    for names, what in ((found.lone_masks, _LONE_MASKS), (found.others, "files that are no images")):
        if names:
            more = ", …" if len(names) > _SHOWN else ""
            click.echo(f"left out, {len(names)} {what}: {', '.join(names[:_SHOWN])}{more}")
    click.echo(f"written: {start.manifest}, {start.config}")
    by_uv = ["uv", "run"] if "UV" in os.environ else []
    command = [*by_uv, "pyimgano-train", "--config", str(start.config), "--export-infer-config"]
    click.echo(f"look through both, then: {shlex.join(command)}")


def _row(name: str, records: Sequence[Record]) -> list[str]:
    counts: Counter[tuple[Split | None, int]] = Counter((record.split, record.label) for record in records)
    defects = sorted({record.defect for record in records if record.defect is not None})
    masks = sum(record.mask_path is not None for record in records)
    numbers = [counts[column] for column in _COLUMNS]
    return [name, *map(str, numbers), str(masks), ", ".join(defects)]

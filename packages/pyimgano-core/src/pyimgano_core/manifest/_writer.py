"""Manifest files are written whole or not at all, with a stable order of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import atomic_writer, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyimgano_core.contracts.record import Record


def write_manifest(path: Path, records: Iterable[Record]) -> int:
    """Write one line per record and return their number; absent fields are left out.

    A file name that is not UTF-8 is written with JSON escapes and read back equal.
    """
    count = 0
    with atomic_writer(path) as stream:
        for record in records:
            stream.write(to_json(_document(record)).encode() + b"\n")
            count += 1
    return count


def _document(record: Record) -> dict[str, Any]:
    document = {
        "image_path": record.image_path,
        "category": record.category,
        "split": record.split,
        "label": record.label,
        "mask_path": record.mask_path,
        "group_id": record.group_id,
        "defect": record.defect,
        "meta": record.meta or None,
    }
    return {key: value for key, value in document.items() if value is not None}

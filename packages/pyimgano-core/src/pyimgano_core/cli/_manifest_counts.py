"""What a manifest holds, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.record import ANOMALOUS, LABEL_NAMES, NORMAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.record import Record, Split

NUMBERS = ("train", "val", "test normal", "test anomalous", "no split", "masks")
HEADER = ("category", *NUMBERS, "groups")
_SPLITS: tuple[Split | None, ...] = ("train", "val", "test", None)


def count_records(records: Sequence[Record]) -> dict[str, Any]:
    """Return the numbers of images by split (as written) and label, of masks, groups and types of defect."""
    counts = Counter((record.split, record.label) for record in records)
    defects = Counter(record.defect for record in records if record.defect is not None)
    return {
        "images": len(records),
        "splits": {
            split or "none": {LABEL_NAMES[label]: counts[split, label] for label in (NORMAL, ANOMALOUS)}
            for split in _SPLITS
        },
        "masks": sum(record.mask_path is not None for record in records),
        "groups": len({record.group_id for record in records if record.group_id is not None}),
        "defects": dict(sorted(defects.items())),
    }


def table_row(name: str, counts: dict[str, Any]) -> list[str]:
    """Return the cells below `HEADER`."""
    return [name, *numbers_of(counts), str(counts["groups"])]


def numbers_of(counts: dict[str, Any]) -> list[str]:
    """Return the cells below `NUMBERS`."""
    splits = counts["splits"]
    numbers = (
        splits["train"]["normal"],
        splits["val"]["normal"],
        *splits["test"].values(),
        sum(splits["none"].values()),
        counts["masks"],
    )
    return list(map(str, numbers))

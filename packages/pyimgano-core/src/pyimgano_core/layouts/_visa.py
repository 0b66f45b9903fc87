"""The VisA data set as it is published: a table of images in `split_csv/1cls.csv`.

The table has the columns object, split, label, image and mask; paths in it are relative to the root. Copies
of the data set that were rearranged like MVTec AD are read as folder trees.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.layouts._category import Dialect, is_category
from pyimgano_core.layouts._result import LayoutRecords, wrong_structure
from pyimgano_core.layouts._tree import read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.record import Split

TABLE = "split_csv/1cls.csv"
_REARRANGED = "1cls"
_COLUMNS = ("object", "split", "label", "image", "mask")
_SPLITS: dict[str, Split] = {"train": "train", "test": "test"}
_LABELS = {"normal": NORMAL, "anomaly": ANOMALOUS}
_TREE = Dialect(name="visa", normal=frozenset({"good"}))


def read_visa(root: Path) -> LayoutRecords:
    """Return the records of VisA under `root`, which exists, in any of its forms."""
    if (root / TABLE).is_file():
        return _read_table(root)
    nested = (root / _REARRANGED).is_dir() and not is_category(root / _REARRANGED)
    return read_tree(root, _TREE, _REARRANGED if nested else "")


def _read_table(root: Path) -> LayoutRecords:
    try:
        text = (root / TABLE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return LayoutRecords(
            issues=(wrong_structure("visa", f"{TABLE}: can't be read: {error}", path=TABLE),)
        )
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        message = f"{TABLE}: has no column {', '.join(missing)}"
        return LayoutRecords(issues=(wrong_structure("visa", message, path=TABLE),))
    records, issues = [], []
    for row in rows:
        problem = _problem(row)
        if problem is None:
            records.append(_record(row))
        else:
            issues.append(_invalid_row(problem, rows.line_num))
    if not records and not issues:
        issues.append(wrong_structure("visa", f"{TABLE}: has no rows", path=TABLE))
    return LayoutRecords(records=tuple(records), issues=tuple(issues))


def _problem(row: dict[str, str | None]) -> str | None:
    for name, known in (("split", _SPLITS), ("label", _LABELS)):
        if row[name] not in known:
            return f"{name} {row[name]!r} is none of {', '.join(known)}"
    empty = [name for name in ("object", "image") if not row[name]]
    if empty:
        return f"{empty[0]} is empty"
    if row["split"] == "train" and row["label"] != "normal":
        return "an anomaly can't be in train"
    return None


def _record(row: dict[str, str | None]) -> Record:
    label = _LABELS[row["label"] or ""]
    return Record(
        image_path=(row["image"] or "").replace("\\", "/"),
        category=row["object"] or "",
        split=_SPLITS[row["split"] or ""],
        label=label,
        mask_path=(row["mask"] or "").replace("\\", "/") or None,
        defect="anomaly" if label == ANOMALOUS else None,
    )


def _invalid_row(problem: str, line: int) -> Issue:
    return Issue(
        code="PF108",
        name="MANIFEST_INVALID_RECORD",
        severity=Severity.ERROR,
        message=f"{TABLE}:{line}: {problem}",
        location=Location(manifest=TABLE, line=line),
    )

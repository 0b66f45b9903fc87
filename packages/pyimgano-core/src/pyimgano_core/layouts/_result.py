"""What reading a layout gives, and the issues that it may find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAMED_IN_MESSAGE = 3


@define(frozen=True, kw_only=True)
class LayoutRecords:
    """The records of a layout, in a fixed order, with paths relative to its root and `/` between names.

    `ignored` are the files and folders that are no part of the layout, relative to the root; an issue names
    them as well.
    """

    records: tuple[Record, ...] = ()
    issues: tuple[Issue, ...] = ()
    ignored: tuple[str, ...] = ()


def root_missing(root: Path) -> Issue:
    """The data set's folder is not there."""
    state = "is not a folder" if root.exists() else "does not exist"
    message = f"{root}: {state}; give the folder that holds the data set"
    return Issue(code="PF711", name="DATASET_ROOT_MISSING", severity=Severity.ERROR, message=message)


def wrong_structure(layout: str, message: str, *, category: str | None = None, path: str = "") -> Issue:
    """The folders are not those of the layout."""
    name = "CUSTOM_DATASET_INVALID_STRUCTURE" if layout == "custom" else "DATASET_CATEGORY_LIST_FAILED"
    return Issue(
        code="PF711",
        name=name,
        severity=Severity.ERROR,
        message=message,
        paths=(path,) if path else (),
        category=category,
    )


def category_empty(category: str) -> Issue:
    """A category has no image."""
    message = f"category {category!r} has no images"
    return Issue(
        code="PF703",
        name="DATASET_CATEGORY_EMPTY",
        severity=Severity.ERROR,
        message=message,
        category=category,
    )


def anomaly_in_train(category: str, split: str, path: str) -> Issue:
    """A folder of anomalies lies among the images to learn from."""
    message = f"{path}: {split} takes normal images only; move the folder to test"
    return Issue(
        code="PF705",
        name="ANOMALY_IN_TRAIN",
        severity=Severity.ERROR,
        message=message,
        paths=(path,),
        category=category,
        split=split,
    )


def not_used(paths: Sequence[str], what: str, *, category: str | None = None) -> Issue:
    """Some files or folders are no part of the layout.

    Args:
        paths: relative to the root, sorted, at least one.
        what: why they are not used, e.g. `masks of no image`.
        category: where they all are in one.
    """
    names = ", ".join(paths[:_NAMED_IN_MESSAGE]) + (", …" if len(paths) > _NAMED_IN_MESSAGE else "")
    return Issue(
        code="PF213",
        name="ORPHAN_FILE",
        severity=Severity.INFO,
        message=f"{len(paths)} not used ({what}): {names}",
        paths=tuple(paths),
        category=category,
        data={"count": len(paths)},
    )

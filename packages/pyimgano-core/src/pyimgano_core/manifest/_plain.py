"""The common line of a manifest, where every field has its plain form: a record without a second look."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Split
from pyimgano_core.manifest._record import FIELDS
from pyimgano_core.manifest._slugs import is_safe_category

_FIELDS = frozenset(FIELDS)
_SPLITS: Final[dict[str, Split]] = {"train": "train", "val": "val", "test": "test"}
_SHARED_CHARACTERS = 100


def plain_record(document: Any, line: int) -> Record | None:
    """Return the record, or None where anything is unusual; `parse_record` then says whether it is wrong.

    Equal names of categories, groups and defects are one string in memory, as those of a data set repeat.
    """
    if type(document) is not dict or not _FIELDS.issuperset(document):
        return None
    get = document.get
    image_path, mask_path, split, label = get("image_path"), get("mask_path"), get("split"), get("label")
    group_id, defect, meta = get("group_id"), get("defect"), get("meta")
    category = _plain_category(get("category"))
    if (
        category is None
        or image_path is None
        or not _is_path(image_path)
        or not (mask_path is None or _is_path(mask_path))
        or not _agree(split, label)
        or not (group_id is None or type(group_id) is str)
        or not (defect is None or type(defect) is str)
        or not (meta is None or (type(meta) is dict and "group_id" not in meta))
    ):
        return None
    return Record(
        image_path=image_path,
        category=category,
        split=None if split is None else _SPLITS[split],
        label=label or NORMAL,
        labelled=label is not None,
        mask_path=mask_path,
        group_id=None if group_id is None else _name(group_id),
        defect=None if defect is None else _name(defect),
        meta={} if meta is None else meta,
        line=line,
    )


def _is_path(value: Any) -> bool:
    return type(value) is str and "\0" not in value and value != "" and not value.isspace()


def _agree(split: Any, label: Any) -> bool:
    """Return whether both are plain, and only a test image is anomalous and has to say what it is."""
    if split is not None and (type(split) is not str or split not in _SPLITS):
        return False
    if label is None:
        return split != "test"
    return type(label) is int and (label == NORMAL or (label == ANOMALOUS and split in {None, "test"}))


def _plain_category(value: Any) -> str | None:
    return _category(value) if type(value) is str and len(value) <= _SHARED_CHARACTERS else None


@lru_cache(maxsize=1024)
def _category(text: str) -> str | None:
    name = text.strip()
    return name if name and is_safe_category(name) else None


def _name(text: str) -> str | None:
    return _shared_name(text) if len(text) <= _SHARED_CHARACTERS else text.strip() or None


@lru_cache(maxsize=4096)
def _shared_name(text: str) -> str | None:
    return text.strip() or None

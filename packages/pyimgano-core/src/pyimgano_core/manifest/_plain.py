"""The common line of a manifest, where every field has its plain form: a record without a second look."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Split
from pyimgano_core.manifest._line import is_proven
from pyimgano_core.manifest._record import FIELDS
from pyimgano_core.manifest._slugs import is_safe_category

Sort = tuple[str, Split | None, int, bool, str | None]  # category, split, label, labelled, defect
Plain = tuple[str, Sort, str | None, str | None, dict[str, Any]]  # image, sort, mask, group, meta

_FIELDS = frozenset(FIELDS)
_SPLITS: Final[dict[str, Split]] = {"train": "train", "val": "val", "test": "test"}
_SHARED_CHARACTERS = 100
_NO_META: dict[str, Any] = {}


def plain_line(content: bytes) -> Plain | None:
    """Return what the record of a line is made of, or None where anything is unusual."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    plain = plain_fields(document)
    return plain if plain is not None and is_proven(document, content, plain[4]) else None


def plain_fields(document: Any) -> Plain | None:
    """Return what a record is made of, or None where anything is unusual.

    `parse_record` then says whether it is wrong.
    """
    if type(document) is not dict or not _FIELDS.issuperset(document):
        return None
    get = document.get
    image_path: Any = get("image_path")
    mask_path, group, meta = get("mask_path"), get("group_id"), get("meta")
    try:
        sort = _sort(get("category"), get("split"), get("label"), get("defect"))
    except (TypeError, ValueError):
        return None
    if (
        not _is_path(image_path)
        or not (mask_path is None or _is_path(mask_path))
        or not (group is None or type(group) is str)
        or not (meta is None or (type(meta) is dict and "group_id" not in meta))
    ):
        return None
    return image_path, sort, mask_path, (group and group.strip()) or None, meta or _NO_META


def plain_record(plain: Plain, line: int) -> Record:
    """Return the record; equal names of groups are one string in memory, as those of a data set repeat."""
    image_path, (category, split, label, labelled, defect), mask_path, group_id, meta = plain
    return Record(
        image_path=image_path,
        category=category,
        split=split,
        label=label,
        labelled=labelled,
        mask_path=mask_path,
        group_id=group_id if group_id is None or len(group_id) > _SHARED_CHARACTERS else _shared(group_id),
        defect=defect,
        meta=meta or {},
        line=line,
    )


def _is_path(value: Any) -> bool:
    return type(value) is str and "\0" not in value and value != "" and not value.isspace()


@lru_cache(maxsize=4096, typed=True)  # typed, as True and 1.0 are equal to 1; what is raised is not kept
def _sort(category: Any, split: Any, label: Any, defect: Any) -> Sort:
    """Return what many records have in common.

    Raises:
        ValueError: something is unusual, or too long to be kept here.
        TypeError: so it is, and it is a list or a mapping.
    """
    name = _short_name(category)
    if name is None or not is_safe_category(name) or not _agree(split, label):
        raise ValueError("unusual")
    named = None if defect is None else _short_name(defect)
    return name, None if split is None else _SPLITS[split], label or NORMAL, label is not None, named


def _agree(split: Any, label: Any) -> bool:
    """Return whether both are plain, and only a test image is anomalous and has to say what it is."""
    if split is not None and (type(split) is not str or split not in _SPLITS):
        return False
    if label is None:
        return split != "test"
    return type(label) is int and (label == NORMAL or (label == ANOMALOUS and split in {None, "test"}))


def _short_name(value: Any) -> str | None:
    if type(value) is not str or len(value) > _SHARED_CHARACTERS:
        raise ValueError("unusual")
    return value.strip() or None


@lru_cache(maxsize=4096)
def _shared(name: str) -> str:
    return name

"""One JSON object of a manifest, checked field by field; all of its faults are collected."""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Split
from pyimgano_core.manifest._slugs import is_safe_category

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("image_path", "category", "split", "label", "mask_path", "group_id", "defect", "meta")
UNKNOWN_FIELD = "PF109"
_NAMES = {
    "PF108": "MANIFEST_INVALID_RECORD",
    UNKNOWN_FIELD: "MANIFEST_UNKNOWN_FIELD",
    "PF701": "CATEGORY_NAME_UNSAFE",
    "PF704": "LABEL_SPLIT_INVALID",
    "PF705": "ANOMALY_IN_TRAIN",
}
_SHOWN_CHARACTERS = 60
_LONGEST_MISSPELLING = 40


def parse_record(document: object, location: Location) -> tuple[Record | None, tuple[Issue, ...]]:
    """Return the record, or None where it has an error, and all of its issues."""
    fields = _Fields(document if isinstance(document, dict) else {}, location)
    if not isinstance(document, dict):
        fields.fail(None, f"a line must be a JSON object in braces, not {_shown(document)}")
        return None, tuple(fields.issues)
    fields.warn_of_unknown()
    record = _record(fields, location.line or 0)
    failed = any(issue.severity is Severity.ERROR for issue in fields.issues)
    return (None if failed else record), tuple(fields.issues)


def _record(fields: _Fields, line: int) -> Record:
    label = fields.label()
    split = fields.split()
    if split == "test" and label is None and not fields.failed("label"):
        fields.fail("label", 'a test image needs a label: add "label": 0 or 1', "PF704")
    if split in {"train", "val"} and label == ANOMALOUS:
        fields.fail("label", f"an anomalous image can't be in {split}: only test may hold anomalies", "PF705")
    meta = fields.meta()
    return Record(
        image_path=fields.path("image_path", required=True) or "",
        category=fields.category(),
        split=split,
        label=NORMAL if label is None else label,
        labelled=label is not None,
        mask_path=fields.path("mask_path"),
        group_id=fields.group(meta),
        defect=fields.defect(),
        meta=meta,
        line=line,
    )


class _Fields:
    """Takes checked values out of one JSON object and collects what is wrong with them."""

    def __init__(self, document: Mapping[str, Any], location: Location) -> None:
        self.issues: list[Issue] = []
        self._document = document
        self._location = location
        category = document.get("category")
        self._category = category.strip() or None if isinstance(category, str) else None

    def fail(self, name: str | None, message: str, code: str = "PF108") -> None:
        self._add(code, Severity.ERROR, name, message)

    def failed(self, name: str) -> bool:
        return any(issue.location is not None and issue.location.field == name for issue in self.issues)

    def warn_of_unknown(self) -> None:
        for key in self._document:
            if key not in FIELDS:
                self._add(UNKNOWN_FIELD, Severity.WARNING, key, _unknown_message(key))

    def path(self, name: str, *, required: bool = False) -> str | None:
        value = self._document.get(name)
        if value is None and not required:
            return None
        if not isinstance(value, str):
            self._fail_type(name, "a path in quotes", value)
        elif "\0" in value:
            self.fail(name, f"{name} holds a NUL character, which no file name can")
        elif value.strip():
            return value
        elif required:
            self.fail(name, f"{name} is empty: give the image's path")
        return None

    def name(self, name: str, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self._fail_type(name, "text", value)
            return None
        return str(value).strip() or None

    def defect(self) -> str | None:
        return self.name("defect", self._document.get("defect"))

    def category(self) -> str:
        category = self.name("category", self._document.get("category"))
        if category is None:
            if not self.failed("category"):
                self.fail("category", "category is missing or empty: every image needs one")
            return ""
        if not is_safe_category(category):
            self.fail(
                "category",
                f"category {_shown(category)} can't name a folder: use no slashes or control characters",
                "PF701",
            )
        return category

    def split(self) -> Split | None:
        value = self._document.get("split")
        if value is None:
            return None
        text = value.strip().lower() if isinstance(value, str) else None
        for split in get_args(Split):
            if text == split:
                return split  # type: ignore[no-any-return]  # get_args forgets the literals
        if text != "":
            self._fail_type("split", '"train", "val" or "test"', value)
        return None

    def label(self) -> Literal[0, 1] | None:
        value = self._document.get("label")
        if value is None:
            return None
        if type(value) is int and value in {NORMAL, ANOMALOUS}:
            return 1 if value else 0
        self._fail_type("label", "0 (normal) or 1 (anomalous)", value)
        return None

    def meta(self) -> dict[str, Any]:
        value = self._document.get("meta")
        if value is None or isinstance(value, dict):
            return value or {}
        self._fail_type("meta", "an object in braces", value)
        return {}

    def group(self, meta: Mapping[str, Any]) -> str | None:
        group = self.name("group_id", self._document.get("group_id"))
        other = self.name("meta.group_id", meta.get("group_id"))
        if group is not None and other is not None and group != other:
            self.fail(
                "group_id",
                f"group_id {_shown(group)} and meta.group_id {_shown(other)} differ: keep one of them",
            )
        return other if group is None else group

    def _fail_type(self, name: str, wanted: str, value: object) -> None:
        missing = value is None and name not in self._document
        found = "is missing" if missing else f"must be {wanted}, not {_shown(value)}"
        self.fail(name, f"{name} {found}")

    def _add(self, code: str, severity: Severity, name: str | None, message: str) -> None:
        location = Location(manifest=self._location.manifest, line=self._location.line, field=name)
        self.issues.append(
            Issue(
                code=code,
                name=_NAMES[code],
                severity=severity,
                message=message,
                location=location,
                category=self._category,
            )
        )


@lru_cache(maxsize=256)
def _unknown_message(key: str) -> str:
    nearest = difflib.get_close_matches(key.lower(), FIELDS, 1) if len(key) <= _LONGEST_MISSPELLING else []
    hint = f": did you mean {nearest[0]!r}?" if nearest else "; put facts of your own under 'meta'"
    return f"unknown field {_shown(key)} is ignored{hint}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

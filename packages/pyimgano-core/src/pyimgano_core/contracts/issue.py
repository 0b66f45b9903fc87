"""What is wrong with the data: one record per fault, the same shape for every package."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import define, field


class Severity(StrEnum):
    """How bad a fault is: an error must be mended, a warning should be read, information is a fact."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@define(frozen=True, kw_only=True)
class Location:
    """Where in a manifest a fault stands."""

    manifest: str | None = None
    line: int | None = None
    field: str | None = None


@define(frozen=True, kw_only=True)
class Issue:
    """One fault of the data.

    `code` is stable (`PF106`), `name` says it in words (`MANIFEST_INVALID_JSON`), `data` holds its numbers.
    """

    code: str
    name: str
    severity: Severity
    message: str
    location: Location | None = None
    paths: tuple[str, ...] = ()
    category: str | None = None
    split: str | None = None
    data: dict[str, Any] = field(factory=dict)

"""A field that is unknown is one issue of a manifest, however many lines have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.issue import Issue
from pyimgano_core.manifest._record import UNKNOWN_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator


@define
class _Use:
    first: Issue
    lines: int = 0
    in_one_category: bool = True


class UnknownFields:
    """Folds the warnings of each unknown field into one."""

    def __init__(self) -> None:
        self._uses: dict[str | None, _Use] = {}

    def take(self, issue: Issue) -> bool:
        """Count the issue, and return whether it is of this kind."""
        if issue.code != UNKNOWN_FIELD:
            return False
        field = issue.location.field if issue.location else None
        use = self._uses.setdefault(field, _Use(issue))
        use.lines += 1
        use.in_one_category = use.in_one_category and use.first.category == issue.category
        return True

    def issues(self) -> Iterator[Issue]:
        """Yield each field's issue, at its first line and with the number of its lines."""
        for use in self._uses.values():
            first = use.first
            yield evolve(
                first,
                message=first.message if use.lines == 1 else f"{first.message} ({use.lines} lines)",
                category=first.category if use.in_one_category else None,
                data={"lines": use.lines},
            )

"""Faults of image files: what keeps them from being used, and files that are used under two names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.manifest import image_file
from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection

_STORAGE = "PF901"
IMAGE_RULES = {  # by the code of the error
    "not_found": "PF201",
    "link_loop": "PF208",
    "not_regular": "PF209",
    "not_readable": "PF210",
    "empty_file": "PF211",
    "changed": "PF214",
    "unidentified": "PF301",
    "truncated": "PF302",
    "too_large": "PF304",
    "unsupported_mode": "PF315",
    "corrupt": "PF401",
    "nonfinite": "PF409",
    "killed_reader": "PF412",
}
_SHOWN_PATHS = 20


def file_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield what keeps images from being used, in the order of the samples, once for each file."""
    for sample, facts in inspection.facts.images("error"):
        if facts.error is not None:
            code = IMAGE_RULES.get(facts.error.code, _STORAGE)
            number = facts.error.errno
            data = {} if number is None else {"errno": number}
            yield sample_issue(code, sample, facts.error.message, data=data)


def alias_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the images that are one file under several names, an error where it is learnt from and tested."""
    shared = list(inspection.facts.linked_images())
    if shared:
        sides = _sides(inspection, {sample.image_file for samples in shared for sample in samples})
        allowed = inspection.config.dataset.split_policy.leakage == "allow"
        for samples in shared:
            leaks = len({side for sample in samples for side in sides[sample.image_file]}) > 1
            yield _alias_issue(samples, leaks=leaks, allowed=allowed)


def told_once(issues: Iterable[Issue]) -> Iterator[Issue]:
    """Yield the issues less those of equal contents that are one file under several names, told as such.

    Args:
        issues: in the order of their codes, so that links come before equal contents.
    """
    aliases: set[tuple[int, frozenset[str]]] = set()
    for issue in issues:
        if issue.code == "PF212":
            aliases.add((issue.data["count"], frozenset(_names(issue))))
        if issue.code != "PF601" or (issue.data["count"], frozenset(issue.paths)) not in aliases:
            yield issue


def _names(alias: Issue) -> tuple[str, ...]:
    return (*alias.paths, *alias.data["same_as"])


def _sides(inspection: Inspection, files: set[str]) -> dict[str, set[str]]:
    """Return for each image among `files` whether it is learnt from, tested on, or both."""
    sides: dict[str, set[str]] = {file: set() for file in files}
    for category in inspection.prepared.categories:
        for role, samples in category.split.by_role:
            for index in range(len(samples)):
                file = image_file(samples, index)
                if file in sides:
                    sides[file].add("tested" if role == "test" else "learnt")
    return sides


def _alias_issue(samples: list[Sample], *, leaks: bool, allowed: bool) -> Issue:
    others = [sample.record.image_path for sample in samples[1:]]
    harm = "it is learnt from and tested on" if leaks else "it counts several times"
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    issue = sample_issue(
        "PF212",
        samples[0],
        f"is the same file as {others[0]!r}{more} by a link, so {harm}: keep one name",
        data={"count": len(samples), "same_as": others[:_SHOWN_PATHS]},
    )
    return evolve(issue, severity=Severity.ERROR) if leaks and not allowed else issue

"""The rules: what each code means, why it matters and how to mend it; they stand in `catalogue/*.toml`.

A code never changes its meaning; a new rule takes a new code.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from attrs import define

from pyimgano_core.contracts.issue import Issue, Location, Severity

if TYPE_CHECKING:
    from pyimgano_core.contracts.record import Sample


@define(frozen=True, kw_only=True)
class Rule:
    """One thing that can be wrong.

    `severity` is the usual one; `other_names` are those of special cases. `why` says what it does to anomaly
    detection, `example` shows the fault. It is looked for from the profile `profile` on.
    """

    code: str
    name: str
    severity: Severity
    meaning: str
    remedy: str
    why: str
    example: str
    profile: Literal["quick", "standard", "deep"] = "quick"
    other_names: tuple[str, ...] = ()


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return all rules in the order of their codes."""
    from pyimgano_core.contracts.structuring import structure  # noqa: PLC0415 - keeps start-up light

    pages = sorted(files(__package__).joinpath("catalogue").iterdir(), key=lambda page: page.name)
    tables = {
        code: table
        for page in pages
        for code, table in tomllib.loads(page.read_text(encoding="utf-8")).items()
    }
    return tuple(structure({"code": code, **tables[code]}, Rule, known_only=True) for code in sorted(tables))


def find_rule(text: str) -> Rule | None:
    """Return the rule of a code or a name, in whatever case it is written."""
    wanted = text.strip().upper()
    return next((rule for rule in load_rules() if wanted in {rule.code, rule.name, *rule.other_names}), None)


def rule_issue(
    code: str,
    message: str,
    *,
    severity: Severity | None = None,
    location: Location | None = None,
    paths: tuple[str, ...] = (),
    category: str | None = None,
    split: str | None = None,
    data: dict[str, Any] | None = None,
) -> Issue:
    """Return an issue with its rule's name, and with its severity unless another is given."""
    rule = _by_code()[code]
    return Issue(
        code=code,
        name=rule.name,
        severity=severity or rule.severity,
        message=message,
        location=location,
        paths=paths,
        category=category,
        split=split,
        data=data or {},
    )


def sample_issue(
    code: str, sample: Sample, message: str, *, field: str = "image_path", data: dict[str, Any] | None = None
) -> Issue:
    """Return an issue about a file of one sample, at its line where there is a manifest."""
    record = sample.record
    path = record.mask_path if field == "mask_path" else record.image_path
    return rule_issue(
        code,
        f"{path}: {message}",
        location=Location(line=record.line, field=field) if record.line else None,
        paths=(path,) if path else (),
        category=record.category,
        split=record.split,
        data=data,
    )


@cache
def _by_code() -> dict[str, Rule]:
    return {rule.code: rule for rule in load_rules()}

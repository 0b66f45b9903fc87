"""The rules: what each code means and how to mend it; all of them stand in `rules.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_core.contracts.issue import Issue, Location, Severity

if TYPE_CHECKING:
    from pyimgano_core.contracts.record import Sample


@define(frozen=True, kw_only=True)
class Rule:
    """One thing that can be wrong. `severity` is the usual one; `other_names` are those of special cases."""

    code: str
    name: str
    severity: Severity
    meaning: str
    remedy: str
    other_names: tuple[str, ...] = ()


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return all rules in the order of their codes."""
    text = files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    return tuple(
        Rule(
            code=code,
            name=table["name"],
            severity=Severity(table["severity"]),
            meaning=table["meaning"],
            remedy=table["remedy"],
            other_names=tuple(table.get("other_names", ())),
        )
        for code, table in tomllib.loads(text).items()
    )


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

"""Which rules count and how much: chosen by code, by prefix or by name, on the command line or in a file."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from pyimgano_core.configfile import read_document, structure_config
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import UsageError
from pyimgano_preflight.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue

NOT_SELECTED = "not selected"  # why a rule that was left out was not applied
ALWAYS_TOLD = frozenset({"PF901", "PF902", "PF903", "PF904", "PF905"})
"""What these say is about the check itself: without them, silence would look like soundness."""

_PREFIX = re.compile(r"PF\d{0,2}")


@define(frozen=True, kw_only=True)
class RuleSettings:
    """What `--rules FILE` holds: rules by code, prefix or name."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: dict[str, Severity] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Selection:
    """The codes that are not told of, and the codes whose severity is another than usual."""

    ignored: frozenset[str] = frozenset()
    severities: dict[str, Severity] = field(factory=dict)


def read_rule_settings(path: Path) -> RuleSettings:
    """Return the settings in a TOML or JSON file.

    Raises:
        ConfigError: it can't be read, or a key is wrong.
    """
    return structure_config(read_document(path), RuleSettings, path)


def make_selection(settings: RuleSettings) -> Selection:
    """Return the codes that the settings mean; without `select` all rules count, and `ignore` beats it.

    Raises:
        UsageError: no rule is called so, or it can't be ignored.
    """
    selectable = {rule.code for rule in load_rules()} - ALWAYS_TOLD
    selected = _codes(settings.select) if settings.select else selectable
    severities = {
        code: severity for text, severity in settings.severity.items() for code in sorted(_codes([text]))
    }
    return Selection(
        ignored=frozenset(selectable - selected | _codes(settings.ignore)),
        severities=severities,
    )


def apply_selection(issues: Iterable[Issue], selection: Selection) -> Iterator[Issue]:
    """Yield the issues that count, with their severities."""
    for issue in issues:
        if issue.code not in selection.ignored:
            severity = selection.severities.get(issue.code, issue.severity)
            yield issue if severity is issue.severity else evolve(issue, severity=severity)


def _codes(texts: Iterable[str]) -> set[str]:
    return {code for text in texts for code in _matching(text)}


def _matching(text: str) -> set[str]:
    wanted = text.strip().upper()
    is_prefix = _PREFIX.fullmatch(wanted) is not None
    found = {
        rule.code
        for rule in load_rules()
        if wanted in {rule.code, rule.name, *rule.other_names} or (is_prefix and rule.code.startswith(wanted))
    }
    if not found:
        raise UsageError(f"no rule {text!r}{_suggestion(wanted)}; see all with: rule --list-rules")
    if found <= ALWAYS_TOLD:
        raise UsageError(f"{text!r} tells of the check itself and can't be selected, ignored or changed")
    return found - ALWAYS_TOLD


def _suggestion(wanted: str) -> str:
    names = [name for rule in load_rules() for name in (rule.code, rule.name, *rule.other_names)]
    close = difflib.get_close_matches(wanted, names, n=1)
    return f", did you mean {close[0]}?" if close else ""

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

_NAMED_INSTEAD = 10
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

    Of severities, the one of the narrower prefix counts.

    Raises:
        UsageError: no rule is called so, or it can't be ignored or changed.
    """
    selectable = {rule.code for rule in load_rules()} - ALWAYS_TOLD
    selected = {code for text in settings.select for code in _selected(text)} or selectable
    ignored = {code for text in settings.ignore for code in _changeable(text, "ignored")}
    changes = [(_changeable(text, "changed"), severity) for text, severity in settings.severity.items()]
    widest_first = sorted(changes, key=lambda change: -len(change[0]))
    return Selection(
        ignored=frozenset(selectable - selected | ignored),
        severities={code: severity for codes, severity in widest_first for code in sorted(codes)},
    )


def apply_selection(issues: Iterable[Issue], selection: Selection) -> Iterator[Issue]:
    """Yield the issues that count, with their severities."""
    for issue in issues:
        if issue.code not in selection.ignored:
            severity = selection.severities.get(issue.code, issue.severity)
            yield issue if severity is issue.severity else evolve(issue, severity=severity)


def unknown_rule(text: str) -> UsageError:
    """Return the error of a text that means no rule; it names the nearest."""
    names = [name for rule in load_rules() for name in (rule.code, rule.name, *rule.other_names)]
    close = difflib.get_close_matches(text.strip().upper(), names, n=1)
    nearest = f" (did you mean {close[0]}?)" if close else ""
    return UsageError(f"no rule {text!r}{nearest}; see all with: pyimgano-preflight rule --list-rules")


def _selected(text: str) -> set[str]:
    found = _matching(text)
    if found <= ALWAYS_TOLD:
        raise UsageError(f"{text!r} can't be selected: {_listed(sorted(found))} of the check itself, always")
    return found


def _changeable(text: str, how: str) -> set[str]:
    """Return the codes that a text means, all of which may be told otherwise than usual."""
    found = _matching(text)
    kept = sorted(found & ALWAYS_TOLD)
    if kept:
        others = sorted(found - ALWAYS_TOLD)
        instead = f"; name the others: {', '.join(others)}" if 0 < len(others) <= _NAMED_INSTEAD else ""
        raise UsageError(f"{text!r} can't be {how}: {_listed(kept)} of the check itself{instead}")
    return found


def _listed(codes: list[str]) -> str:
    return f"{codes[0]} tells" if len(codes) == 1 else f"{codes[0]} to {codes[-1]} tell"


def _matching(text: str) -> set[str]:
    wanted = text.strip().upper()
    is_prefix = _PREFIX.fullmatch(wanted) is not None
    found = {
        rule.code
        for rule in load_rules()
        if wanted in {rule.code, rule.name, *rule.other_names} or (is_prefix and rule.code.startswith(wanted))
    }
    if not found:
        raise unknown_rule(text)
    return found

"""The rules for people: one line each, or all that is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table

if TYPE_CHECKING:
    from pyimgano_preflight.rules import Rule

_OF_THE_RUN = "PF9"


def render_rules(rules: tuple[Rule, ...]) -> str:
    """Return one line per rule."""
    header = ("code", "severity", "profile", "name")
    return format_table(header, [(rule.code, rule.severity, rule.profile, rule.name) for rule in rules])


def render_rule(rule: Rule) -> str:
    """Return what a rule means, why it matters, how to mend its fault, and what the fault looks like."""
    names = ", ".join((rule.name, *rule.other_names))
    parts = [f"{rule.code} {names} ({rule.severity})", rule.meaning]
    if rule.why:
        parts.append(f"Why it matters: {rule.why}")
    parts.append(f"To mend it: {rule.remedy}")
    if rule.example:
        lines = "\n".join(f"  {line}" for line in rule.example.strip().splitlines())
        parts.append(f"Example:\n{lines}")
    if not rule.code.startswith(_OF_THE_RUN):
        parts.append(f"It is looked for from the profile {rule.profile} on.")
    return "\n\n".join(parts)

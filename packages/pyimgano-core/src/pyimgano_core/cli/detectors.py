"""`pyimgano-core detectors`: which detectors are installed, and what each is."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points

import click

from pyimgano_core.cli.app import emit_json, format_table, json_option
from pyimgano_core.detectors.registry import GROUP


@click.command()
@json_option
def detectors(*, as_json: bool) -> None:
    """List the detectors that are installed, third parties' too."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    rows = [
        {"name": name, "target": entry.value, "summary": _summary(entry)}
        for name, entry in sorted(found.items())
    ]
    if as_json:
        emit_json({"detectors": rows})
    else:
        table = [
            [row["name"] or "", row["summary"] or "can't be loaded: a package that it needs is missing"]
            for row in rows
        ]
        click.echo(format_table(["name", "summary"], table))


def _summary(entry: EntryPoint) -> str | None:
    """Return the first line of a detector's docstring, or None where a package that it needs is missing."""
    try:
        detector = entry.load()
    except ImportError:
        return None
    return (inspect.getdoc(detector) or "").partition("\n")[0]

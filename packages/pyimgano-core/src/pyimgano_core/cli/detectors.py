"""`pyimgano-core detectors`: which detectors are installed, and what each is."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points

import click

from pyimgano_core.cli.app import emit_json, format_table, json_option

_GROUP = "pyimgano.detectors"


@click.command()
@json_option
def detectors(*, as_json: bool) -> None:
    """List the detectors that are installed, third parties' too."""
    found = sorted(entry_points(group=_GROUP), key=lambda entry: entry.name)
    rows = [{"name": entry.name, "target": entry.value, "summary": _summary(entry)} for entry in found]
    if as_json:
        emit_json({"detectors": rows})
    else:
        table = [
            [row["name"] or "", row["summary"] or "can't be loaded: needs pyimgano-core[torch]"]
            for row in rows
        ]
        click.echo(format_table(["name", "summary"], table))


def _summary(entry: EntryPoint) -> str | None:
    """Return the first line of a detector's docstring, or None where its framework is not installed."""
    try:
        detector = entry.load()
    except ImportError:
        return None
    return (inspect.getdoc(detector) or "").partition("\n")[0]

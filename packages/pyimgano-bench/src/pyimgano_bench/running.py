"""What the command does with a suite: runs it, tells what would run, lists what there is."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from pyimgano_bench.benchmark import run_benchmark
from pyimgano_bench.compare import gate, load_sides, write_comparison
from pyimgano_bench.compare import text_report as comparison_text
from pyimgano_bench.draft import draft_suite
from pyimgano_bench.notes import kept_in_words
from pyimgano_bench.outputs import fresh_folder, hint_to_resume, tell_failure
from pyimgano_bench.plan import find_categories, make_plan
from pyimgano_bench.references import find_published
from pyimgano_bench.scale import read_scale
from pyimgano_bench.shipped import load_shipped, shipped_names
from pyimgano_bench.tables import text_report
from pyimgano_core.cli.app import emit_json, format_table
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import for_terminal_or_log
from pyimgano_core.words import number_of

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_bench.draft import Draft
    from pyimgano_bench.flags import Request
    from pyimgano_bench.suite import Suite
    from pyimgano_bench.sweep import Sweep


def show_suites(*, as_json: bool) -> int:
    """Print the shipped suites and what they are."""
    suites = {name: load_shipped(name) for name in shipped_names()}
    if as_json:
        emit_json({"suites": [_suite_facts(name, suite) for name, suite in suites.items()]})
    else:
        rows = [[name, suite.description] for name, suite in suites.items()]
        click.echo(format_table(["suite", "what it compares"], rows))
    return ExitCode.DONE


def _suite_facts(name: str, suite: Suite) -> dict[str, Any]:
    return {
        "name": name,
        "description": suite.description,
        "detectors": [entry.label for entry in suite.detectors],
        "datasets": [entry.label for entry in suite.datasets],
        "seeds": list(suite.seeds),
    }


def show_categories(request: Request, *, as_json: bool) -> int:
    """Print the names of all categories of a request's data sets."""
    found = find_categories(request.suite, request.overrides, request.base)
    if as_json:
        emit_json({"datasets": {label: list(names) for label, names in found.items()}})
        return ExitCode.DONE
    for label, names in found.items():
        prefix = f"{label}\t" if len(found) > 1 else ""
        click.echo("\n".join(f"{prefix}{name}" for name in names))
    return ExitCode.DONE


def validate(request: Request, *, as_json: bool) -> int:
    """Print what a request would run, and all that is wrong with it.

    Returns:
        0; 64 for mistakes of the suite, else the code of the first error.
    """
    draft = draft_suite(request.suite, request.overrides, request.base)
    if as_json:
        emit_json({"valid": not draft.faults, "faults": list(draft.faults), **_extent(request, draft)})
    elif not draft.faults:
        click.echo(_extent_in_words(request, draft))
    if draft.faults and not as_json:
        click.echo(f"Error: {len(draft.faults)} of the suite's settings can't be followed:", err=True)
        for fault in draft.faults:
            click.echo(f"  {fault}", err=True)
    if draft.problems:
        return ExitCode.USAGE
    return draft.errors[0].exit_code if draft.errors else ExitCode.DONE


def _extent(request: Request, draft: Draft) -> dict[str, Any]:
    suite = request.suite
    cells = sum(map(len, draft.chosen.values())) * len(suite.detectors) * len(suite.seeds)
    return {
        "detectors": [entry.label for entry in suite.detectors],
        "datasets": {label: list(names) for label, names in draft.chosen.items()},
        "seeds": list(suite.seeds),
        "cells": cells,
    }


def _extent_in_words(request: Request, draft: Draft) -> str:
    extent = _extent(request, draft)
    lines = [f"detectors: {', '.join(extent['detectors'])}"]
    lines += [f"{label}: {', '.join(names)}" for label, names in draft.chosen.items()]
    cells = number_of(extent["cells"], "cell")
    lines += [f"seeds: {', '.join(map(str, extent['seeds']))}"]
    lines += [f"{cells}; the suite can run (images were not looked at: that is for pyimgano-preflight)"]
    return "\n".join(lines)


def run_suite(request: Request, options: dict[str, Any]) -> int:
    """Run a request's suite as the command's other options say, and print its results."""
    now = datetime.now(UTC)
    scale = read_scale(options, os.environ)
    output: Path | None = options["output_dir"]
    if output is None and scale.shard.count > 1:
        raise UsageError("--num-shards needs --output-dir: all jobs write to one folder")
    plan = make_plan(request.suite, request.overrides, request.base, options["limit"])
    folder = output or fresh_folder("bench", now)
    _check_baseline(options, folder)
    with hint_to_resume(folder):
        done = run_benchmark(
            request.suite,
            request.overrides,
            plan,
            folder,
            for_terminal_or_log(),
            now=now,
            on_error=tell_failure,
            engine=scale.engine,
            shard=scale.shard,
            references=options["references"],
        )
    if done.results is None:
        _show_share(done.sweep, as_json=options["as_json"])
        return done.sweep.exit_code
    if options["as_json"]:
        emit_json(done.results)
    else:
        published = find_published(done.results) if options["references"] else ()
        click.echo(text_report(done.results, published))
        kept = f" ({kept_in_words(done.sweep.reused, plan.cell_count)})"
        click.echo(f"\nresults: {folder}{kept if done.sweep.reused else ''}")
    if options["baseline"] is not None and _is_worse(folder, options, as_json=options["as_json"]):
        return done.sweep.exit_code or ExitCode.GATE_TRIPPED
    return done.sweep.exit_code


def _check_baseline(options: dict[str, Any], folder: Path) -> None:
    """Refuse before the run what the gate would refuse after it."""
    baseline: Path | None = options["baseline"]
    if baseline is None:
        return
    if options["limit"] is not None:
        raise UsageError("--limit makes a trial, which no gate can judge; leave out --fail-if-worse-than")
    if baseline.resolve() == folder.resolve():
        raise UsageError(f"--fail-if-worse-than {baseline}: that is where the results go; name another")
    load_sides(baseline)


def _is_worse(folder: Path, options: dict[str, Any], *, as_json: bool) -> bool:
    """Compare with the baseline, tell, and return whether more than the margin was lost."""
    found = gate(options["baseline"], folder, margin=options["margin"], progress=for_terminal_or_log())
    write_comparison(folder, found)
    click.echo(f"\n{comparison_text(found)}", err=as_json)
    return found.gate is not None and found.gate.tripped


def _show_share(sweep: Sweep, *, as_json: bool) -> None:
    """Say what one of several jobs did, while cells of others are missing."""
    if as_json:
        emit_json({"cells": len(sweep.cells), "missing": sweep.missing})
        return
    click.echo(
        f"this job's cells are done ({len(sweep.cells)}), others are missing ({sweep.missing}): the job that "
        "ends last writes the results, or the same command without --num-shards",
        err=True,
    )

"""`pyimgano-benchmark compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyimgano_core.cli.app import emit_json, json_option, write_stdout
from pyimgano_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pyimgano_bench.compare import Comparisons


@click.command("compare", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("contender", metavar="A")
@click.argument("baseline", metavar="B")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="A metric of the results; repeatable; default image_auroc and aupro.",
)
@click.option(
    "--margin",
    type=float,
    default=0.01,
    show_default=True,
    help="A difference of a metric that is too small to matter.",
)
@click.option(
    "--alpha",
    type=float,
    default=0.05,
    show_default=True,
    help="The error rate of the verdicts of one metric.",
)
@click.option("--detector", "detectors", multiple=True, help="A detector of both; repeatable; default all.")
@click.option(
    "--map", "maps", multiple=True, metavar="A=B", help="A detector of A against one of B; repeatable."
)
@click.option("--fail-if-worse", is_flag=True, help="Exit with 3 where A lost more than the margin.")
@click.option(
    "--output-dir", type=click.Path(path_type=Path), help="Write comparison.json and comparison.md there."
)
@json_option
def command(
    contender: str,
    baseline: str,
    *,
    metrics: tuple[str, ...],
    margin: float,
    alpha: float,
    detectors: tuple[str, ...],
    maps: tuple[str, ...],
    fail_if_worse: bool,
    output_dir: Path | None,
    as_json: bool,
) -> int:
    """Say whether A is better than B, by how much, and how sure that is.

    A and B are output folders of benchmarks over the same test images, or DIR:DETECTOR for one detector of a
    folder. Each category is compared image by image, with Holm's correction for their number, and the macro
    mean: better, worse, equivalent, undecided, or missing. Two or more seeds a side are needed to tell a
    detector from its seed. Exit codes: 0 done, 3 the gate of --fail-if-worse tripped, 5 a file can't be
    trusted, 64 wrong usage.
    """
    from pyimgano_bench.compare import (  # noqa: PLC0415 - keeps start-up light
        METRICS,
        ask_gate,
        compare_folders,
        split_place,
    )
    from pyimgano_core.progress import for_terminal_or_log  # noqa: PLC0415 - as above

    (first, our_label), (second, their_label) = split_place(contender), split_place(baseline)
    found = compare_folders(
        first,
        second,
        detectors=_pairs((our_label, their_label), detectors, maps),
        metrics=metrics or METRICS,
        margin=margin,
        alpha=alpha,
        progress=for_terminal_or_log(),
    )
    found = ask_gate(found) if fail_if_worse else found
    _emit(found, output_dir, as_json=as_json)
    return ExitCode.GATE_TRIPPED if found.gate is not None and found.gate.tripped else ExitCode.DONE


def _pairs(
    labels: tuple[str | None, str | None], detectors: tuple[str, ...], maps: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Return the detectors that are to be compared, as labels of both sides; none for all."""
    ours, theirs = labels
    named = ours or theirs
    if named is None:
        return [(label, label) for label in detectors] + [_split_map(text) for text in maps]
    if detectors or maps:
        raise UsageError("DIR:DETECTOR names the detectors already: leave out --detector and --map")
    return [(ours or named, theirs or named)]


def _split_map(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise UsageError(f"--map {text!r}: write a detector of A, an equals sign, and one of B")
    return ours, theirs


def _emit(found: Comparisons, output: Path | None, *, as_json: bool) -> None:
    from pyimgano_bench.compare import text_report, write_comparison  # noqa: PLC0415 - keeps start-up light

    if output is not None:
        write_comparison(output, found)
    if as_json:
        emit_json(found)
    else:
        write_stdout(f"{text_report(found)}\n")

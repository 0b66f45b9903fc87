"""Score all inputs of a command line, put their lines together in order, and say how it went."""

from __future__ import annotations

import secrets
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyimgano_core.artifacts import atomic_writer, write_artifact
from pyimgano_core.cli.app import INTERRUPTS
from pyimgano_core.errors import ExitCode
from pyimgano_core.progress import Progress, SilentProgress, for_terminal
from pyimgano_core.words import agree, number_of
from pyimgano_infer._csv import write_csv
from pyimgano_infer._folder import joining, partial_folder, temporary_folder
from pyimgano_infer._inputs import read_inputs
from pyimgano_infer._join import join_part, read_lines
from pyimgano_infer._output import writing
from pyimgano_infer._part import part_path, unfinished_lines
from pyimgano_infer._parts import write_parts
from pyimgano_infer._plan import Plan, is_claimed, settings_of
from pyimgano_infer._prepare import Prepared, prepare
from pyimgano_infer._runtimes import read_runtimes
from pyimgano_infer._scoring import Scoring, WholePart
from pyimgano_infer._shards import cut
from pyimgano_infer._summary import RunFacts, Tally, describe, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.infer_summary import InferSummary, PartCounts
    from pyimgano_infer._folder import Folder
    from pyimgano_infer._inputs import Input
    from pyimgano_infer._request import Request


def score_inputs(request: Request) -> ExitCode:
    """Score everything and return the exit code.

    Raises:
        ArtifactError: the config or a checkpoint can't be trusted.
        MachineError: a result can't be written, or a package is missing.
        UsageError: the request can't be met, or names no input.
    """
    started = time.perf_counter()
    prepared = prepare(request)
    notices: Counter[str] = Counter()
    if _is_idle(prepared):
        return ExitCode.DONE
    inputs = prepared.inputs(notices)
    settings = settings_of(request, prepared.config)
    opened = (
        temporary_folder()
        if request.output is None
        else partial_folder(request.output, settings, prepared.job)
    )
    with opened as folder:
        plan = Plan(
            digest=settings.digest,
            run=secrets.token_hex(4),
            request=request,
            config=prepared.config,
            names=prepared.names,
            folder=folder.path.absolute(),
            working_folder=Path.cwd(),
        )
        run = _Run(prepared, plan, folder, notices, started)
        run.score(inputs)
        return run.finish()


def _is_idle(prepared: Prepared) -> bool:
    """Return, and say, whether this is a job without inputs of its own: it is to leave nothing behind."""
    job = prepared.job
    if job is None or not _can_be_read_twice(prepared):
        return False
    count = sum(1 for _ in islice(cut(prepared.inputs(Counter())), job.index + 1))
    if not 0 < count <= job.index:
        return False
    parts = number_of(count, "part")
    click.echo(f"job {job.index} of {job.count}: the inputs are {parts}, none is its own", err=True)
    return True


class _Run:
    """One run of the command in its folder."""

    def __init__(
        self, prepared: Prepared, plan: Plan, folder: Folder, notices: Counter[str], started: float
    ) -> None:
        self._prepared = prepared
        self._request = prepared.request
        self._folder = folder
        self._notices = notices
        self._started = started
        self._scoring = Scoring(plan, prepared.job)
        entries = prepared.config.per_category
        self._tally = Tally({name: entries[name].reference for name in prepared.names})

    def score(self, inputs: Iterator[Input]) -> None:
        """Score what is left; without a file for the lines, write them as soon as their turn comes."""
        whole = self._scoring.run(cut(inputs), self._prepared.engine)
        if self._request.output is None:
            whole = self._written(whole)
        each = (part for part in whole for _ in range(part.n_inputs))
        for _ in _progress(self._request).track(each, "scoring", _count(self._prepared)):
            pass

    def _written(self, parts: Iterator[WholePart]) -> Iterator[WholePart]:
        turn, whole = 0, set()
        try:
            for part in parts:
                whole.add(part.index)
                while turn in whole:
                    whole.remove(turn)
                    self._write_to_stdout(part_path(self._folder.path, turn))
                    turn += 1
                yield part
        except INTERRUPTS:
            sys.stdout.buffer.write(unfinished_lines(self._folder.path, turn))
            raise

    def _write_to_stdout(self, part: Path) -> None:
        join_part(part, sys.stdout.buffer.write, self._tally)
        sys.stdout.flush()
        if self._request.csv is None and self._request.parts is None:
            part.unlink()

    def finish(self) -> ExitCode:
        """Put the parts together, if it is for this process to do, and return the exit code."""
        request = self._request
        if request.output is None:
            return self._tell()
        missing = 0 if self._prepared.job is None else self._scoring.count_missing()
        with joining(self._folder.path) as is_ours:
            if missing or not is_ours:
                return self._leave(missing)
            with writing(request.output), atomic_writer(request.output) as stream:
                for part in self._parts():
                    join_part(part, stream.write, self._tally)
            code = self._tell()
            self._folder.is_done = True
        return code

    def _leave(self, missing: int) -> ExitCode:
        """Let another job put the parts together: the one that ends last finds all of them."""
        self._folder.is_left = True
        job = self._prepared.job
        who = "" if job is None else f"job {job.index} of {job.count}: "
        if not is_claimed(self._folder.path) or not missing:
            rest = "another job puts the results together"
        else:
            parts = f"{missing} of {self._scoring.n_shards} parts {agree(missing, 'is', 'are')} not whole yet"
            rest = f"{parts}; the job that ends last puts the results together"
        click.echo(f"{who}its inputs are scored, {self._scoring.n_scored} of them now; {rest}", err=True)
        return ExitCode.DONE

    def _tell(self) -> ExitCode:
        """Write what is derived from the lines, tell how it went, and return the exit code."""
        request = self._request
        parts = None
        if request.csv is not None:
            write_csv(read_lines(self._parts()), request.csv)
        if request.parts is not None:
            parts = write_parts(read_lines(self._parts()), request.parts)
        summary = self._tally.summarize(self._facts(parts))
        if summary.n_inputs != self._scoring.n_inputs:
            raise RuntimeError(f"{summary.n_inputs} lines for {self._scoring.n_inputs} inputs")
        click.echo(describe(summary), err=True)
        if request.summary is not None:
            with writing(request.summary):
                write_artifact(request.summary, summary)
        return _exit_code(request, summary)

    def _parts(self) -> Iterator[Path]:
        return (part_path(self._folder.path, index) for index in range(self._scoring.n_shards))

    def _facts(self, parts: PartCounts | None) -> RunFacts:
        request = self._request
        return RunFacts(
            infer_config=str(request.config_path),
            output=None if request.output is None else str(request.output),
            threshold_source=source_of(request.threshold),
            review_threshold_source=source_of(request.review_threshold),
            device=request.device,
            runtimes=read_runtimes(self._folder.path),
            notices=dict(self._notices),
            parts=parts,
            n_scored=self._scoring.n_scored,
            seconds=time.perf_counter() - self._started,
        )


def _progress(request: Request) -> Progress:
    """Results on a terminal are progress enough."""
    on_terminal = request.output is None and sys.stdout.isatty()
    return SilentProgress() if on_terminal else for_terminal()


def _count(prepared: Prepared) -> int | None:
    """Count the inputs, so that the time left can be shown; only where somebody sees it, and it can be."""
    if not sys.stderr.isatty() or prepared.job is not None or not _can_be_read_twice(prepared):
        return None
    return sum(1 for _ in read_inputs(prepared.sources, prepared.request.root, Counter()))


def _can_be_read_twice(prepared: Prepared) -> bool:
    return all(source.kind not in {"list", "search"} for source in prepared.sources)


def _exit_code(request: Request, summary: InferSummary) -> ExitCode:
    if summary.n_failed:
        return ExitCode.SOME_INPUTS_FAILED
    if request.fail_on_anomaly and summary.n_anomalous:
        return ExitCode.GATE_TRIPPED
    return ExitCode.DONE

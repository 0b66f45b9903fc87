"""Scores images as they come into a folder, until the program is asked to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import click

from pyimgano_core.artifacts import to_json, write_artifact
from pyimgano_core.environment import distribution_conflict, onnxruntime_distributions
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import for_terminal
from pyimgano_core.words import number_of
from pyimgano_infer._arrivals import Arrivals
from pyimgano_infer._journal import open_journal
from pyimgano_infer._line_file import open_lines
from pyimgano_infer._models import Models
from pyimgano_infer._output import shown, writing
from pyimgano_infer._prepare import prepare
from pyimgano_infer._scan import is_below, scan_folder
from pyimgano_infer._settling import Settling
from pyimgano_infer._stopping import stopping
from pyimgano_infer._summary import RunFacts, Tally, describe, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_infer._journal import Journal
    from pyimgano_infer._line_file import LineFile
    from pyimgano_infer._predict import Model
    from pyimgano_infer._prepare import Prepared
    from pyimgano_infer._request import Request
    from pyimgano_infer._scan import Found
    from pyimgano_infer._stopping import Stop

_SECONDS = 1.0
_REST = 10  # looking takes at most this part of the time, however many files there are


def watch(request: Request) -> ExitCode:
    """Score what comes into the folder; what ends it is a signal, after which the summary is written.

    Raises:
        ArtifactError: the config or a checkpoint can't be trusted, or lines of before were damaged.
        MachineError: a result can't be written, or a package is missing.
        UsageError: the request can't be met, or another process watches for the same output.
    """
    started = time.perf_counter()
    prepared = prepare(request)
    model = _load(prepared)
    output = cast("Path", request.output)  # `prepare` has seen to it
    journal_path = output.with_name(output.name + ".watching")
    with stopping() as stop, open_lines(output) as lines, open_journal(journal_path) as journal:
        watcher = _Watcher(prepared, model, lines, journal)
        for _ in for_terminal().track(watcher.run(stop), "watching"):
            pass
        watcher.tell(time.perf_counter() - started)
    return ExitCode.DONE


def _load(prepared: Prepared) -> Model:
    request = prepared.request
    models = Models(
        request.config_path,
        prepared.config,
        prepared.names,
        threshold=request.threshold,
        review_threshold=request.review_threshold,
        device=request.device,
    )
    return models.load(prepared.names[0])


class _Watcher:
    """One process that watches: what it knows of the folder, and where its lines go."""

    def __init__(self, prepared: Prepared, model: Model, lines: LineFile, journal: Journal) -> None:
        request = prepared.request
        self._request = request
        self._folder = str(request.watch)
        self._model = model
        self._undone = prepared.undone(model.category)
        self._lines = lines
        self._settling = Settling(_SECONDS if request.settle is None else request.settle)
        self._arrivals = Arrivals(model, request.outputs, prepared.engine.workers, self._settling, journal)
        self._unlisted: set[str] = set()
        self._has_found = False
        self._n_scored = self._next = 0
        self._tally = Tally({model.category: prepared.config.per_category[model.category].reference})
        for line in lines.read():
            self._tally.add(line)
            self._next = line.index + 1

    def run(self, stop: Stop) -> Iterator[Prediction]:
        """Yield each line when it is written, until an end is asked for."""
        interval = _SECONDS if self._request.interval is None else self._request.interval
        while not stop.is_asked:
            began = time.monotonic()
            found = scan_folder(self._folder)
            self._tell_unlisted(found)
            self._recall(found)
            now = time.monotonic()
            ready = self._settling.ready(found, now)
            suspects = dict.fromkeys(path for path in ready if self._arrivals.is_suspect(path))
            for path in suspects:  # alone, so that it is known which one kills
                yield from self._score([path], stop)
            yield from self._score([path for path in ready if path not in suspects], stop)
            self._lines.sync()
            stop.wait(max(interval, _REST * (now - began)))

    def _score(self, paths: Iterable[str], stop: Stop) -> Iterator[Prediction]:
        for line, state in self._arrivals.score(paths, self._next, stop):
            self._lines.append(to_json(line).encode() + b"\n")
            self._next = line.index + 1
            self._n_scored += 1
            self._tally.add(line)
            self._arrivals.finish(line.input, state)
            yield line

    def _tell_unlisted(self, found: Found) -> None:
        for folder in found.unlisted.keys() - self._unlisted:
            reason = found.unlisted[folder]
            click.echo(f"note: {shown(folder)}: can't be listed: {reason}; waiting for it", err=True)
        for folder in self._unlisted - found.unlisted.keys():
            click.echo(f"note: {shown(folder)}: is there now", err=True)
        self._unlisted = set(found.unlisted)

    def _recall(self, found: Found) -> None:
        """Find out which of the files have their lines from before; a folder may come late."""
        if self._has_found or not found.files:
            return
        self._has_found = True
        for line in self._lines.read():
            if line.file is None or not is_below(line.input, self._folder):
                raise UsageError(
                    f"--output {str(self._request.output)!r}: holds lines of other inputs than those of "
                    f"--watch {self._folder!r}; choose another one"
                )
            state = (line.file.size_bytes, line.file.modified_ns)
            if found.files.get(line.input) == state:
                self._settling.finish(line.input, state)

    def _tell_waiting(self) -> None:
        """Tell which files are in the folder without a line: an image must not be missed in silence."""
        waiting = self._settling.waiting()
        if not waiting:
            return
        count = number_of(len(waiting), "image has", "images have")
        click.echo(
            f"note: {count} no line yet, such as {shown(waiting[0])}: too new, damaged or not begun; "
            "the same command goes on with what waits",
            err=True,
        )

    def tell(self, seconds: float) -> None:
        """Tell how it went, of all lines in the file.

        Raises:
            MachineError: the summary can't be written.
        """
        request = self._request
        conflict = distribution_conflict(onnxruntime_distributions())
        notices = [*self._undone, *([] if conflict is None else [conflict])]
        summary = self._tally.summarize(
            RunFacts(
                infer_config=str(request.config_path),
                output=str(request.output),
                threshold_source=source_of(request.threshold),
                review_threshold_source=source_of(request.review_threshold),
                device=request.device,
                runtimes=(self._model.scorer.runtime,),
                notices=dict.fromkeys(notices, 1),
                parts=None,
                n_scored=self._n_scored,
                seconds=seconds,
            )
        )
        self._tell_waiting()
        click.echo(describe(summary), err=True)
        if request.summary is not None:
            with writing(request.summary):
                write_artifact(request.summary, summary)

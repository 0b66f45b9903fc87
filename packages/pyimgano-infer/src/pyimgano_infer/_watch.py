"""Scores images as they come into a folder, until the program is asked to end."""

from __future__ import annotations

import time
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import define, evolve

from pyimgano_core.artifacts import to_json, write_artifact
from pyimgano_core.contracts.prediction import Failure, FileState, Prediction
from pyimgano_core.engine import map_ordered
from pyimgano_core.environment import distribution_conflict, onnxruntime_distributions
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import for_terminal
from pyimgano_core.scoring.files import ScoredImage
from pyimgano_infer._inputs import Input
from pyimgano_infer._journal import open_journal
from pyimgano_infer._line_file import open_lines
from pyimgano_infer._models import Models
from pyimgano_infer._output import shown, writing
from pyimgano_infer._predict import Job, tell
from pyimgano_infer._prepare import prepare
from pyimgano_infer._scan import State, is_below, scan_folder, state_of
from pyimgano_infer._settling import Settling
from pyimgano_infer._stopping import stopping
from pyimgano_infer._summary import RunFacts, Tally, describe, source_of
from pyimgano_infer._work import KILLER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_infer._journal import Journal
    from pyimgano_infer._line_file import LineFile
    from pyimgano_infer._predict import Model
    from pyimgano_infer._prepare import Prepared
    from pyimgano_infer._request import Request
    from pyimgano_infer._scan import Found
    from pyimgano_infer._stopping import Stop

_SECONDS = 1.0
_REST = 10  # looking takes at most this part of the time, however many files there are
_DEATHS = 2
# What a file may say that is still being written.
_PASSING = frozenset(
    {"corrupt", "empty_file", "not_found", "not_readable", "storage_error", "truncated", "unidentified"}
)


@define(frozen=True, kw_only=True)
class _Scored:
    """A file, what was found in it, and whether it stayed the same meanwhile."""

    path: str
    state: State
    result: ScoredImage | Failure
    is_same: bool


def watch(request: Request) -> ExitCode:
    """Score what comes into the folder; what ends it is a signal, after which the summary is written.

    Raises:
        ArtifactError: the config or a checkpoint can't be trusted, or lines of before were damaged.
        MachineError: a result can't be written, or a package is missing.
        UsageError: the request can't be met, or another process watches for the same output.
    """
    started = time.perf_counter()
    prepared = prepare(request)
    [category] = prepared.names
    model = Models(
        request.config_path,
        prepared.config,
        prepared.names,
        threshold=request.threshold,
        review_threshold=request.review_threshold,
        device=request.device,
    ).load(category)
    output = request.output or Path()  # `prepare` has seen to it that there is one
    with stopping() as stop, open_lines(output) as lines, open_journal(_journal_of(output)) as journal:
        watcher = _Watcher(prepared, model, lines, journal)
        for _ in for_terminal().track(watcher.run(stop), "watching"):
            pass
        watcher.finish(time.perf_counter() - started)
    return ExitCode.DONE


def _journal_of(output: Path) -> Path:
    return output.with_name(output.name + ".watching")


class _Watcher:
    """One process that watches: what it knows of the folder, and where its lines go."""

    def __init__(self, prepared: Prepared, model: Model, lines: LineFile, journal: Journal) -> None:
        request = prepared.request
        self._request = request
        self._folder = str(request.watch)
        self._outputs = request.outputs
        self._workers = prepared.engine.workers
        self._undone = prepared.undone(model.category)
        self._model = model
        self._lines = lines
        self._journal = journal
        self._settling = Settling(_SECONDS if request.settle is None else request.settle)
        self._unlisted: set[str] = set()
        self._n_scored = 0
        self._next = 0
        self._has_looked = False
        self._tally = Tally({model.category: prepared.config.per_category[model.category].reference})
        for line in lines.read():
            self._tally.add(line)
            self._next = max(self._next, line.index + 1)

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
            suspects = [path for path in ready if self._deaths(path)]
            for path in suspects:  # alone, so that it is known which one kills
                yield from self._score([path], stop)
            yield from self._score([path for path in ready if path not in set(suspects)], stop)
            self._lines.sync()
            stop.wait(max(interval, _REST * (now - began)))

    def _deaths(self, path: str) -> int:
        return self._journal.deaths(path, self._settling.state(path))

    def _tell_unlisted(self, found: Found) -> None:
        for folder in found.unlisted.keys() - self._unlisted:
            reason = found.unlisted[folder]
            click.echo(f"note: {shown(folder)}: can't be listed: {reason}; waiting for it", err=True)
        for folder in self._unlisted - found.unlisted.keys():
            click.echo(f"note: {shown(folder)}: is there again", err=True)
        self._unlisted = set(found.unlisted)

    def _recall(self, found: Found) -> None:
        """Find out which of the files have their lines from before; a folder may come late."""
        if self._has_looked or not found.files:
            return
        self._has_looked = True
        for line in self._lines.read():
            if line.file is None or not is_below(line.input, self._folder):
                raise UsageError(
                    f"--output {str(self._request.output)!r}: holds lines of other inputs than those of "
                    f"--watch {self._folder!r}; choose another one"
                )
            state = (line.file.size_bytes, line.file.modified_ns)
            if found.files.get(line.input) == state:
                self._settling.finish(line.input, state)

    def _score(self, paths: Iterable[str], stop: Stop) -> Iterator[Prediction]:
        """Yield the lines of files, in order; images are scored, then told of, on threads."""
        begun = takewhile(lambda _: not stop.is_asked, paths)
        files = ((path, self._settling.state(path)) for path in begun)
        scored = map_ordered(self._look_at, files, workers=self._workers)
        final = zip(filter(self._is_final, scored), count(self._next), strict=False)
        for line, state in map_ordered(self._tell, final, workers=self._workers):
            self._lines.append(to_json(line).encode() + b"\n")
            self._next = line.index + 1
            self._n_scored += 1
            self._tally.add(line)
            self._settling.finish(line.input, state)
            self._journal.end(line.input, state)
            yield line

    def _look_at(self, file: tuple[str, State]) -> _Scored:
        path, state = file
        deaths = self._journal.deaths(path, state)
        self._journal.begin(path, state)
        result: ScoredImage | Failure
        if deaths >= _DEATHS:
            result = Failure(code="killed_worker", message=f"{path}: {KILLER}")
        else:
            result = self._model.score(Path(path))
        return _Scored(path=path, state=state, result=result, is_same=state_of(path) == state)

    def _is_final(self, scored: _Scored) -> bool:
        """Return whether a file is to have its line; else it is looked at again when it has settled."""
        result = scored.result
        if not scored.is_same:  # since it was listed
            self._settling.start_again(scored.path)
        elif (
            not isinstance(result, Failure)
            or result.code not in _PASSING
            or not self._settling.try_later(scored.path, time.monotonic())
        ):
            return True
        self._journal.end(scored.path, scored.state)
        return False

    def _tell(self, final: tuple[_Scored, int]) -> tuple[Prediction, State]:
        scored, index = final
        item = Input(text=scored.path, path=Path(scored.path))
        job = Job(index=index, item=item, category=self._model.category, model=self._model)
        line = tell(job, self._model, scored.result, outputs=self._outputs)
        size, modified = scored.state
        return evolve(line, file=FileState(size_bytes=size, modified_ns=modified)), scored.state

    def finish(self, seconds: float) -> None:
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
        click.echo(describe(summary), err=True)
        if request.summary is not None:
            with writing(request.summary):
                write_artifact(request.summary, summary)

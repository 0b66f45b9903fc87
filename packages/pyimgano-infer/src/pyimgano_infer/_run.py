"""Score all inputs of a command line, write a line for each as it is finished, and say how it went."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import define

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ExitCode, MachineError, UsageError
from pyimgano_core.progress import Progress, SilentProgress, for_terminal
from pyimgano_infer._config import choose_categories, listed, read_config
from pyimgano_infer._inputs import Input, Source, find_sources, read_inputs
from pyimgano_infer._models import Models, require_one
from pyimgano_infer._output import Summary, Tally, describe, open_lines, writing
from pyimgano_infer._predict import Job, Outputs, predict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@define(frozen=True, kw_only=True)
class Request:
    """What the command line asks for."""

    config_path: Path
    arguments: tuple[str, ...]
    category: str | None = None
    root: Path | None = None
    output: Path | None = None
    summary: Path | None = None
    maps: Path | None = None
    overlays: Path | None = None
    regions: bool = False
    threshold: float | None = None
    fail_on_anomaly: bool = False
    workers: int | None = None


def score_inputs(request: Request) -> ExitCode:
    """Score everything and return the exit code.

    Raises:
        ArtifactError: the config or a checkpoint can't be trusted.
        MachineError: a result can't be written, or a package is missing.
        UsageError: the request can't be met, or names no input.
    """
    config = read_config(request.config_path)
    names = choose_categories(config, request.category)
    sources = find_sources(request.arguments)
    _check(request, sources, names)
    models = Models(request.config_path, config, names, request.threshold)
    _check_thresholds(request, models)
    notices: Counter[str] = Counter()
    inputs = _not_empty(read_inputs(sources, request.root, notices), request.arguments)
    tally = Tally()
    started = time.perf_counter()
    total = _count(sources, request)
    _write_lines(request, _jobs(inputs, models, request, notices), total, tally)
    summary = tally.summarize(
        seconds=time.perf_counter() - started,
        infer_config=str(request.config_path),
        output=None if request.output is None else str(request.output),
        override=request.threshold is not None,
        notices=dict(notices),
    )
    click.echo(describe(summary), err=True)
    if request.summary is not None:
        with writing(request.summary):
            write_artifact(request.summary, summary)
    return _exit_code(request, summary)


def _write_lines(request: Request, jobs: Iterable[Job], total: int | None, tally: Tally) -> None:
    outputs = Outputs(
        folder=request.output.parent if request.output is not None else Path(),
        maps=request.maps,
        overlays=request.overlays,
        regions=request.regions,
    )
    predictions = map_ordered(partial(predict, outputs=outputs), jobs, workers=request.workers)
    with open_lines(request.output) as write:
        for prediction in _progress(request).track(predictions, "scoring", total):
            write(prediction)
            tally.add(prediction)


def _progress(request: Request) -> Progress:
    """Results on a terminal are progress enough."""
    on_terminal = request.output is None and sys.stdout.isatty()
    return SilentProgress() if on_terminal else for_terminal()


def _count(sources: Iterable[Source], request: Request) -> int | None:
    """Count the inputs, so that the time left can be shown; only where somebody sees it."""
    if not sys.stderr.isatty():
        return None
    return sum(1 for _ in read_inputs(sources, request.root, Counter()))


def _jobs(inputs: Iterable[Input], models: Models, request: Request, notices: Counter[str]) -> Iterator[Job]:
    """Give every input its number and its category's model, which is loaded when it is first needed."""
    for index, item in enumerate(inputs):
        category = item.category or (models.names[0] if len(models.names) == 1 else "")
        failure = item.failure
        if failure is None and category not in models.names:
            message = f"{item.text}: category {category!r} is none of {listed(models.names)}"
            failure = Failure(code="unknown_category", message=message)
        if failure is not None:
            yield Job(index=index, item=item, category=category, failure=failure)
            continue
        model = models.load(category)
        if model.threshold is None:
            notices[f"category {category!r} has no threshold: no label is given"] += 1
        if request.regions and model.pixel_threshold is None:
            notices[f"category {category!r} has no pixel threshold: no regions are given"] += 1
        yield Job(index=index, item=item, category=category, model=model)


def _check(request: Request, sources: tuple[Source, ...], names: tuple[str, ...]) -> None:
    """Refuse what would fail or mislead only later."""
    if request.threshold is not None and not math.isfinite(request.threshold):
        raise UsageError(f"--threshold {request.threshold}: must be a finite number")
    if request.threshold is not None or any(source.kind != "manifest" for source in sources):
        require_one(names)
    if request.regions and find_spec("skimage") is None:
        raise MachineError("--regions needs scikit-image: pip install 'pyimgano-infer[regions]'")
    for source in sources:
        _check_apart(request, source)


def _check_apart(request: Request, source: Source) -> None:
    """No result may overwrite an input, or be found as one."""
    path = Path(source.text)
    if source.kind == "folder":
        for option, folder in (("--overlays", request.overlays), ("--maps", request.maps)):
            if folder is not None and folder.resolve().is_relative_to(path.resolve()):
                raise UsageError(f"{option} {str(folder)!r} is inside the input folder {source.text!r}")
    for option, result in (("--output", request.output), ("--summary", request.summary)):
        if result is not None and _same_file(result, path):
            raise UsageError(f"{option} {str(result)!r} is also an input; choose another")


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _check_thresholds(request: Request, models: Models) -> None:
    without = [name for name, threshold in models.thresholds.items() if threshold is None]
    if request.fail_on_anomaly and without:
        raise UsageError(
            f"--fail-on-anomaly needs a threshold, and {listed(without)} has none; give one with --threshold"
        )


def _not_empty(inputs: Iterator[Input], arguments: tuple[str, ...]) -> Iterator[Input]:
    first = next(inputs, None)
    if first is None:
        given = f"none in {', '.join(map(repr, arguments))}" if arguments else "no INPUT was given"
        raise UsageError(f"no images to score: {given}; name images, folders, patterns or a manifest")
    return chain([first], inputs)


def _exit_code(request: Request, summary: Summary) -> ExitCode:
    if summary.n_failed:
        return ExitCode.SOME_INPUTS_FAILED
    if request.fail_on_anomaly and summary.n_anomalous:
        return ExitCode.GATE_TRIPPED
    return ExitCode.DONE

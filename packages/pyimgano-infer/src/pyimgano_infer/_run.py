"""Score all inputs of a command line, write a line for each as it is finished, and say how it went."""

from __future__ import annotations

import sys
import time
from collections import Counter
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import Progress, SilentProgress, for_terminal
from pyimgano_infer._config import choose_categories, listed, read_config
from pyimgano_infer._inputs import Input, Source, find_sources, read_inputs
from pyimgano_infer._models import Models
from pyimgano_infer._output import Summary, Tally, describe, open_lines, writing
from pyimgano_infer._predict import Job, Outputs, predict
from pyimgano_infer._request import Request, check_request, check_thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_infer._output import ThresholdSource
    from pyimgano_infer._thresholds import Thresholds


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
    check_request(request, sources, names)
    models = Models(
        request.config_path,
        config,
        names,
        threshold=request.threshold,
        review_threshold=request.review_threshold,
    )
    check_thresholds(request, models)
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
        threshold_source=_source(request.threshold),
        review_threshold_source=_source(request.review_threshold),
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
        notices.update(_notices(category, models.thresholds[category], request))
        yield Job(index=index, item=item, category=category, model=model)


def _notices(category: str, thresholds: Thresholds, request: Request) -> Iterator[str]:
    """Yield what the thresholds of a category leave undone."""
    if thresholds.image is None:
        yield f"category {category!r} has no threshold: no label is given"
    if thresholds.void_review is not None:
        yield (
            f"category {category!r} has no review band: its review threshold {thresholds.void_review:.9g} "
            f"is not below its threshold {thresholds.image:.9g}"
        )
    if request.regions and thresholds.pixel is None:
        yield f"category {category!r} has no pixel threshold: no regions are given"


def _source(value: float | None) -> ThresholdSource:
    return "config" if value is None else "override"


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

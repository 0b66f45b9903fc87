"""From a request to all that a run needs, checked, before anything is scored or written."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.image_file import masked
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.engine import Engine, LocalEngine, choose_engine, find_shard
from pyimgano_core.engine import Shard as Job
from pyimgano_core.environment import distribution_conflict, onnxruntime_distributions
from pyimgano_core.errors import UsageError
from pyimgano_infer._config import check_files, choose_categories, files_of, read_config
from pyimgano_infer._inputs import Input, Source, find_sources, read_inputs
from pyimgano_infer._places import check_places
from pyimgano_infer._request import Request, check_request, check_thresholds
from pyimgano_infer._shards import with_categories
from pyimgano_infer._thresholds import Thresholds, choose_thresholds

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator


@define(frozen=True, kw_only=True)
class Prepared:
    """A request that can be met, as far as can be seen.

    Attributes:
        request: what is asked for.
        config: the config.
        thresholds: of each category in play.
        sources: what the inputs come from.
        engine: where shards are scored.
        job: which one of an array of jobs this is; None for all of the work.
    """

    request: Request
    config: InferConfig
    thresholds: dict[str, Thresholds]
    sources: tuple[Source, ...]
    engine: Engine
    job: Job | None

    @property
    def names(self) -> tuple[str, ...]:
        """The categories in play."""
        return tuple(self.thresholds)

    def inputs(self, notices: Counter[str]) -> Iterator[Input]:
        """Yield all inputs in order, each with its category.

        Args:
            notices: counts what a person should know and what is no failure.

        Raises:
            UsageError: there are none.
        """
        conflict = distribution_conflict(onnxruntime_distributions())
        if conflict is not None:
            notices[conflict] += 1
        inputs = read_inputs(self.sources, self.request.root, notices)
        first = next(inputs, None)
        if first is None:
            given = ", ".join(repr(masked(argument)) for argument in self.request.arguments)
            found = f"none in {given}" if given else "no INPUT was given"
            raise UsageError(f"no images to score: {found}; name images, folders, patterns or a manifest")
        return self._noticing(with_categories(chain([first], inputs), self.names), notices)

    def _noticing(self, inputs: Iterator[Input], notices: Counter[str]) -> Iterator[Input]:
        undone = {name: self.undone(name) for name in self.names}
        for item in inputs:
            if item.failure is None and item.category is not None:
                notices.update(undone[item.category])
            yield item

    def undone(self, category: str) -> list[str]:
        """Return what the thresholds of a category leave undone."""
        thresholds, undone = self.thresholds[category], []
        if thresholds.image is None:
            undone.append(f"category {category!r} has no threshold: no label is given")
        if thresholds.void_review is not None:
            undone.append(
                f"category {category!r} has no review band: its review threshold "
                f"{thresholds.void_review:.9g} is not below its threshold {thresholds.image:.9g}"
            )
        if self.request.flagged and thresholds.pixel is None:
            given = ", ".join(self.request.flagged)
            undone.append(f"category {category!r} has no pixel threshold: nothing is given for {given}")
        return undone


def prepare(request: Request) -> Prepared:
    """Return what a request needs.

    Raises:
        ArtifactError: the config can't be trusted, or a file that it names can't be what it names.
        MachineError: a package is missing.
        UsageError: the request can't be met.
    """
    config = read_config(request.config_path)
    names = choose_categories(config, request.category)
    sources = _sources(request)
    check_request(request, sources, names)
    check_places(request, sources, files_of(request.config_path, config))
    check_files(request.config_path, config, names)
    thresholds = {
        name: choose_thresholds(config.per_category[name], request.threshold, request.review_threshold)
        for name in names
    }
    check_thresholds(request, thresholds)
    return Prepared(
        request=request,
        config=config,
        thresholds=thresholds,
        sources=sources,
        engine=_engine(request),
        job=_job(request),
    )


def _sources(request: Request) -> tuple[Source, ...]:
    if request.watch is not None:
        return (Source(kind="folder", text=str(request.watch)),)
    return find_sources(request.arguments, null=request.null)


def _engine(request: Request) -> Engine:
    is_processor = request.device in {"cpu", "openvino"}
    workers = request.workers or (None if is_processor else 1)  # a card holds one model, not many
    engine = choose_engine(request.engine, workers=workers, address=request.address)
    if request.output is None and not isinstance(engine, LocalEngine):
        raise UsageError("--engine ray needs --output, in a folder that all nodes share")
    return engine


def _job(request: Request) -> Job | None:
    """Return which job this is; only who says so is one of an array, whatever runs the command."""
    if request.num_shards is None and request.shard_index is None:
        return None
    if request.output is None:
        raise UsageError("--num-shards and --shard-index need --output, in a folder that all jobs share")
    return find_shard(request.shard_index, request.num_shards, os.environ)

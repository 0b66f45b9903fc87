"""Scores one shard in a worker process: a line for each input, there as soon as its image is scored."""

from __future__ import annotations

from contextlib import chdir
from functools import lru_cache
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import quarantine
from pyimgano_infer._memory import returning_memory
from pyimgano_infer._part import is_whole, open_part, part_file
from pyimgano_infer._runtimes import note_runtime
from pyimgano_infer._shards import header_of

if TYPE_CHECKING:
    from pyimgano_infer._models import Models
    from pyimgano_infer._part import PartFile
    from pyimgano_infer._plan import Plan
    from pyimgano_infer._predict import Job
    from pyimgano_infer._shards import Shard


KILLER = "killed two processes that scored it: its decoder crashes on it, or memory runs out"


def score_part(plan: Plan, shard: Shard) -> None:
    """Score the inputs of one shard and write its part; one that is whole is left as it is.

    An input that killed two processes of this run is not scored, and its line tells so. What is loaded stays
    for the next shard.

    Raises:
        ArtifactError: a model can't be trusted, or fails.
        MachineError: a result can't be written, or a package is missing.
    """
    part = part_of(plan, shard)
    if is_whole(part):
        return
    with chdir(plan.working_folder):  # that of the command, wherever this process runs
        models = _models(plan)
        for name in {item.category or "": None for item in shard.inputs if item.failure is None}:
            with returning_memory():
                model = models.load(name)  # before any input is begun, which would be blamed if this killed
            note_runtime(plan.folder, model.scorer.runtime)
        _write(plan, shard, part, models)


def part_of(plan: Plan, shard: Shard) -> PartFile:
    """Return the files of a shard's part."""
    return part_file(plan.folder, shard.index, run=plan.run, header=header_of(shard, plan.digest))


def _write(plan: Plan, shard: Shard, part: PartFile, models: Models) -> None:
    from pyimgano_infer._predict import predict  # noqa: PLC0415 - only workers load a runtime

    outputs = plan.request.outputs
    with open_part(part, shard.earlier) as (kept, add):
        for place, (_, is_safe) in enumerate(quarantine(shard.inputs, part.journal)):
            if place >= kept:
                job = _job(shard, place, models, is_safe=is_safe)
                add(to_json(predict(job, outputs=outputs)).encode() + b"\n")


def _job(shard: Shard, place: int, models: Models, *, is_safe: bool) -> Job:
    from pyimgano_infer._predict import Job  # noqa: PLC0415 - as above

    item = shard.inputs[place]
    failure = item.failure
    if failure is None and not is_safe:
        failure = Failure(code="killed_worker", message=f"{item.text}: {KILLER}")
    category = item.category or ""
    return Job(
        index=shard.first + place,
        item=item,
        category=category,
        model=models.load(category) if failure is None else None,
        failure=failure,
    )


@lru_cache(maxsize=1)
def _models(plan: Plan) -> Models:
    from pyimgano_infer._models import Models  # noqa: PLC0415 - as above

    request = plan.request
    return Models(
        request.config_path,
        plan.config,
        plan.names,
        threshold=request.threshold,
        review_threshold=request.review_threshold,
        device=request.device,
    )

"""From a plan to the cases that are measured: what to fit, and which images to time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.cell import cell_config, cell_slug
from pyimgano_bench.cost._fit import FitRequest
from pyimgano_bench.cost._score import ScoreRequest
from pyimgano_bench.rounds import find_category
from pyimgano_core.artifacts import write_bytes
from pyimgano_core.contracts.image_file import image_file
from pyimgano_core.errors import DataError, ImageError, PyimganoError
from pyimgano_core.images import encode_interest
from pyimgano_core.pipeline import category_inputs
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.scoring.inputs import prepare_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyimgano_bench.cost._contract import CostProtocol
    from pyimgano_bench.plan import Contender, Plan, Round
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.pipeline import CategoryInputs
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress

CHECKPOINTS = "cost"


@define(frozen=True, kw_only=True)
class Case:
    """A contender on one category, and the requests of its processes; `error` is why it can't be measured."""

    dataset: str
    category: str
    detector: str
    seed: int
    image_size: tuple[int, int]
    train_count: int | None = None
    fit: FitRequest | None = None
    score: ScoreRequest | None = None
    error: PyimganoError | None = None


def make_cases(plan: Plan, folder: Path, protocol: CostProtocol, progress: Progress) -> Iterator[Case]:
    """Yield the cases of a plan under its first seed: time hardly depends on more of them.

    Args:
        plan: what to measure.
        folder: where graphs are written to.
        protocol: how it is measured.
        progress: shows the preparation of data sets.
    """
    seed = plan.rounds[0].seed
    for round_ in plan.rounds:
        if round_.seed == seed:
            yield from _of_round(round_, plan.base, folder / CHECKPOINTS, protocol, progress)


def _of_round(
    round_: Round, base: Path, folder: Path, protocol: CostProtocol, progress: Progress
) -> Iterator[Case]:
    prepared: Prepared | PyimganoError
    try:
        prepared = prepare_dataset(round_.config, base, progress)
    except PyimganoError as exc:
        prepared = exc
    for name in round_.categories:
        for contender in round_.contenders:
            try:
                if isinstance(prepared, PyimganoError):
                    raise prepared
                category = find_category(prepared, name)
                yield _measurable(round_, contender, category, base=base, folder=folder, protocol=protocol)
            except PyimganoError as exc:
                yield _blank(round_, contender, name, exc)


def _blank(round_: Round, contender: Contender, category: str, error: PyimganoError) -> Case:
    return Case(
        dataset=round_.dataset,
        category=category,
        detector=contender.label,
        seed=round_.seed,
        image_size=contender.config.dataset.resize,
        error=error,
    )


def _measurable(
    round_: Round,
    contender: Contender,
    category: PreparedCategory,
    *,
    base: Path,
    folder: Path,
    protocol: CostProtocol,
) -> Case:
    split = category.split
    config = cell_config(contender.config, split.category)
    inputs = category_inputs(config, split, base)
    slug = cell_slug(round_.dataset, contender.label, split.category, round_.seed)
    model = str(folder / f"{slug}.onnx")
    return Case(
        dataset=round_.dataset,
        category=split.category,
        detector=contender.label,
        seed=round_.seed,
        image_size=config.dataset.resize,
        train_count=len(split.train),
        fit=FitRequest(config=config, base=str(base), model=model),
        score=ScoreRequest(
            model=model,
            preprocessing=inputs.preprocessing,
            region=_write_region(inputs, folder / f"{slug}.region.png"),
            images=_choose(split.test, inputs, protocol.images),
            count=protocol.images,
            batch=protocol.batch,
            threads=protocol.threads,
        ),
    )


def _write_region(inputs: CategoryInputs, path: Path) -> str | None:
    if inputs.interest is None:
        return None
    write_bytes(path, encode_interest(inputs.interest))
    return str(path)


def _choose(test: Sequence[Sample], inputs: CategoryInputs, count: int) -> tuple[str, ...]:
    """Return up to `count` test images that can be used, spread evenly."""
    step = max(1, len(test) // count)
    usable = (sample.image_file for sample in test[::step] if _is_usable(sample, inputs))
    chosen = tuple(name for name, _ in zip(usable, range(count), strict=False))
    if not chosen:
        raise DataError("there is no test image that can be read, so there is nothing to time; add some")
    return chosen


def _is_usable(sample: Sample, inputs: CategoryInputs) -> bool:
    try:
        prepare_image(image_file(sample.image_file), inputs.preprocessing, inputs.interest)
    except ImageError:
        return False
    return True

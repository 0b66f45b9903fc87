"""A category's test images as `evaluate` takes them: the line's score, and the map where its pixels count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.evaluation import MapCounts
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.images import ScoreMap
from pyimgano_core.pixel_gate import is_evaluated
from pyimgano_core.predictions._issues import counted
from pyimgano_core.predictions._maps import MapProblem, StoredMap
from pyimgano_core.words import agree, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.predictions._maps import MapFinder
    from pyimgano_core.predictions._truth import TruthCategory
    from pyimgano_core.progress import Progress

_SHOWN_PROBLEMS = 20
_NO_PREDICTION = Failure(code="no_prediction", message="no line of the predictions is of this image")


@define(frozen=True, kw_only=True)
class StoredScore:
    """An image's score from its line and its map from a file; None where its pixels do not count."""

    score: float
    anomaly_map: ScoreMap | None = None  # (H, W)
    size: tuple[int, int] | None = None


@define(frozen=True, kw_only=True)
class CategoryMaps:
    """The maps of a category's test images, in their order, and what the gate says with them.

    Where the gate is closed there are none, as no pixels count.
    """

    maps: tuple[StoredMap | None, ...]
    gate: PixelGate
    counts: MapCounts
    issues: tuple[Issue, ...] = ()


def find_maps(category: TruthCategory, finder: MapFinder, progress: Progress) -> CategoryMaps:
    """Look at the maps of all images whose pixels count; one without a usable map closes the gate."""
    prepared = category.prepared
    images = zip(category.lines, prepared.split.test, prepared.masks, strict=True)
    found = [
        finder.find(line, sample)
        if line is not None and line.score is not None and is_evaluated(sample, mask, prepared.gate)
        else None
        for line, sample, mask in progress.track(images, f"{category.name}: maps", len(category.lines))
    ]
    maps = tuple(each if isinstance(each, StoredMap) else None for each in found)
    problems = [
        (sample.record.image_path, each)
        for sample, each in zip(prepared.split.test, found, strict=True)
        if isinstance(each, MapProblem)
    ]
    usable = sum(each is not None for each in maps)
    counts = MapCounts(
        needed=usable + len(problems),
        usable=usable,
        resized=sum(each is not None and each.resized for each in maps),
    )
    return CategoryMaps(
        maps=(None,) * len(maps) if problems else maps,
        gate=_closed(prepared.gate, counts, problems) if problems else prepared.gate,
        counts=counts,
        issues=tuple(_issues(problems, category.name, expected=usable > 0 or finder.has_folder)),
    )


def scored_tests(category: TruthCategory, maps: CategoryMaps) -> Iterator[StoredScore | Failure]:
    """Yield a result per test image; a map is read when its image is due."""
    for line, stored in zip(category.lines, maps.maps, strict=True):
        if line is None:
            yield _NO_PREDICTION
        elif line.score is None:
            yield line.failure or _NO_PREDICTION
        else:
            pixels = None if stored is None else stored.load()
            size = line.image_size if stored is None else stored.size
            yield StoredScore(score=line.score, anomaly_map=pixels, size=size)


def _closed(gate: PixelGate, counts: MapCounts, problems: Sequence[tuple[str, MapProblem]]) -> PixelGate:
    missing = len(problems)
    if counts.usable:
        have, them = agree(missing, "has", "have"), agree(missing, "it", "them")
        message = f"{missing} of {counts.needed} images {have} no usable anomaly map: add or mend {them}"
        return evolve(gate, enabled=False, reason="missing_maps", message=message, problems=_named(problems))
    have = agree(counts.needed, "the only image has no", f"none of the {counts.needed} images has a")
    message = f"{have} usable anomaly map: name it in the line, or give --maps"
    return evolve(gate, enabled=False, reason="no_maps", message=message)


def _named(problems: Sequence[tuple[str, MapProblem]]) -> tuple[str, ...]:
    return tuple(f"{name}: {problem.detail}" for name, problem in problems[:_SHOWN_PROBLEMS])


def _issues(problems: Sequence[tuple[str, MapProblem]], category: str, *, expected: bool) -> Iterator[Issue]:
    """Yield an error for maps that can't be used, or are missing where maps are `expected`."""
    for code, kind, one, many in (
        ("EV301", "unusable", "anomaly map can't be used", "anomaly maps can't be used"),
        (
            "EV302",
            "ambiguous",
            "image has no anomaly map of its own",
            "images have no anomaly map of their own",
        ),
        ("EV303", "none", "image has no anomaly map", "images have no anomaly map"),
    ):
        names = [
            problem.detail if kind == "unusable" else f"{name} {problem.detail}"
            for name, problem in problems
            if problem.kind == kind
        ]
        if names and (expected or kind != "none"):
            message = f"category {category!r}: {number_of(len(names), one, many)}"
            yield counted(code, Severity.ERROR, message, names, category=category)

"""What faces what: detector by detector, data set by data set, category by category, with all their seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.compare._sides import Fit
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyimgano_bench.compare._sides import Side


@define(frozen=True, kw_only=True)
class Facing:
    """A category with the fits of both sides, by seed; `problem` where one of them is missing."""

    category: str
    contender: tuple[Fit, ...] = ()
    baseline: tuple[Fit, ...] = ()
    problem: str | None = None

    @property
    def same_seeds(self) -> bool:
        """Whether both sides have the same seeds."""
        return [fit.seed for fit in self.contender] == [fit.seed for fit in self.baseline]


@define(frozen=True, kw_only=True)
class Meeting:
    """Two detectors on one data set, with the seeds that either has there."""

    contender: str
    baseline: str
    dataset: str
    contender_seeds: tuple[int, ...]
    baseline_seeds: tuple[int, ...]
    facing: tuple[Facing, ...]


def split_place(text: str) -> tuple[Path, str | None]:
    """Return the folder, and the detector of `DIR:DETECTOR`; the name of a folder may have a colon, too."""
    folder, _, label = text.rpartition(":")
    return (Path(text), None) if not (folder and label) or Path(text).exists() else (Path(folder), label)


def pair_detectors(
    contenders: Mapping[str, Side], baselines: Mapping[str, Side], wanted: Sequence[tuple[str, str]]
) -> list[tuple[Side, Side]]:
    """Return the detectors that face each other.

    Args:
        contenders: the sides of one folder, by label.
        baselines: those of the other.
        wanted: labels of both; where there are none, each detector faces the one of its name, and one alone
            on each side needs no common name.

    Raises:
        UsageError: a label is unknown, or no detector is on both sides.
    """
    pairs = list(wanted) or [(label, label) for label in baselines if label in contenders]
    if not pairs and len(contenders) == len(baselines) == 1:
        pairs = list(zip(contenders, baselines, strict=True))
    for labels in pairs:
        for name, label, sides in zip(("first", "second"), labels, (contenders, baselines), strict=True):
            if label not in sides:
                raise UsageError(f"the {name} folder has no detector {label!r}, only {_named(sides)}")
    if not pairs:
        raise UsageError(
            f"no detector is in both folders: the first has {_named(contenders)}, the second "
            f"{_named(baselines)}; name two with --map A=B"
        )
    return [(contenders[one], baselines[other]) for one, other in dict.fromkeys(pairs)]


def meet(contender: Side, baseline: Side) -> Iterator[Meeting]:
    """Yield each data set of either side, the baseline's first.

    Raises:
        UsageError: where they have none in common.
    """
    ours, theirs = (dict.fromkeys(fit.dataset for fit in side.fits) for side in (contender, baseline))
    if not ours.keys() & theirs.keys():
        raise UsageError(
            f"{contender.label!r} and {baseline.label!r} have no data set in common: {_named(ours)} on one "
            f"side, {_named(theirs)} on the other"
        )
    for dataset in theirs | ours:
        own = [[fit for fit in side.fits if fit.dataset == dataset] for side in (contender, baseline)]
        seeds = [tuple(sorted({fit.seed for fit in fits})) for fits in own]
        yield Meeting(
            contender=contender.label,
            baseline=baseline.label,
            dataset=dataset,
            contender_seeds=seeds[0],
            baseline_seeds=seeds[1],
            facing=tuple(_face(own, seeds)),
        )


def _face(own: Sequence[Sequence[Fit]], seeds: Sequence[tuple[int, ...]]) -> Iterator[Facing]:
    """Yield every category of either side, the baseline's first."""
    for category in dict.fromkeys(fit.category for fits in reversed(own) for fit in fits):
        sides = [{fit.seed: fit for fit in fits if fit.category == category} for fits in own]
        problems = [
            f"the {name} {problem}"
            for name, fits, expected in zip(("contender", "baseline"), sides, seeds, strict=True)
            if (problem := _problem(fits, expected)) is not None
        ]
        if problems:
            yield Facing(category=category, problem="; ".join(problems))
            continue
        ours, theirs = (tuple(fits[seed] for seed in sorted(fits)) for fits in sides)
        yield Facing(category=category, contender=ours, baseline=theirs)


def _problem(fits: Mapping[int, Fit], seeds: Sequence[int]) -> str | None:
    if not fits:
        return "was not run on it"
    for seed in seeds:
        if seed not in fits:
            return f"was not run on it under seed {seed}"
        if fits[seed].problem is not None:
            return f"{fits[seed].problem} (seed {seed})"
    return None


def _named(labels: Mapping[str, object]) -> str:
    return ", ".join(map(repr, labels)) or "none"

"""Drift: normal images that are learnt from against normal images that are tested on.

Detectors learn what normal images look like, so a difference here is scored as if it were a defect.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.manifest import columns_of, take
from pyimgano_core.metrics import auroc
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts, HeaderFacts

    Sides = tuple[Iterator[FileFacts], Iterator[FileFacts]]

_LEAST_DISTANCE = 0.25
_MOST_KINDS = 1000  # beyond these, sizes vary freely
_DRAWS = 999
_FEWEST_IMAGES = 8
_LEAST_SHIFT = 5.0  # grey levels
_LEAST_EFFECT = 0.8  # AUROC
_LEAST_Z = 3.3  # one in a thousand by chance
_SHOWN_KINDS = 5


def size_mode_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories whose normal test images have other sizes or modes than those learnt from."""
    for category in inspection.prepared.categories:
        sides = _normals(inspection, category.split)
        headers = [Counter(facts.header for facts in side if facts.header) for side in sides]
        for trait, kind_of in (("size", _size), ("mode", _mode)):
            learnt, tested = (_mix(side, kind_of) for side in headers)
            distance = _distance(learnt, tested)
            if distance >= _LEAST_DISTANCE and not _may_be_chance(learnt, tested):
                yield _mix_issue(category.split.category, trait, distance, learnt, tested)


def _size(header: HeaderFacts) -> str:
    return f"{header.size[1]}x{header.size[0]}"


def _mode(header: HeaderFacts) -> str:
    return header.mode


def _mix(headers: Counter[HeaderFacts], kind_of: Callable[[HeaderFacts], str]) -> Counter[str]:
    mix: Counter[str] = Counter()
    for header, count in headers.items():
        mix[kind_of(header)] += count
    return mix


def brightness_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories whose normal test images are brighter or darker than those learnt from."""
    for category in inspection.prepared.categories if inspection.facts.knows("pixels") else ():
        sides = _normals(inspection, category.split)
        learnt, tested = ([facts.pixels.mean for facts in side if facts.pixels] for side in sides)
        if min(len(learnt), len(tested)) < _FEWEST_IMAGES:
            continue
        effect, z = _order(learnt, tested)
        medians = float(np.median(learnt)), float(np.median(tested))
        shift = medians[1] - medians[0]
        if max(effect, 1 - effect) >= _LEAST_EFFECT and abs(z) >= _LEAST_Z and abs(shift) >= _LEAST_SHIFT:
            yield rule_issue(
                "PF802",
                f"category {category.split.category!r}: normal test images are "
                f"{'brighter' if shift > 0 else 'darker'} than those learnt from, by {abs(shift):.1f} grey "
                f"levels (medians {medians[0]:.1f} and {medians[1]:.1f}); they will be scored as anomalies",
                category=category.split.category,
                data={
                    "shift": round(shift, 2),
                    "auroc": round(effect, 4),
                    "train": len(learnt),
                    "test": len(tested),
                },
            )


def _normals(inspection: Inspection, split: CategorySplit) -> Sides:
    def facts(samples: Sequence[Sample]) -> Iterator[FileFacts]:
        normals = np.flatnonzero(~columns_of(samples).anomalous)
        return inspection.facts.of_images(take(samples, normals))

    return chain(facts(split.train), facts(split.calibration)), facts(split.test)


def _distance(learnt: Counter[str], tested: Counter[str]) -> float:
    """Return the share of one side that would have to change for the mixes to be equal; 0 without images."""
    if not learnt or not tested:
        return 0.0
    shares = ((learnt[kind] / learnt.total(), tested[kind] / tested.total()) for kind in learnt | tested)
    return sum(abs(one - other) for one, other in shares) / 2


def _may_be_chance(learnt: Counter[str], tested: Counter[str]) -> bool:
    """Return whether an equal division of the same images reaches this distance, in 999 seeded draws."""
    kinds = sorted(learnt | tested)
    if len(kinds) > _MOST_KINDS:
        return True
    count, other_count = learnt.total(), tested.total()
    totals = np.array([learnt[kind] + tested[kind] for kind in kinds])
    drawn = np.random.default_rng(0).multivariate_hypergeometric(totals, count, size=_DRAWS)  # (999, K)
    distances = np.abs(drawn * other_count - (totals - drawn) * count).sum(axis=1)  # (999,)
    seen = sum(abs(learnt[kind] * other_count - tested[kind] * count) for kind in kinds)
    return bool((distances >= seen).any())


def _mix_issue(
    category: str, trait: str, distance: float, learnt: Counter[str], tested: Counter[str]
) -> Issue:
    def share(kind: str) -> str:
        return f"{learnt[kind] / learnt.total():.0%} against {tested[kind] / tested.total():.0%} are {kind}"

    usual = dict.fromkeys(side.most_common(1)[0][0] for side in (learnt, tested))
    return rule_issue(
        "PF801",
        f"category {category!r}: normal images that are learnt from differ in {trait} from those tested on: "
        f"{', '.join(share(kind) for kind in usual)}",
        category=category,
        data={
            "trait": trait,
            "distance": round(distance, 4),
            "train": dict(learnt.most_common(_SHOWN_KINDS)),
            "test": dict(tested.most_common(_SHOWN_KINDS)),
        },
    )


def _order(learnt: Sequence[float], tested: Sequence[float]) -> tuple[float, float]:
    """Return how often a test image is the brighter one, and by how many standard errors that is off a half.

    This is the Mann-Whitney test by its normal approximation, https://doi.org/10.1214/aoms/1177730491.
    """
    n, m = len(learnt), len(tested)
    effect = auroc([*learnt, *tested], [0] * n + [1] * m).value or 0.0
    return effect, (effect - 0.5) / float(np.sqrt((n + m + 1) / (12 * n * m)))

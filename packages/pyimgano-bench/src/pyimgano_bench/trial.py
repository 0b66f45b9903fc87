"""A trial: a benchmark on few images, to see that all works. Its numbers are no results, and marked so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.pixel_gate import decide_gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.preparation import Prepared, PreparedCategory


def cut_short(prepared: Prepared, config: RunConfig, limit: int) -> Prepared:
    """Return a data set of which each category has at most `limit` test images, 2 or more.

    Train and calibration images are cut in proportion, normal and anomalous test images alike, and something
    is left of each. Which images stay is drawn by the config's seed; their order stays. Pixel metrics are
    gated anew, by the masks that are left.
    """
    categories = tuple(_cut_category(category, config, limit) for category in prepared.categories)
    return evolve(prepared, categories=categories)


def _cut_category(category: PreparedCategory, config: RunConfig, limit: int) -> PreparedCategory:
    split = category.split
    if len(split.test) <= limit:
        return category
    share = limit / len(split.test)
    random = np.random.default_rng([config.seed, *split.category.encode("utf-8", "surrogatepass")])
    kept = _kept_tests(split.test, limit, random)
    test = [split.test[place] for place in kept]
    masks = tuple(category.masks[place] for place in kept)
    return evolve(
        category,
        split=evolve(
            split,
            train=_cut(split.train, share, random),
            calibration=_cut(split.calibration, share, random),
            test=test,
        ),
        masks=masks,
        gate=decide_gate(test, masks, config.evaluation),
    )


def _kept_tests(test: Sequence[Sample], limit: int, random: np.random.Generator) -> list[int]:
    """Return the places of the test images that stay, normal and anomalous ones in proportion."""
    labels = np.array([sample.record.label for sample in test])  # (N,)
    normal, anomalous = np.flatnonzero(labels == NORMAL), np.flatnonzero(labels != NORMAL)
    count = round(limit * len(anomalous) / len(test))
    if len(normal) and len(anomalous):
        count = min(max(count, 1), limit - 1)
    return sorted([*_draw(anomalous, count, random), *_draw(normal, limit - count, random)])


def _cut(samples: Sequence[Sample], share: float, random: np.random.Generator) -> list[Sample]:
    """Return a share of the samples, rounded up, in their order."""
    count = math.ceil(len(samples) * share)
    return [samples[place] for place in sorted(_draw(np.arange(len(samples)), count, random))]


def _draw(places: NDArray[np.int64], count: int, random: np.random.Generator) -> list[int]:
    drawn: list[int] = random.choice(places, count, replace=False).tolist()
    return drawn

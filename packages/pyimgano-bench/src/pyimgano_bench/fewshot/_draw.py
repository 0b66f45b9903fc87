"""Nested draws of a few normal images: those of a smaller number are among those of a larger one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.splits import split_dataset

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.contracts.record import Sample, Split
    from pyimgano_core.preparation import PreparedCategory


def pool_of(category: PreparedCategory) -> tuple[Sample, ...]:
    """Return the normal images that there are to draw from: those that train and those that calibrate."""
    return (*category.split.train, *category.split.calibration)


def limited(
    category: PreparedCategory, count: int, policy: SplitPolicy, *, seed: int, draw: int
) -> PreparedCategory:
    """Return a category that has only `count` normal images beside its test images, which stay as they are.

    The images are all that there is: as of any data set without `val` records, a share of them is held out
    to calibrate. Which images are drawn depends on seed, draw and category alone.

    Args:
        category: the whole one.
        count: how many; at most as many as `pool_of` has.
        policy: the share that is held out.
        seed: the run's.
        draw: which of the draws.
    """
    split, pool = category.split, pool_of(category)
    digest = hashlib.sha256(split.category.encode("utf-8", "surrogatepass")).digest()
    random = np.random.default_rng([seed, draw, int.from_bytes(digest[:8], "big")])
    chosen = sorted(random.permutation(len(pool))[:count].tolist())
    samples = [
        *(_assigned(pool[index], "train") for index in chosen),
        *(_assigned(sample, "test") for sample in split.test),
    ]
    (drawn,) = split_dataset(samples, policy, seed).categories
    return evolve(category, split=drawn)


def _assigned(sample: Sample, split: Split) -> Sample:
    return evolve(sample, record=evolve(sample.record, split=split))

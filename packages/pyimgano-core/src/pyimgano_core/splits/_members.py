"""The members of all groups of a category in one array, so that a million groups are no million objects."""

from __future__ import annotations

import numpy as np
from attrs import define
from numpy.typing import NDArray


@define(frozen=True, kw_only=True, eq=False)
class Members:
    """Groups in order of appearance, one after the other."""

    members: NDArray[np.int64]  # (N,), each group's in order
    starts: NDArray[np.int64]  # (G,), where each group begins
    sizes: NDArray[np.int64]  # (G,)

    def of(self, number: int) -> NDArray[np.int64]:
        """Return the members of one group."""
        start = self.starts[number]
        return self.members[start : start + self.sizes[number]]


def group_members(group: NDArray[np.int32], indices: NDArray[np.int64]) -> Members:
    """Return samples by group; a sample without one is its own.

    Args:
        group: (N,) the group of each sample, below 0 for none.
        indices: (M,) which of these samples, ascending.
    """
    codes = group[indices].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)  # of each code by its first appearance
    rank[np.argsort(first)] = np.arange(len(first))
    numbers = rank[inverse]  # (M,)
    sizes = np.bincount(numbers, minlength=len(first))
    members = indices[np.argsort(numbers, kind="stable")]
    return Members(members=members, starts=np.cumsum(sizes) - sizes, sizes=sizes)

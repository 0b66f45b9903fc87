"""The members of all groups of a category in one array, so that a million groups are no million objects."""

from __future__ import annotations

import numpy as np
from attrs import define
from numpy.typing import NDArray


@define(frozen=True, kw_only=True, eq=False)
class Members:
    """Groups in order of appearance, one after the other."""

    members: NDArray[np.int32]  # (N,), each group's in order
    starts: NDArray[np.int64]  # (G,), where each group begins
    sizes: NDArray[np.int64]  # (G,)

    def of(self, number: int) -> NDArray[np.int32]:
        """Return the members of one group."""
        start = self.starts[number]
        return self.members[start : start + self.sizes[number]]


def group_members(group: NDArray[np.int32], indices: NDArray[np.int32]) -> Members:
    """Return samples by group; a sample without one is its own.

    Args:
        group: (N,) the group of each sample, below 0 for none.
        indices: (M,) which of these samples, ascending.
    """
    codes = group[indices]
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone), dtype=np.int32)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)  # of each code by its first appearance
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    numbers = rank[inverse]  # (M,)
    del codes, alone, inverse
    sizes = np.bincount(numbers, minlength=len(first))
    members = indices[np.argsort(numbers, kind="stable")]
    return Members(members=members, starts=np.cumsum(sizes) - sizes, sizes=sizes)

"""Seeded draws of whole groups."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEED_MODULUS = 2**63 - 1


def draw_groups(sizes: NDArray[np.int64], target: int, most: int, key: str) -> NDArray[np.bool_]:
    """Draw groups until they have `target` members, passing over any that would make more than `most`.

    Args:
        sizes: (G,) the number of members of each group.
        target: the number of members wanted.
        most: the number of members never to be exceeded.
        key: what the draw depends on: equal keys and sizes give equal draws.

    Returns:
        (G,) which groups are drawn. They have fewer than `target` members where groups are too large.
    """
    drawn = np.zeros(len(sizes), np.bool_)
    count = 0
    order = _shuffled(len(sizes), key)
    for group, size in zip(order, sizes[order], strict=True):
        if count >= target:
            break
        if count + size <= most:
            drawn[group] = True
            count += int(size)
    return drawn


def _shuffled(count: int, key: str) -> NDArray[np.int64]:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "little") % _SEED_MODULUS)
    order = np.arange(count)
    generator.shuffle(order)
    return order

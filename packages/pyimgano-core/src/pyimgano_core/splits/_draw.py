"""Seeded draws of whole groups."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEED_MODULUS = 2**63 - 1


def draw_groups(groups: Mapping[str, Sequence[int]], target: int, most: int, key: str) -> set[int]:
    """Draw groups until they have `target` members, passing over any that would make more than `most`.

    Args:
        groups: members by group.
        target: the number of members wanted.
        most: the number of members never to be exceeded.
        key: what the draw depends on: equal keys and groups give equal draws.

    Returns:
        The members of all drawn groups. Fewer than `target` where groups are too large for `most`.
    """
    drawn: set[int] = set()
    for members in _shuffled(list(groups.values()), key):
        if len(drawn) >= target:
            break
        if len(drawn) + len(members) <= most:
            drawn.update(members)
    return drawn


def _shuffled(items: list[Sequence[int]], key: str) -> list[Sequence[int]]:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "little") % _SEED_MODULUS)
    order = list(range(len(items)))
    generator.shuffle(order)
    return [items[i] for i in order]

"""A coreset: few points such that every other point is near one of them (greedy k-centre selection).

Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018; the
random projection that makes it cheap is that of PatchCore (arXiv:2106.08265).

The greedy choice is made exactly, though all points are looked at only once per block of choices. A distance
to the nearest taken point never grows, so those known from the last look are upper bounds. The choice goes on
among the points that were farthest then, as long as the farthest of them is beyond what any other point can
be; only then all points are compared with the block of newly taken ones, which is a matrix product.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from pyimgano_core.progress import Progress

_PROJECTED = 64
_POOL = 512  # points among which a block is chosen: their distances to each other fit into a cache
_ROWS = 2048  # points per matrix product, so that its result stays small


def select_coreset(points: Tensor, count: int, *, generator: torch.Generator, progress: Progress) -> Tensor:
    """Return the indices (count,) of a coreset, in the order of selection.

    Args:
        points: (M, C), centred, M >= count.
        count: how many to take; each is the one farthest from all taken before.
        generator: on the CPU; draws the projection and the first point.
        progress: shows the selection.
    """
    points = _projected(points, generator)  # (M, D)
    first = torch.randint(len(points), (1,), generator=generator).to(points.device)
    indices = chain.from_iterable(_blocks(points, first, count))
    return torch.stack(list(progress.track(indices, "coreset", count)))


def _blocks(points: Tensor, first: Tensor, count: int) -> Iterator[Tensor]:
    """Yield the indices of newly taken points, `count` in all, each block after a look at all points."""
    squares = points.square().sum(dim=1)  # (M,)
    nearest = torch.full_like(squares, math.inf)  # squared distance to the nearest taken point
    block, missing = first, count - 1
    yield block
    while missing:
        _update(nearest, points, squares, block)
        bounds, pool = nearest.topk(min(_POOL, len(points)))  # descending
        taken = _farthest(_distances(points[pool]), bounds.cpu().numpy(), missing)
        block, missing = pool[taken], missing - len(taken)
        yield block


def _update(nearest: Tensor, points: Tensor, squares: Tensor, block: Tensor) -> None:
    """Lower `nearest` (M,) to the distances to the points of `block`, which are never to be taken again."""
    taken, offset = points[block], squares[block]
    for start in range(0, len(points), _ROWS):
        rows = slice(start, start + _ROWS)
        partial = torch.addmm(offset, points[rows], taken.T, alpha=-2).amin(dim=1)
        nearest[rows] = torch.minimum(nearest[rows], partial + squares[rows])
    nearest[block] = -math.inf


def _distances(points: Tensor) -> NDArray[np.float32]:
    squares = points.square().sum(dim=1)
    return torch.addmm(squares + squares[:, None], points, points.T, alpha=-2).cpu().numpy()


def _farthest(distances: NDArray[np.float32], nearest: NDArray[np.float32], limit: int) -> list[int]:
    """Take the farthest of a pool, again and again, until a point outside of it may be farther.

    Args:
        distances: (K, K) squared, within the pool.
        nearest: (K,) squared, of the pool to the nearest taken point, descending.
        limit: take no more.
    """
    beyond = nearest[-1]  # no point outside of the pool is farther
    nearest = nearest.copy()
    taken: list[int] = []
    while len(taken) < limit:
        farthest = int(nearest.argmax())
        if taken and nearest[farthest] < beyond:
            break
        taken.append(farthest)
        np.minimum(nearest, distances[farthest], out=nearest)
        nearest[farthest] = -math.inf
    return taken


def _projected(points: Tensor, generator: torch.Generator) -> Tensor:
    if points.shape[1] <= _PROJECTED:
        return points
    projection = torch.randn(points.shape[1], _PROJECTED, generator=generator) / math.sqrt(_PROJECTED)
    return points @ projection.to(points.device)

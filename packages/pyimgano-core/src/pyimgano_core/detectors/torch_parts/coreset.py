"""A coreset: few points such that every other point is near one of them (greedy k-centre selection).

Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018; the
random projection that makes it cheap is that of PatchCore (arXiv:2106.08265).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from pyimgano_core.progress import Progress

_PROJECTED = 64


def select_coreset(points: Tensor, count: int, *, generator: torch.Generator, progress: Progress) -> Tensor:
    """Return the indices (count,) of a coreset, in the order of selection.

    Each step takes the point farthest from all taken before, at a cost that grows with the number of points.

    Args:
        points: (M, C), centred, M >= count.
        count: how many to take.
        generator: on the CPU; draws the projection and the first point.
        progress: shows the selection.
    """
    points = _projected(points, generator)  # (M, D)
    squares = points.square().sum(dim=1)  # (M,)
    nearest = torch.full_like(squares, math.inf)  # squared distance to the nearest taken point
    taken = torch.empty(count, dtype=torch.int64, device=points.device)
    last = torch.randint(len(points), (1,), generator=generator).to(points.device)[0]
    for step in progress.track(range(count), "coreset", count):
        taken[step] = last
        distances = torch.addmv(squares, points, points[last], alpha=-2).add_(squares[last])
        torch.minimum(nearest, distances, out=nearest)
        nearest[last] = -math.inf
        last = nearest.argmax()
    return taken


def _projected(points: Tensor, generator: torch.Generator) -> Tensor:
    if points.shape[1] <= _PROJECTED:
        return points
    projection = torch.randn(points.shape[1], _PROJECTED, generator=generator) / math.sqrt(_PROJECTED)
    return points @ projection.to(points.device)

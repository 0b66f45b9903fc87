"""Means and covariances per position of a grid, gathered image by image, read pooled over neighbourhoods."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

_ROUNDING = 1e-6  # relative error of a float32 feature
_BLOCK = 16  # images per update: the sums are large, and each update reads and writes them whole


class GridMoments:
    """Moments of vectors at each position, about one origin, which keeps their rounding small.

    Args:
        vectors: (P, D) of each image, at least one image.
        grid: rows and columns of positions, P in all.
        neighbourhood: an odd number; moments are averaged over so many rows and columns.
    """

    def __init__(self, vectors: Iterable[Tensor], grid: tuple[int, int], neighbourhood: int) -> None:
        self._grid = grid
        blocks = _blocks(vectors)
        start = next(blocks)  # (B, P, D)
        positions, channels = start.shape[1:]
        self._origin = start[0].mean(dim=0)  # (D,)
        first, second, count = (
            start.new_zeros(positions, channels),
            start.new_zeros(positions, channels, channels),
            0,
        )
        for block in chain([start], blocks):
            offset = (block - self._origin).transpose(0, 1)  # (P, B, D)
            first += offset.sum(dim=1)
            second.baddbmm_(offset.transpose(1, 2), offset)
            count += len(block)
        self._first = (first / count).double()  # (P, D)
        self._second = second.div_(count)  # (P, D, D), single precision: by far the largest
        self._row_weights = _window(grid[0], neighbourhood).to(first.device)  # (h, h)
        self._column_weights = _window(grid[1], neighbourhood).to(first.device)  # (w, w)

    @property
    def height(self) -> int:
        """Rows of the grid."""
        return self._grid[0]

    def variances(self) -> tuple[Tensor, Tensor]:
        """Return each channel's variance over all there is, and its mean within neighbourhoods, (D,) each."""
        squares = self._second.diagonal(dim1=1, dim2=2).double()  # (P, D)
        total = squares.mean(dim=0) - self._first.mean(dim=0).square()
        within = self._pooled(squares) - self._pooled(self._first).square()
        floor = (_ROUNDING * self._origin.double()).square()  # single precision knows no smaller spread
        return total.maximum(floor), within.mean(dim=0).maximum(floor)

    def rows(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield means (w, D) and covariances (w, D, D) of the neighbourhoods along each row of the grid."""
        height, width = self._grid
        first = self._first.reshape(height, width, -1)
        second = self._second.reshape(height, width, -1)
        for weights in self._row_weights:
            near = weights.nonzero()[:, 0]
            mean = self._column_weights @ torch.tensordot(weights[near], first[near], dims=1)  # (w, D)
            products = self._column_weights @ torch.tensordot(weights[near], second[near].double(), dims=1)
            covariance = products.reshape(width, mean.shape[1], -1) - mean[:, :, None] * mean[:, None, :]
            yield mean + self._origin, covariance

    def _pooled(self, values: Tensor) -> Tensor:
        on_grid = values.reshape(*self._grid, -1)
        return torch.einsum("ih,jw,hwd->ijd", self._row_weights, self._column_weights, on_grid).flatten(0, 1)


def _blocks(vectors: Iterable[Tensor]) -> Iterator[Tensor]:
    block: list[Tensor] = []
    for item in vectors:
        block.append(item)
        if len(block) == _BLOCK:
            yield torch.stack(block)
            block = []
    if block:
        yield torch.stack(block)


def _window(length: int, width: int) -> Tensor:
    """Return (length, length) weights of a moving average that ends at the borders."""
    axis = torch.arange(length)
    near = ((axis[:, None] - axis[None, :]).abs() <= width // 2).double()
    return near / near.sum(dim=1, keepdim=True)

"""Means and covariances of patch vectors, gathered image by image, read pooled over neighbourhoods."""

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
        self._windows = _Windows(grid, neighbourhood)
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

    @property
    def height(self) -> int:
        """Rows of the grid."""
        return self._windows.grid[0]

    def variances(self) -> tuple[Tensor, Tensor]:
        """Return each channel's variance over all there is, and its mean within neighbourhoods, (D,) each."""
        squares = self._second.diagonal(dim1=1, dim2=2).double()  # (P, D)
        total = squares.mean(dim=0) - self._first.mean(dim=0).square()
        within = self._windows.pooled(squares) - self._windows.pooled(self._first).square()
        floor = smallest_variance(self._origin)
        return total.maximum(floor), within.mean(dim=0).maximum(floor)

    def rows(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield means (w, D) and covariances (w, D, D) of the neighbourhoods along each row of the grid."""
        height, width = self._windows.grid
        first = self._first.reshape(height, width, -1)
        second = self._second.reshape(height, width, -1)
        columns = self._windows.columns.to(first.device)
        for weights in self._windows.rows.to(first.device):
            near = weights.nonzero()[:, 0]
            mean = columns @ torch.tensordot(weights[near], first[near], dims=1)  # (w, D)
            products = columns @ torch.tensordot(weights[near], second[near].double(), dims=1)
            covariance = products.reshape(width, mean.shape[1], -1) - mean[:, :, None] * mean[:, None, :]
            yield mean + self._origin, covariance


class SharedMoments:
    """Means at each position, and one covariance: the mean of the covariances of all neighbourhoods.

    It holds no matrix per position; the arguments are those of `GridMoments`.

    Attributes:
        means: (P, D) of the neighbourhoods, float64.
        covariance: (D, D), float64.
    """

    def __init__(self, vectors: Iterable[Tensor], grid: tuple[int, int], neighbourhood: int) -> None:
        windows = _Windows(grid, neighbourhood)
        blocks = _blocks(vectors)
        start = next(blocks)  # (B, P, D)
        self._origin = start[0].mean(dim=0)  # (D,)
        shares = windows.shares().to(start)[None, :, None]  # (1, P, 1)
        first = start.new_zeros(start.shape[1:], dtype=torch.float64)
        squares = first.new_zeros(start.shape[2])
        second, count = first.new_zeros(len(squares), len(squares)), 0
        for block in chain([start], blocks):
            offset = block - self._origin
            first += offset.sum(dim=0)
            squares += offset.square().mean(dim=1).sum(dim=0)
            second += (offset * shares).flatten(0, 1).T @ offset.flatten(0, 1)
            count += len(block)
        first, squares, second = first / count, squares / count, second / count
        pooled = windows.pooled(first)  # (P, D)
        self._total = squares - first.mean(dim=0).square()
        self.covariance = second - pooled.T @ pooled / len(pooled)
        self.means = pooled + self._origin

    def variances(self) -> tuple[Tensor, Tensor]:
        """Return each channel's variance over all there is, and its mean within neighbourhoods, (D,) each."""
        floor = smallest_variance(self._origin)
        return self._total.maximum(floor), self.covariance.diagonal().maximum(floor)


class _Windows:
    """Moving averages over a grid that end at its borders.

    Attributes:
        grid: rows and columns.
        rows: (h, h) weights, float64.
        columns: (w, w) weights, float64.
    """

    def __init__(self, grid: tuple[int, int], width: int) -> None:
        self.grid = grid
        self.rows, self.columns = (_window(length, width) for length in grid)

    def pooled(self, values: Tensor) -> Tensor:
        """Return the averages of values (P, D) of positions."""
        rows, columns = self.rows.to(values), self.columns.to(values)
        return torch.einsum("ih,jw,hwd->ijd", rows, columns, values.reshape(*self.grid, -1)).flatten(0, 1)

    def shares(self) -> Tensor:
        """Return (P,) what each position weighs in the mean of all averages, 1 in all."""
        return torch.outer(self.rows.mean(dim=0), self.columns.mean(dim=0)).flatten()


def smallest_variance(origin: Tensor) -> Tensor:
    """Return (D,) below which single precision knows no spread."""
    return (_ROUNDING * origin.double()).square()


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
    near = ((axis[:, None] - axis[None, :]).abs() <= min(width // 2, length)).double()
    return near / near.sum(dim=1, keepdim=True)

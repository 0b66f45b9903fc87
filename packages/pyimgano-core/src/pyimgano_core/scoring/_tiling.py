"""Tiles: where they lie on an image, and how their anomaly maps become one map without seams.

Along each axis the tiles are spread evenly from edge to edge, so that none stands out of the image and
neighbours overlap by at least the share that was asked for. A map is blended with a squared sine, which is 0
at a tile's edge, divided by the sum of all windows there: the weights of a pixel add up to 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Corner = tuple[int, int]  # the first row and column of a tile


def tile_starts(length: int, tile: int, overlap: float) -> tuple[int, ...]:
    """Return where tiles begin along an axis; the first is 0 and the last ends with the axis.

    Args:
        length: of the axis, in pixels, at least `tile`.
        tile: of a tile.
        overlap: the least share of a tile that its neighbour covers too, 0 up to below 1.
    """
    stride = max(1, int(tile * (1.0 - overlap)))
    steps = -(-(length - tile) // stride)
    return tuple(step * (length - tile) // steps for step in range(steps + 1)) if steps else (0,)


def tile_weights(starts: tuple[int, ...], tile: int) -> NDArray[np.float32]:
    """Return what each tile counts along an axis, (T, tile); over each pixel the weights add up to 1."""
    window = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2  # (tile,)
    total = np.zeros(starts[-1] + tile)  # (L,)
    for start in starts:
        total[start : start + tile] += window
    return np.stack([window / total[start : start + tile] for start in starts]).astype(np.float32)


@define(frozen=True, kw_only=True)
class TileGrid:
    """The tiles of an image of a size; an image smaller than a tile is continued by its reflection.

    Attributes:
        size: height and width of the image.
        tile: height and width of the tiles.
        overlap: the least share of a tile's side that its neighbour covers too.
    """

    size: tuple[int, int]
    tile: tuple[int, int]
    overlap: float
    _starts: tuple[tuple[int, ...], tuple[int, ...]] = field(init=False)

    @_starts.default
    def _find_starts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        (height, width), (tall, wide) = self._padded, self.tile
        return tile_starts(height, tall, self.overlap), tile_starts(width, wide, self.overlap)

    @property
    def _padded(self) -> tuple[int, int]:
        return max(self.size[0], self.tile[0]), max(self.size[1], self.tile[1])

    def corners(self, inside: NDArray[np.bool_] | None = None) -> list[Corner]:
        """Return the tiles' corners, row by row, without those tiles that hold nothing of `inside` (H, W)."""
        corners = [(top, left) for top in self._starts[0] for left in self._starts[1]]
        if inside is None:
            return corners
        height, width = self.tile
        return [(y, x) for y, x in corners if inside[y : y + height, x : x + width].any()]

    def cut(self, image: NDArray[np.uint8], corners: Iterable[Corner]) -> Iterable[NDArray[np.uint8]]:
        """Yield the tiles (h, w, 3) of an image (H, W, 3) at `corners`."""
        below, right = (padded - length for padded, length in zip(self._padded, self.size, strict=True))
        if below or right:
            image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="reflect")
        height, width = self.tile
        return (np.ascontiguousarray(image[y : y + height, x : x + width]) for y, x in corners)

    def blend(self, maps: Iterable[tuple[Corner, NDArray[np.float32]]]) -> NDArray[np.float32]:
        """Return one map (H, W) from the maps (h, w) of tiles; where a tile is left out, it counts as 0."""
        rows, columns = (
            dict(zip(starts, tile_weights(starts, tile), strict=True))
            for starts, tile in zip(self._starts, self.tile, strict=True)
        )
        blended = np.zeros(self._padded, np.float32)
        height, width = self.tile
        for (y, x), tile_map in maps:
            weights = rows[y][:, None] * columns[x]  # (h, w)
            blended[y : y + height, x : x + width] += weights * tile_map
        return blended[: self.size[0], : self.size[1]]

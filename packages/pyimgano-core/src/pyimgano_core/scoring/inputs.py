"""What a scorer graph sees of an image: the whole of it at the model's size, or tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve
from numpy.typing import NDArray

from pyimgano_core.images import (
    fit_interest,
    lower_outside,
    paint_outside,
    read_frame,
    resize_image,
    resize_map,
)
from pyimgano_core.scoring._scorer import Score, Scorer
from pyimgano_core.scoring._statistics import image_statistics
from pyimgano_core.scoring._tiling import Corner, TileGrid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.drift import ImageStatistics
    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.infer_config import Preprocessing


@define(frozen=True, kw_only=True, eq=False)
class PreparedImage:
    """An image on its way to the graph.

    Attributes:
        size: height and width of the image as it is displayed.
        inside: (H, W), where it is looked at; None for everywhere.
        pixels: (h, w, 3) what is cut into tiles; without tiling it has the model's size.
        looked_at: (h, w), which of these pixels count; None for all.
        grid: of the tiles; without tiling there is one.
        corners: of the tiles that hold something to look at.
        several_frames: whether the file holds more frames than this one, its first.
    """

    size: tuple[int, int]
    inside: NDArray[np.bool_] | None
    pixels: NDArray[np.uint8]
    looked_at: NDArray[np.bool_] | None
    grid: TileGrid
    corners: tuple[Corner, ...]
    several_frames: bool = False

    def inputs(self, corners: Iterable[Corner]) -> Iterable[NDArray[np.uint8]]:
        """Yield what the graph is given at `corners`, (h, w, 3) of the model's size."""
        return self.grid.cut(self.pixels, corners)

    def statistics(self) -> ImageStatistics:
        """Return simple facts of what the graph sees."""
        return image_statistics(self.pixels, self.looked_at)

    def score(self, scorer: Scorer) -> Score:
        """Return the highest score of the tiles, and the blended map (h, w) of them all.

        Raises:
            ArtifactError: the graph fails.
            NonFiniteScoreError: the graph's answer is no finite number.
        """
        scores: list[float] = []

        def maps() -> Iterable[tuple[Corner, NDArray[np.float32]]]:
            for corner, tile in zip(self.corners, self.inputs(self.corners), strict=True):
                result = scorer.score(tile)
                scores.append(result.score)
                yield corner, result.anomaly_map

        blended = self.grid.blend(maps())
        return Score(score=max(scores), anomaly_map=blended)

    def enlarge(self, blended: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a blended map (h, w) at the image's own size (H, W), lowered where nothing is looked at."""
        enlarged = resize_map(blended, self.size)
        return enlarged if self.inside is None else lower_outside(enlarged, self.inside)

    def lower(self, blended: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a blended map (h, w) at its own size, lowered where nothing is looked at."""
        return blended if self.looked_at is None else lower_outside(blended, self.looked_at)


def prepare_image(
    path: ImageFile, preprocessing: Preprocessing, interest: NDArray[np.bool_] | None = None
) -> PreparedImage:
    """Read an image file and do all that comes before the graph.

    Args:
        path: the file.
        preprocessing: the steps.
        interest: the category's region of interest, bool (h, w) of any size; None looks at everything.

    Raises:
        ImageError: the file can't be used, or the region does not fit it.
    """
    frame = read_frame(path, sixteen_bit_range=preprocessing.sixteen_bit_range)
    image = prepare_pixels(frame.pixels, preprocessing, interest, name=path)
    return evolve(image, several_frames=frame.has_others)


def prepare_pixels(
    image: NDArray[np.uint8],
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None = None,
    *,
    name: ImageFile | str,
) -> PreparedImage:
    """Do all that comes before the graph with an image that was read already.

    Args:
        image: (H, W, 3) RGB, upright.
        preprocessing: the steps.
        interest: as in `prepare_image`.
        name: what errors call the image.

    Raises:
        ImageError: the region does not fit it.
    """
    size = (image.shape[0], image.shape[1])
    inside = None if interest is None else fit_interest(interest, size, name)
    if inside is not None:
        image = paint_outside(image, inside)
    pixels = resize_image(image, _working_size(size, preprocessing))
    overlap = 0.0 if preprocessing.tiling is None else preprocessing.tiling.overlap
    grid = TileGrid(size=(pixels.shape[0], pixels.shape[1]), tile=preprocessing.resize, overlap=overlap)
    looked_at = None if inside is None else _touched(inside, grid.size)
    return PreparedImage(
        size=size,
        inside=inside,
        pixels=pixels,
        looked_at=looked_at,
        grid=grid,
        corners=tuple(grid.corners(looked_at)),
    )


def _working_size(size: tuple[int, int], preprocessing: Preprocessing) -> tuple[int, int]:
    """Return the size at which an image is cut, without tiling that of the model."""
    if preprocessing.tiling is None:
        return preprocessing.resize
    scale = preprocessing.tiling.scale
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _touched(inside: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels at `size` of whose scores any pixel inside (H, W) gets a part."""
    touched: NDArray[np.bool_] = resize_map(inside.astype(np.float32), size) > 0
    return touched

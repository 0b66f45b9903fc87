"""Pictures of the images that were scored worst, made while their anomaly maps pass by, kept in the run.

`categories/<category>/pictures.json` names them and says what their colours mean.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.artifacts import read_artifact, write_artifact, write_bytes
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Sample
from pyimgano_core.errors import ArtifactError, ImageError
from pyimgano_core.images import read_image, read_mask_for
from pyimgano_core.regions import flag_pixels
from pyimgano_workbench.overlay import Marks, Scale, draw, pooled, small_size

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.evaluation import SeenMap

MOST = 4  # pictures of normal images, and of anomalous ones
_INDEX = "pictures.json"


@define(frozen=True, kw_only=True)
class Pictures:
    """The pictures of a category, by the indices of the images' lines: `pictures/NNNNNN.jpg`.

    `low` and `high` are the values of anomaly maps that the first and the last colour stand for.
    """

    KIND: ClassVar[str] = "pyimgano.pictures"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.pictures"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    low: float
    high: float
    images: tuple[int, ...] = ()


@define(frozen=True, kw_only=True, eq=False)
class _Kept:
    """What a picture needs, its map made small at once: large ones would fill the memory."""

    index: int
    sample: Sample
    size: tuple[int, int]  # (H, W) of the image
    anomaly_map: NDArray[np.float32]  # (h, w)
    flagged: NDArray[np.bool_]  # (h, w)
    inside: NDArray[np.bool_] | None  # (h, w)


class WorstMaps:
    """Keeps the maps of the highest-scored normal and of the lowest-scored anomalous images.

    It is a `MapViewer`. Of equal scores the first image stays, as in the report.
    """

    def __init__(self) -> None:
        self._kept: dict[int, list[tuple[float, int, _Kept]]] = {NORMAL: [], ANOMALOUS: []}  # heaps
        self._threshold: float | None = None

    def __call__(self, line: Prediction, sample: Sample, seen: SeenMap, pixel: Threshold) -> None:
        """Look at the map of a test image."""
        if line.score is None:
            return
        self._threshold = pixel.value
        label = sample.record.label
        heap = self._kept[label]
        rank = (line.score if label == NORMAL else -line.score, -line.index)
        if len(heap) < MOST:
            heapq.heappush(heap, (*rank, _keep(line.index, sample, seen, pixel)))
        elif rank > heap[0][:2]:
            heapq.heapreplace(heap, (*rank, _keep(line.index, sample, seen, pixel)))

    def write(self, folder: Path, sixteen_bit_range: tuple[int, int]) -> None:
        """Write the pictures below the category's `folder`; an image that can't be read again has none."""
        kept = sorted(
            (each for heap in self._kept.values() for *_, each in heap), key=lambda each: each.index
        )
        if not kept:
            return
        scale = _scale(kept, self._threshold)
        images = []
        for each in kept:
            try:
                picture = _picture(each, scale, sixteen_bit_range)
            except ImageError:
                continue
            write_bytes(picture_path(folder, each.index), picture)
            images.append(each.index)
        write_artifact(folder / _INDEX, Pictures(low=scale.low, high=scale.high, images=tuple(images)))


def picture_path(folder: Path, index: int) -> Path:
    """Return where the picture of a line stands below a category's `folder`."""
    return folder / "pictures" / f"{index:06d}.jpg"


def read_pictures(folder: Path) -> Pictures | None:
    """Return the pictures below a category's `folder`, or None where it has none."""
    try:
        return read_artifact(folder / _INDEX, Pictures)
    except ArtifactError:
        return None


def _keep(index: int, sample: Sample, seen: SeenMap, pixel: Threshold) -> _Kept:
    height, width = seen.values.shape
    size = small_size(height, width)
    flagged = np.zeros((height, width), np.bool_)
    if pixel.value is not None:
        flagged = flag_pixels(seen.values, pixel.value, pixel.minimum_area, seen.inside)
    return _Kept(
        index=index,
        sample=sample,
        size=(height, width),
        anomaly_map=pooled(seen.values.astype(np.float32, copy=False), size),
        flagged=pooled(flagged, size),
        inside=None if seen.inside is None else pooled(seen.inside, size),
    )


def _scale(kept: list[_Kept], threshold: float | None) -> Scale:
    """Return a scale for all pictures: from their usual value up, the threshold in its middle or above."""
    looked_at = [
        each.anomaly_map.ravel() if each.inside is None else each.anomaly_map[each.inside] for each in kept
    ]
    values = np.concatenate(looked_at)
    low, high = float(np.median(values)), float(values.max())
    if threshold is not None and threshold > low:
        high = max(threshold, min(high, 2 * threshold - low))
    return Scale(low=low, high=high if high > low else low + 1.0)


def _picture(kept: _Kept, scale: Scale, sixteen_bit_range: tuple[int, int]) -> bytes:
    image = read_image(kept.sample.image, sixteen_bit_range=sixteen_bit_range)
    marks = Marks(flagged=kept.flagged, mask=_mask_of(kept), inside=kept.inside)
    return draw(image, kept.anomaly_map, marks, scale)


def _mask_of(kept: _Kept) -> NDArray[np.bool_] | None:
    """Return the mask (H, W) of an anomalous image, None where it has none that can be used."""
    if kept.sample.mask is None or kept.sample.record.label != ANOMALOUS:
        return None
    try:
        return read_mask_for(kept.sample.mask, kept.size)
    except ImageError:
        return None

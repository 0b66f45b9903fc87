"""Training images for a detector: each decoded once, then kept at model size in a temporary file.

With tiling they are the tiles of the images; their number, and with it the disk and the time of a fit, is
bounded.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.report import InputFailure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.scoring.inputs import prepare_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class TileDraw:
    """At most how many tiles an image gives, and the seed of the draw where it has more."""

    most: int
    seed: int


class SampleImages:
    """An `ImageSource` over samples; use it as a context manager.

    What can't be read is left out and stands in `failures`. `available` counts what the images that can be
    read would give without a draw.

    Args:
        samples: the train samples.
        preprocessing: what stands before the graph.
        progress: shows the reading.
        label: says what is read.
        interest: the region of interest, bool (h, w) of any size; None looks at everything.
        draw: bounds the number of tiles; None takes them all.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        progress: Progress,
        label: str,
        *,
        interest: NDArray[np.bool_] | None = None,
        draw: TileDraw | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pyimgano-", ignore_cleanup_errors=True)
        self.size = preprocessing.resize
        self.failures: list[InputFailure] = []
        self.available = 0
        path = Path(self._folder.name) / "images"
        load = partial(_load, preprocessing=preprocessing, interest=interest, draw=draw)
        results = map_ordered(load, enumerate(samples))
        tracked = progress.track(zip(samples, results, strict=True), label, len(samples))
        count = self._store(path, tracked)
        self._images = _open(path, (count, *self.size, 3))  # (N, H, W, 3)

    def _store(self, path: Path, results: Iterable[tuple[Sample, _Loaded | Failure]]) -> int:
        """Append the images to a file and return how many: a full disk is an error, where a map crashes."""
        count = 0
        with path.open("wb") as stream:
            for sample, result in results:
                if isinstance(result, Failure):
                    failure = InputFailure(role="train", input=sample.record.image_path, error=result)
                    self.failures.append(failure)
                    continue
                for image in result.images:
                    stream.write(image.tobytes())
                count += len(result.images)
                self.available += result.available
        return count

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (np.asarray(image) for image in self._images)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self._images
        self._folder.cleanup()


def _open(path: Path, shape: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Map a file of images; what is written to the array stays in memory."""
    if shape[0] == 0:  # an empty file can't be mapped
        return np.empty(shape, np.uint8)
    return np.memmap(path, np.uint8, "c", shape=shape)


@define(frozen=True, kw_only=True, eq=False)
class _Loaded:
    """What the graph would see of an image, and of how many such inputs it was drawn."""

    images: list[NDArray[np.uint8]]  # (H, W, 3) each, of the model's size
    available: int


def _load(
    numbered: tuple[int, Sample],
    *,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None,
    draw: TileDraw | None,
) -> _Loaded | Failure:
    index, sample = numbered
    try:
        image = prepare_image(sample.image, preprocessing, interest)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    corners = image.corners
    if draw is not None and len(corners) > draw.most:
        random = np.random.default_rng([draw.seed, index])
        chosen = random.choice(len(corners), draw.most, replace=False)
        corners = tuple(corners[number] for number in sorted(chosen.tolist()))
    return _Loaded(images=list(image.inputs(corners)), available=len(image.corners))

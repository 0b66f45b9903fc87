"""Training images for a detector: each decoded once, then kept at model size in a temporary file."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.report import InputFailure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.images import load_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.progress import Progress


class SampleImages:
    """An `ImageSource` over samples; use it as a context manager.

    What can't be read is left out and stands in `failures`.
    """

    def __init__(
        self, samples: Sequence[Sample], preprocessing: Preprocessing, progress: Progress, label: str
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pyimgano-")
        self.size = preprocessing.resize
        self.failures: list[InputFailure] = []
        path = Path(self._folder.name) / "images"
        count = self._store(path, samples, preprocessing, progress, label)
        self._images = _open(path, (count, *self.size, 3))  # (N, H, W, 3)

    def _store(
        self,
        path: Path,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        progress: Progress,
        label: str,
    ) -> int:
        """Append the images to a file and return how many: a full disk is an error, where a map crashes."""
        count = 0
        results = map_ordered(partial(_load, preprocessing=preprocessing), samples)
        with path.open("wb") as stream:
            for sample, result in progress.track(zip(samples, results, strict=True), label, len(samples)):
                if isinstance(result, Failure):
                    failure = InputFailure(role="train", input=sample.record.image_path, error=result)
                    self.failures.append(failure)
                else:
                    stream.write(result.tobytes())
                    count += 1
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


def _load(sample: Sample, *, preprocessing: Preprocessing) -> NDArray[np.uint8] | Failure:
    try:
        image, _ = load_input(sample.image, preprocessing.resize, preprocessing.sixteen_bit_range)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    return image

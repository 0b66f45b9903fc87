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
        self._count = 0
        self._load(samples, preprocessing, progress, label)

    def _load(
        self, samples: Sequence[Sample], preprocessing: Preprocessing, progress: Progress, label: str
    ) -> None:
        shape = (len(samples), *self.size, 3)
        path = Path(self._folder.name) / "images"
        self._images = np.memmap(path, np.uint8, "w+", shape=shape)  # (N, H, W, 3)
        results = map_ordered(partial(_load, preprocessing=preprocessing), samples)
        for sample, result in progress.track(zip(samples, results, strict=True), label, len(samples)):
            if isinstance(result, Failure):
                failure = InputFailure(role="train", input=sample.record.image_path, error=result)
                self.failures.append(failure)
            else:
                self._images[self._count] = result
                self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (np.asarray(self._images[index]) for index in range(self._count))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self._images
        self._folder.cleanup()


def _load(sample: Sample, *, preprocessing: Preprocessing) -> NDArray[np.uint8] | Failure:
    try:
        image, _ = load_input(sample.image, preprocessing.resize, preprocessing.sixteen_bit_range)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    return image

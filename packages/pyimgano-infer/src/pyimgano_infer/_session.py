"""A model that other programs load once and score images with: paths, or pixels from a camera."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import UsageError
from pyimgano_core.scoring import DEVICES
from pyimgano_core.scoring.files import ScoredImage, score_pixels
from pyimgano_infer._config import listed, read_config
from pyimgano_infer._inputs import Input, input_of
from pyimgano_infer._models import load_one
from pyimgano_infer._predict import Job, tell
from pyimgano_infer._products import Outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from pyimgano_core.contracts.prediction import Label
    from pyimgano_core.scoring import Device
    from pyimgano_infer._predict import Model

    Image = NDArray[np.uint8] | os.PathLike[str] | str

_NO_FILE = Input(text="array", path=Path())


@define(frozen=True, kw_only=True, eq=False)
class Result:
    """What was found in one image.

    Attributes:
        prediction: as in the lines of the command.
        anomaly_map: (H, W) of the image's own size, higher where it is less like the normal images, on the
            scale of the pixel threshold; None where the image failed.
    """

    prediction: Prediction
    anomaly_map: NDArray[np.float32] | None

    @property
    def score(self) -> float | None:
        """The raw score, in the model's own unit; None where the image failed."""
        return self.prediction.score

    @property
    def label(self) -> Label | None:
        """The verdict; None where the image failed, or there is no threshold."""
        return self.prediction.label

    @property
    def error(self) -> Failure | None:
        """Why the image has no score; None where it has one."""
        return self.prediction.error


class Session:
    """One category's model, loaded and checked as the command does it; several threads may share it.

    Args:
        config: the `infer_config.json`.
        category: which category; may be left out where the config has one.
        device: what runs the model, as `--device` of the command.
        threshold: takes the place of the config's image threshold, in the unit of the score.
        review_threshold: takes the place of the config's; scores from it up to the threshold get the label
            `review`.

    Raises:
        ArtifactError: the config or the checkpoint can't be trusted or understood.
        MachineError: the device is missing.
        UsageError: the category is missing or unknown, the device too, or a threshold can't be one.
    """

    def __init__(
        self,
        config: os.PathLike[str] | str,
        category: str | None = None,
        *,
        device: Device = "cpu",
        threshold: float | None = None,
        review_threshold: float | None = None,
    ) -> None:
        for name, value in {"threshold": threshold, "review_threshold": review_threshold}.items():
            if value is not None and not math.isfinite(value):
                raise UsageError(f"{name}={value}: must be a finite number")
        if device not in DEVICES:
            raise UsageError(f"device={device!r}: choose from {listed(DEVICES)}")
        model = load_one(
            Path(config), category, device=device, threshold=threshold, review_threshold=review_threshold
        )
        if review_threshold is not None and model.review_threshold is None:
            raise UsageError(
                f"review_threshold={review_threshold}: must be below the threshold, {model.threshold}"
            )
        self._model: Model | None = model

    @staticmethod
    def categories(config: os.PathLike[str] | str) -> tuple[str, ...]:
        """Return the categories of a config; a session is for one of them.

        Raises:
            ArtifactError: the config can't be trusted or understood.
            UsageError: there is no such file.
        """
        return tuple(read_config(Path(config)).per_category)

    @property
    def model(self) -> Model:
        """The category with its thresholds, its preprocessing and its scorer.

        Raises:
            ValueError: the session is closed.
        """
        if self._model is None:
            raise ValueError("the session is closed; score images before its `with` block ends")
        return self._model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the model; no more images can be scored."""
        self._model = None

    def score(self, image: Image) -> Result:
        """Return what is found in one image; what is wrong with a file is in the result's `error`.

        Args:
            image: a path, an address (`s3://bucket/a.png`), or uint8 pixels: (H, W, 3) RGB or (H, W) grey,
                upright. A PNG of the same pixels has the same score.

        Raises:
            ArtifactError: the model fails.
            ValueError: the pixels have another type or shape, or the session is closed.
        """
        model, problem = self.model, _problem(image)
        if problem is not None:
            raise ValueError(problem)
        return _result(0, image, model)

    def stream(self, images: Iterable[Image], *, workers: int | None = None) -> Iterator[Result]:
        """Yield a result for each image, in order; a bad one has an `error`, and the others go on.

        A few images are taken ahead, never all: memory does not grow with their number.

        Args:
            images: as for `score`. An array may be changed when its result is there.
            workers: how many images are scored at a time, a thread each; by default the processors.

        Raises:
            ArtifactError: the model fails.
            TypeError: `images` is one path.
            ValueError: the session is closed, or `workers` is below 1.
        """
        model = self.model
        if isinstance(images, (str, bytes, os.PathLike)):  # each letter of it would be an image
            raise TypeError(f"{images!r} is one path: give a list of images, or call score() for one")
        if workers is not None and workers < 1:
            raise ValueError(f"workers={workers}: must be 1 or more")

        def result(numbered: tuple[int, Image]) -> Result:
            index, image = numbered
            problem = _problem(image)
            return _result(index, image, model) if problem is None else _failed(index, problem, model)

        return map_ordered(result, enumerate(images), workers=workers)


def _result(index: int, image: Image, model: Model) -> Result:
    if isinstance(image, np.ndarray):
        return _tell(index, _NO_FILE, _score_array(image, model), model)
    item = input_of(os.fspath(image))
    return _tell(index, item, model.score(item.path), model)


def _failed(index: int, problem: str, model: Model) -> Result:
    return _tell(index, _NO_FILE, Failure(code="unsupported_array", message=problem), model)


def _tell(index: int, item: Input, found: ScoredImage | Failure, model: Model) -> Result:
    job = Job(index=index, item=item, category=model.category, model=model)
    return Result(
        prediction=tell(job, model, found, outputs=Outputs()),
        anomaly_map=None if isinstance(found, Failure) else found.anomaly_map,
    )


def _score_array(pixels: NDArray[np.uint8], model: Model) -> ScoredImage | Failure:
    colours = np.repeat(pixels[:, :, None], 3, axis=2) if pixels.shape[2:] == () else pixels  # (H, W, 3)
    return score_pixels(
        colours,
        name=_NO_FILE.text,
        scorer=model.scorer,
        preprocessing=model.preprocessing,
        interest=model.interest,
    )


def _problem(image: object) -> str | None:
    """Return why an object is no image, in words."""
    if isinstance(image, (str, os.PathLike)):
        return None
    if not isinstance(image, np.ndarray):
        return f"an image is a path or a NumPy array, not {type(image).__name__}; could it not be read?"
    if image.dtype != np.uint8:
        return (
            f"pixels must be uint8, not {image.dtype}: scale them to 0..255 as for the training images "
            "(for 16 bits by the config's `sixteen_bit_range`), then `.astype(numpy.uint8)`"
        )
    if image.size and image.ndim > 1 and image.shape[2:] in {(), (3,)}:
        return None
    return (
        f"pixels must have the shape (H, W, 3), RGB, or (H, W), grey, not {image.shape}: "
        "drop an alpha channel, and give one image at a time"
    )

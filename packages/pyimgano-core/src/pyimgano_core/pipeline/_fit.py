"""The fit of a category: its graph, what was checked of it, and its 8-bit variant where one is asked for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from attrs import define, evolve

from pyimgano_core.contracts.report import InputFailure, Parity, TrainTiles
from pyimgano_core.detectors import MemoryPredicting, ScorerGraph, Updatable, create_detector
from pyimgano_core.detectors.registry import WEIGHT_FREE
from pyimgano_core.errors import ConfigError, DataError, ImageError
from pyimgano_core.pipeline._parity import measure_parity
from pyimgano_core.pipeline._source import SampleImages
from pyimgano_core.progress import Telling
from pyimgano_core.scoring.inputs import prepare_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.detectors import Detector
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.pipeline._state import Addition
    from pyimgano_core.progress import Progress

T = TypeVar("T")

_PARITY_IMAGES = 8
_RANGE_IMAGES = 32  # set the ranges of 8-bit activations


@define(frozen=True, kw_only=True)
class Fitted:
    """A fit.

    Attributes:
        graph: without its reference, so that the fitted model is freed.
        int8: the same as an ONNX file with an 8-bit backbone, where the config asks for it.
        parity: of the graph and the fitted model, where there is one to ask.
        failures: the train images that could not be read.
        tiles: with tiling, how many were fitted, those of the earlier fit among them.
    """

    graph: ScorerGraph
    int8: bytes | None
    parity: Parity | None
    failures: list[InputFailure]
    tiles: TrainTiles | None


def fit_category(
    split: CategorySplit,
    inputs: CategoryInputs,
    config: RunConfig,
    base: Path,
    progress: Progress,
    *,
    addition: Addition | None,
) -> Fitted:
    """Fit a category, or update its earlier fit with an `addition`.

    Raises:
        ArtifactError: the graph is not what was fitted, or the earlier fit's state is none of this detector.
        ConfigError: the config can't be followed.
        DataError: no train image can be read.
    """
    detector = create_detector(config.model, base)
    if config.export.int8 and config.model.features.backbone in WEIGHT_FREE:  # told before the fit
        name = config.model.features.backbone
        raise ConfigError([f"$.export.int8: {name!r} is no network that could compute in 8 bits"])
    label = f"{split.category}: train images"
    with SampleImages(
        split.train if addition is None else addition.images,
        inputs.preprocessing,
        progress,
        label,
        interest=inputs.interest,
        draw=inputs.draw,
    ) as images:
        if len(images) == 0:
            first = images.failures[0].error.message if images.failures else "there are none"
            raise DataError(f"no train image can be read ({first})")
        if addition is None and isinstance(detector, MemoryPredicting) and isinstance(progress, Telling):
            progress.tell(f"{split.category}: {detector.predict_memory(len(images), images.size).words}")
        graph = _learn(detector, images, config, progress, addition)
        held_out = list(_views(split.calibration, inputs))
        return Fitted(
            graph=evolve(graph, reference=None),
            int8=_quantized(graph, images) if config.export.int8 else None,
            parity=measure_parity(graph, held_out or _evenly_chosen(images, len(images), _PARITY_IMAGES)),
            failures=images.failures,
            tiles=None if inputs.draw is None else _tiles(images, addition),
        )


def _learn(
    detector: Detector,
    images: SampleImages,
    config: RunConfig,
    progress: Progress,
    addition: Addition | None,
) -> ScorerGraph:
    """Fit, or go on from an earlier fit."""
    seed, device = config.seed, config.model.device
    if addition is None:
        return detector.fit(images, seed=seed, device=device, progress=progress)
    if not isinstance(detector, Updatable):
        raise ConfigError([f"$.model.name: the detector {config.model.name!r} can't be updated; fit it anew"])
    return detector.update(addition.state, images, seed=seed, device=device, progress=progress)


def _tiles(images: SampleImages, addition: Addition | None) -> TrainTiles:
    """Count the tiles that the graph was learnt from."""
    earlier = None if addition is None else addition.tiles
    before = TrainTiles(fitted=0, available=0) if earlier is None else earlier
    return TrainTiles(fitted=before.fitted + len(images), available=before.available + images.available)


def _quantized(graph: ScorerGraph, images: SampleImages) -> bytes:
    from pyimgano_core.detectors.quantization import quantize  # noqa: PLC0415 - needs onnx, which few runs do

    return quantize(graph, _evenly_chosen(images, len(images), _RANGE_IMAGES))


def _views(samples: Sequence[Sample], inputs: CategoryInputs) -> Iterator[NDArray[np.uint8]]:
    """Yield what the graph sees of a few of the samples: (H, W, 3), of tiles the one in the middle."""
    for sample in _evenly_chosen(samples, len(samples), _PARITY_IMAGES):
        try:
            image = prepare_image(sample.image, inputs.preprocessing, inputs.interest)
        except ImageError:
            continue  # calibration tells of it
        yield from image.inputs([image.corners[len(image.corners) // 2]])


def _evenly_chosen(items: Iterable[T], count: int, most: int) -> Iterator[T]:
    """Yield at most so many of `count` items."""
    return islice(items, 0, None, -(-count // most) or 1)

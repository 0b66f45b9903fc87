"""What a detector is given, what it does, and what it returns; bound to no training framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.progress import Progress

ScoresAndMaps: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]


class ImageSource(Protocol):
    """Normal images at the model's size; iterating again gives the same images in the same order."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every image."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:  # (H, W, 3) each, RGB
        ...


@define(frozen=True, kw_only=True)
class ScorerGraph:
    """A fitted detector, frozen.

    Attributes:
        model: an ONNX file: input `image` uint8 (N, H, W, 3); outputs `score` float32 (N,) and `anomaly_map`
            float32 (N, H, W). It is self-contained and uses the standard operators only.
        detector: the detector's name.
        size: height and width of the input.
        info: facts about the fit, ready for JSON, without paths of the machine. Two of them go into
            deployed configs, where they are given: `score_unit` and `score_reduction` say in words what
            scores measure and how they come from the map.
        reference: the training framework's own answer to uint8 images (N, H, W, 3), against which the graph
            can be checked; None where there is none. Drop it (`attrs.evolve`) to free its memory.
        state: plain numbers by name from which a later `Updatable.update` goes on; None where there is none.
    """

    model: bytes = field(repr=False)
    detector: str
    size: tuple[int, int]
    info: dict[str, Any] = field(factory=dict)
    reference: Callable[[NDArray[np.uint8]], ScoresAndMaps] | None = field(default=None, eq=False, repr=False)
    state: dict[str, NDArray[Any]] | None = field(default=None, eq=False, repr=False)


@runtime_checkable
class Detector(Protocol):
    """Hyper-parameters that can be fitted.

    A detector is an attrs class with a field `features` (a `FeaturesConfig`) and a field with a default for
    each of its own options. It is registered under the entry-point group `pyimgano.detectors`.
    """

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Learn what is normal.

        Args:
            images: normal images, at least one.
            seed: the only source of randomness; the same seed on the same machine gives the same bytes.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            progress: shows the long steps.

        Raises:
            ConfigError: the features can't be had as configured.
            MachineError: the device or a package is missing, or weights can't be fetched.
        """
        ...


@runtime_checkable
class Updatable(Protocol):
    """A detector that learns from further images without the old ones."""

    def update(
        self,
        state: Mapping[str, NDArray[Any]],
        images: ImageSource,
        *,
        seed: int,
        device: str,
        progress: Progress,
    ) -> ScorerGraph:
        """Return what a fit on the old images and `images` together gives, up to rounding.

        Args:
            state: of the graph of an earlier fit or update with the same hyper-parameters, size and seed.
            images: further normal images, at least one.
            seed: that of the fit.
            device: as in `Detector.fit`.
            progress: shows the long steps.

        Raises:
            ArtifactError: the state is none of this detector's, or of other features.
            ConfigError: the features can't be had as configured.
            DataError: there are no images.
            MachineError: the device or a package is missing, or weights can't be fetched.
        """
        ...


@define(frozen=True, kw_only=True)
class MemoryEstimate:
    """What a fit is going to need, in units of 2^20 bytes.

    Attributes:
        fit_mb: the most memory that the fitting process holds at a time, the libraries' own included; on a
            CUDA device a part of it is the device's.
        model_mb: size of the scorer graph.
        words: the same in words, with what it depends on.
    """

    fit_mb: float
    model_mb: float
    words: str


@runtime_checkable
class MemoryPredicting(Protocol):
    """A detector that says before a fit how much memory it takes."""

    def predict_memory(self, image_count: int, size: tuple[int, int]) -> MemoryEstimate:
        """Return the memory of a fit.

        Args:
            image_count: how many images it is going to get.
            size: their height and width.

        Raises:
            ConfigError: the features can't be had as configured.
            MachineError: a package that fitting needs is missing.
        """
        ...

"""What a command line asks for, and what of it is refused before anything is scored."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import define

from pyimgano_core.contracts.image_file import ImageFile, RemoteFile, image_file
from pyimgano_core.errors import MachineError, UsageError
from pyimgano_infer._config import listed, require_one
from pyimgano_infer._products import Kept, MapFormat, MapSize, Outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyimgano_infer._inputs import Source
    from pyimgano_infer._thresholds import Thresholds


@define(frozen=True, kw_only=True)
class Request:
    """What the command line asks for."""

    config_path: Path
    arguments: tuple[str, ...]
    category: str | None = None
    root: ImageFile | None = None
    output: Path | None = None
    summary: Path | None = None
    csv: Path | None = None
    parts: Path | None = None
    maps: Path | None = None
    map_format: MapFormat | None = None
    map_size: MapSize | None = None
    masks: Path | None = None
    rle: bool = False
    overlays: Path | None = None
    keep: Kept | None = None
    regions: bool = False
    threshold: float | None = None
    review_threshold: float | None = None
    fail_on_anomaly: bool = False
    device: Literal["cpu", "cuda", "tensorrt", "openvino", "auto"] = "cpu"
    workers: int | None = None
    null: bool = False
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    num_shards: int | None = None
    shard_index: int | None = None
    watch: Path | None = None
    interval: float | None = None
    settle: float | None = None

    @property
    def outputs(self) -> Outputs:
        """What is kept beside the lines."""
        return Outputs(
            folder=Path() if self.output is None else self.output.parent,
            maps=self.maps,
            map_format=self.map_format or "npy",
            map_size=self.map_size or "image",
            masks=self.masks,
            rle=self.rle,
            overlays=self.overlays,
            regions=self.regions,
            keep=self.keep or "all",
        )

    @property
    def folders(self) -> dict[str, Path]:
        """The folders of results, by option."""
        given = {"--maps": self.maps, "--masks": self.masks, "--overlays": self.overlays}
        return {option: folder for option, folder in given.items() if folder is not None}

    @property
    def flagged(self) -> tuple[str, ...]:
        """The options that give the pixels that the pixel threshold flags."""
        given = {"--masks": self.masks, "--rle": self.rle, "--regions": self.regions}
        return tuple(option for option, value in given.items() if value)

    @property
    def files(self) -> dict[str, Path]:
        """The files of results, by option."""
        given = {
            "--output": self.output,
            "--summary": self.summary,
            "--csv": self.csv,
            "--parts": self.parts,
        }
        return {option: file for option, file in given.items() if file is not None}


def check_request(request: Request, sources: tuple[Source, ...], names: tuple[str, ...]) -> None:
    """Refuse what can be seen to fail before a checkpoint is looked at.

    Args:
        request: the request.
        sources: its inputs.
        names: the categories in play.

    Raises:
        MachineError: a package is missing.
        UsageError: the request can't be met.
    """
    given = {"--threshold": request.threshold, "--review-threshold": request.review_threshold}
    values = {option: value for option, value in given.items() if value is not None}
    for option, value in values.items():
        if not math.isfinite(value):
            raise UsageError(f"{option} {value}: must be a finite number")
    if values or any(source.kind != "manifest" for source in sources):
        require_one(names)
    if request.regions:
        _need_regions("--regions needs")
    for place in (request.root, *(image_file(source.text) for source in sources)):
        if isinstance(place, RemoteFile):
            _need_packages(place)
    _check_useful(request)
    if request.watch is not None:
        _check_watch(request, request.watch)


def _need_packages(place: RemoteFile) -> None:
    from pyimgano_core.images.remote import require_packages  # noqa: PLC0415 - only addresses need it

    require_packages(place)


def _check_useful(request: Request) -> None:
    """An option that would do nothing is refused: it was meant to do something."""
    useless = {
        "--map-format": (request.map_format and not request.maps, "--maps"),
        "--map-size": (request.map_size and not request.maps, "--maps"),
        "--keep": (request.keep and not request.folders, "--maps, --masks or --overlays"),
        "--interval": (request.interval is not None and not request.watch, "--watch"),
        "--settle": (request.settle is not None and not request.watch, "--watch"),
    }
    for option, (is_useless, needed) in useless.items():
        if is_useless:
            raise UsageError(f"{option} does nothing without {needed}")


def _check_watch(request: Request, folder: Path) -> None:
    """Refuse what does not go with images that come one by one, without an end."""
    given = {
        "INPUT": bool(request.arguments),
        "--null": request.null,
        "--root": request.root is not None,
        "--csv": request.csv is not None,
        "--parts": request.parts is not None,
        "--fail-on-anomaly": request.fail_on_anomaly,
        "--engine ray": request.engine != "local",
        "--num-shards": request.num_shards is not None,
        "--shard-index": request.shard_index is not None,
    }
    ignored = [option for option, is_given in given.items() if is_given]
    if ignored:
        raise UsageError(f"--watch scores what comes into its folder: leave out {', '.join(ignored)}")
    if request.output is None:
        raise UsageError("--watch needs --output FILE, in which it finds again what it has scored")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--watch {str(folder)!r}: is no folder")


def _need_regions(what: str) -> None:
    if find_spec("skimage") is None:
        raise MachineError(f"{what} scikit-image: pip install 'pyimgano-infer[regions]'")


def check_thresholds(request: Request, thresholds: Mapping[str, Thresholds]) -> None:
    """Refuse what does not go with the thresholds of the categories in play.

    Raises:
        MachineError: a package is missing.
        UsageError: the request can't be met.
    """
    without = [name for name, found in thresholds.items() if found.image is None]
    if request.fail_on_anomaly and without:
        raise UsageError(
            f"--fail-on-anomaly needs a threshold, and {listed(without)} has none; give one with --threshold"
        )
    if request.review_threshold is not None:
        _check_review(request.review_threshold, next(iter(thresholds.values())).image)
    wanted = [*request.flagged, *(["--overlays"] if request.overlays else [])]
    if wanted and any(found.minimum_area > 1 for found in thresholds.values()):
        _need_regions(f"{wanted[0]} with a minimum area needs")


def _check_review(review: float, threshold: float | None) -> None:
    where = f"--review-threshold {review:.9g}"
    if threshold is None:
        raise UsageError(f"{where}: the category has no threshold; give one with --threshold")
    if review >= threshold:
        raise UsageError(f"{where}: must be below the threshold, which is {threshold:.9g}")

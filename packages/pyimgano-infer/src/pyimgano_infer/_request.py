"""What a command line asks for, and what of it is refused before anything is scored."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.errors import MachineError, UsageError
from pyimgano_infer._config import listed
from pyimgano_infer._models import require_one

if TYPE_CHECKING:
    from pyimgano_infer._inputs import Source
    from pyimgano_infer._models import Models


@define(frozen=True, kw_only=True)
class Request:
    """What the command line asks for."""

    config_path: Path
    arguments: tuple[str, ...]
    category: str | None = None
    root: Path | None = None
    output: Path | None = None
    summary: Path | None = None
    maps: Path | None = None
    overlays: Path | None = None
    regions: bool = False
    threshold: float | None = None
    review_threshold: float | None = None
    fail_on_anomaly: bool = False
    workers: int | None = None


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
    for source in sources:
        _check_apart(request, source)


def _need_regions(what: str) -> None:
    if find_spec("skimage") is None:
        raise MachineError(f"{what} scikit-image: pip install 'pyimgano-infer[regions]'")


def _check_apart(request: Request, source: Source) -> None:
    """No result may overwrite an input, or be found as one."""
    path = Path(source.text)
    if source.kind == "folder":
        for option, folder in (("--overlays", request.overlays), ("--maps", request.maps)):
            if folder is not None and folder.resolve().is_relative_to(path.resolve()):
                raise UsageError(f"{option} {str(folder)!r} is inside the input folder {source.text!r}")
    for option, result in (("--output", request.output), ("--summary", request.summary)):
        if result is not None and _same_file(result, path):
            raise UsageError(f"{option} {str(result)!r} is also an input; choose another")


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def check_thresholds(request: Request, models: Models) -> None:
    """Refuse what does not go with the thresholds of the categories in play.

    Raises:
        MachineError: a package is missing.
        UsageError: the request can't be met.
    """
    without = [name for name, found in models.thresholds.items() if found.image is None]
    if request.fail_on_anomaly and without:
        raise UsageError(
            f"--fail-on-anomaly needs a threshold, and {listed(without)} has none; give one with --threshold"
        )
    if request.review_threshold is not None:
        _check_review(request.review_threshold, models.thresholds[models.names[0]].image)
    filtered = any(found.minimum_area > 1 for found in models.thresholds.values())
    if request.overlays is not None and filtered:
        _need_regions("--overlays with a minimum area needs")


def _check_review(review: float, threshold: float | None) -> None:
    where = f"--review-threshold {review:.9g}"
    if threshold is None:
        raise UsageError(f"{where}: the category has no threshold; give one with --threshold")
    if review >= threshold:
        raise UsageError(f"{where}: must be below the threshold, which is {threshold:.9g}")

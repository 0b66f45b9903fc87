"""The models of a config, each loaded when it is needed and its files' hashes are known to be right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.errors import ArtifactError, ImageError
from pyimgano_core.images import decode_interest
from pyimgano_core.scoring import check_self_test, open_scorer, same_kernels, version_problems
from pyimgano_infer._config import (
    EXPORT_AGAIN,
    choose_categories,
    locate_file,
    named_files,
    read_config,
    read_file,
    require_one,
)
from pyimgano_infer._predict import Model
from pyimgano_infer._thresholds import choose_thresholds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig
    from pyimgano_core.scoring import Device, Scorer


_PICKLED = (b"PK\x03\x04", b"\x80")  # how the files of torch and pickle begin, and no graph does


class Models:
    """The categories in play. All files are looked at first; a scorer is loaded when it is needed.

    Where other kernels run a graph than those of its calibration, its self-test is replayed first: a score
    means the same only where it passes.

    Attributes:
        names: the categories in play.
        thresholds: those of each, by its name.
    """

    def __init__(
        self,
        path: Path,
        config: InferConfig,
        names: tuple[str, ...],
        *,
        threshold: float | None = None,
        review_threshold: float | None = None,
        device: Device = "cpu",
    ) -> None:
        self.names = names
        self.thresholds = {
            name: choose_thresholds(config.per_category[name], threshold, review_threshold) for name in names
        }
        self._config, self._device = config, device
        self._files = {
            (name, kind): locate_file(path, name, kind, file)
            for name in names
            for kind, file in named_files(config.per_category[name]).items()
        }
        self._loaded: dict[str, Model] = {}

    def load(self, name: str) -> Model:
        """Return the model of a category in play.

        Raises:
            ArtifactError: its checkpoint or its region can't be trusted, or gives other scores on the device.
            MachineError: the device is missing.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Model:
        entry = self._config.per_category[name]
        path, thresholds = self._files[name, "checkpoint"], self.thresholds[name]
        problems = version_problems(entry.min_versions)
        if problems:
            raise ArtifactError(f"category {name!r}: {'; '.join(problems)}")
        scorer = open_checkpoint(path, read_file(path, entry.checkpoint), entry, self._device)
        _check_kernels(name, scorer, entry)
        return Model(
            category=name,
            scorer=scorer,
            preprocessing=entry.preprocessing,
            interest=self._interest(name),
            threshold=thresholds.image,
            review_threshold=thresholds.review,
            pixel_threshold=thresholds.pixel,
            minimum_area=thresholds.minimum_area,
        )

    def _interest(self, name: str) -> NDArray[np.bool_] | None:
        """Return the region of interest of a category, (h, w), or None where everything is looked at."""
        region = self._config.per_category[name].region
        if region is None:
            return None
        path = self._files[name, "region"]
        return read_region(path, read_file(path, region), name)


def open_checkpoint(path: Path, content: bytes, entry: CategoryModel, device: Device = "cpu") -> Scorer:
    """Return a category's scorer, which takes images of the size that the config says.

    Args:
        path: where the checkpoint is from.
        content: its bytes, known to be right.
        entry: the category in the config.
        device: what is to run it.

    Raises:
        ArtifactError: it can't be trusted, or takes another size.
        MachineError: the device is missing.
    """
    if content.startswith(_PICKLED):
        raise ArtifactError(f"{path}: {EXPORT_AGAIN}")
    try:
        scorer = open_scorer(content, device)
    except ArtifactError as exc:
        raise ArtifactError(f"{path}: {exc}") from exc
    if scorer.size != entry.preprocessing.resize:
        raise ArtifactError(
            f"{path}: takes images of {scorer.size}, the config resizes them to "
            f"{entry.preprocessing.resize} (height, width); export both again"
        )
    return scorer


def read_region(path: Path, content: bytes, name: str) -> NDArray[np.bool_]:
    """Return the region of interest of category `name`, (h, w).

    Raises:
        ArtifactError: the content is no mask.
    """
    try:
        return decode_interest(content, path)
    except ImageError as exc:
        raise ArtifactError(f"the region of category {name!r} can't be used: {exc}") from exc


def _check_kernels(name: str, scorer: Scorer, entry: CategoryModel) -> None:
    if entry.self_test is None or same_kernels(entry.self_test.runtime, scorer.runtime):
        return
    try:
        check_self_test(scorer, entry.self_test)
    except ArtifactError as exc:
        runtime = f"{scorer.runtime.package} ({scorer.runtime.provider})"
        raise ArtifactError(
            f"category {name!r}: {runtime} does not give the scores that the thresholds were set for: {exc}; "
            "use the device of the calibration, or calibrate on this one"
        ) from exc


def load_one(
    path: Path | str,
    category: str | None = None,
    *,
    threshold: float | None = None,
    review_threshold: float | None = None,
    device: Device = "cpu",
) -> Model:
    """Return the model of one category of the config in `path`.

    Args:
        path: the config.
        category: may be left out where the config has one.
        threshold: what takes the place of the config's.
        review_threshold: likewise.
        device: what is to run it.

    Raises:
        ArtifactError: the config or the checkpoint can't be trusted or understood.
        MachineError: the device is missing.
        UsageError: the category is missing or unknown.
    """
    path = Path(path)
    config = read_config(path)
    names = choose_categories(config, category)
    require_one(names)
    models = Models(
        path, config, names, threshold=threshold, review_threshold=review_threshold, device=device
    )
    return models.load(names[0])

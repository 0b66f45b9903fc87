"""The models of a config, each loaded when it is needed and its files' hashes are known to be right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.errors import ArtifactError, ImageError, UsageError
from pyimgano_core.images import decode_interest
from pyimgano_core.scoring import OnnxScorer
from pyimgano_infer._config import choose_categories, listed, locate_file, named_files, read_config, read_file
from pyimgano_infer._predict import Model
from pyimgano_infer._thresholds import choose_thresholds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.infer_config import InferConfig


class Models:
    """The categories in play. All files are looked at first; a scorer is loaded when it is needed.

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
    ) -> None:
        self.names = names
        self.thresholds = {
            name: choose_thresholds(config.per_category[name], threshold, review_threshold) for name in names
        }
        self._config = config
        self._files = {
            (name, kind): locate_file(path, name, kind, file)
            for name in names
            for kind, file in named_files(config.per_category[name]).items()
        }
        self._loaded: dict[str, Model] = {}

    def load(self, name: str) -> Model:
        """Return the model of a category in play.

        Raises:
            ArtifactError: its checkpoint or its region can't be trusted.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Model:
        entry = self._config.per_category[name]
        path, thresholds = self._files[name, "checkpoint"], self.thresholds[name]
        content = read_file(path, entry.checkpoint)
        try:
            scorer = OnnxScorer(content)
        except ArtifactError as exc:
            raise ArtifactError(f"{path}: {exc}") from exc
        if scorer.size != entry.preprocessing.resize:
            raise ArtifactError(
                f"{path}: takes images of {scorer.size}, the config resizes them to "
                f"{entry.preprocessing.resize} (height, width); export both again"
            )
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
        try:
            return decode_interest(read_file(path, region), path)
        except ImageError as exc:
            raise ArtifactError(f"the region of category {name!r} can't be used: {exc}") from exc


def load_one(path: Path | str, category: str | None) -> Model:
    """Return the model of one category of the config in `path`.

    Raises:
        ArtifactError: the config or the checkpoint can't be trusted or understood.
        UsageError: the category is missing or unknown.
    """
    path = Path(path)
    config = read_config(path)
    names = choose_categories(config, category)
    require_one(names)
    return Models(path, config, names).load(names[0])


def require_one(names: tuple[str, ...]) -> None:
    """Refuse to guess which of several categories is meant.

    Raises:
        UsageError: there are several.
    """
    if len(names) > 1:
        raise UsageError(
            f"the config has {len(names)} categories: choose one with --category: {listed(names)}"
        )

"""Thresholds and regions of interest of a deployed config, as in use: nothing is calibrated anew."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.errors import ArtifactError, ImageError, UsageError
from pyimgano_core.evaluation import DeployedThresholds
from pyimgano_core.images import decode_interest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@define(frozen=True, kw_only=True)
class DeployedConfig:
    """An inference config and where it was read."""

    path: Path
    config: InferConfig

    def thresholds(self, category: str, split_sha256: str | None) -> DeployedThresholds:
        """Return those of a category; a config without a pixel threshold segments nothing.

        Whether the test images were calibrated on is known where the split is that of the config's run.

        Args:
            category: its name.
            split_sha256: identifies the split that is evaluated.

        Raises:
            UsageError: the config has no such category.
        """
        model = self._model(category)
        without = Threshold(provenance=ThresholdProvenance(method="none", reason="no_pixel_threshold"))
        is_same = split_sha256 is not None and split_sha256 == model.split_fingerprint
        image, pixel, review = (
            threshold if threshold is None or is_same else _elsewhere(threshold)
            for threshold in (model.threshold, model.pixel_threshold or without, model.review_threshold)
        )
        return DeployedThresholds(image=image or without, pixel=pixel or without, review=review)

    def interest(self, category: str) -> NDArray[np.bool_] | None:
        """Return the region of interest of a category that the config has, (h, w), or None for the whole.

        Raises:
            ArtifactError: its file is missing or another.
            UsageError: the config has no such category.
        """
        region = self._model(category).region
        if region is None:
            return None
        path = self.path.parent / region.path
        try:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != region.sha256:
                raise ArtifactError(f"{path}: is not the region of interest that the config names")
            return decode_interest(content, path)
        except (OSError, ImageError) as exc:
            raise ArtifactError(f"{path}: the region of interest can't be read: {exc}") from exc

    def _model(self, category: str) -> CategoryModel:
        model = self.config.per_category.get(category)
        if model is None:
            known = ", ".join(map(repr, self.config.per_category))
            raise UsageError(
                f"{self.path}: has no category {category!r}; choose one it has with --category: {known}"
            )
        return model


def _elsewhere(threshold: Threshold) -> Threshold:
    return evolve(threshold, provenance=evolve(threshold.provenance, disjoint_from_test=None, test_rate=None))


def read_deployed(path: Path) -> DeployedConfig:
    """Return the inference config in `path`; no checkpoint and no region is opened.

    Raises:
        ArtifactError: it can't be trusted or understood.
    """
    return DeployedConfig(path=path, config=read_artifact(path, InferConfig))

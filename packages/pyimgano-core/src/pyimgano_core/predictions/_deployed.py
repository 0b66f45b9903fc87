"""The thresholds of a deployed config, as they are in use: nothing is calibrated anew."""

from __future__ import annotations

from pathlib import Path

from attrs import define

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.errors import UsageError
from pyimgano_core.evaluation import DeployedThresholds


@define(frozen=True, kw_only=True)
class DeployedConfig:
    """An inference config and where it was read."""

    path: Path
    config: InferConfig

    def thresholds(self, category: str) -> DeployedThresholds:
        """Return those of a category; a config without a pixel threshold segments nothing.

        Raises:
            UsageError: the config has no such category.
        """
        model = self.config.per_category.get(category)
        if model is None:
            known = ", ".join(map(repr, self.config.per_category))
            raise UsageError(
                f"{self.path}: has no category {category!r}; choose one it has with --category: {known}"
            )
        without = Threshold(provenance=ThresholdProvenance(method="none", reason="no_pixel_threshold"))
        return DeployedThresholds(
            image=model.threshold, pixel=model.pixel_threshold or without, review=model.review_threshold
        )


def read_deployed(path: Path) -> DeployedConfig:
    """Return the inference config in `path`; no checkpoint is opened.

    Raises:
        ArtifactError: it can't be trusted or understood.
    """
    return DeployedConfig(path=path, config=read_artifact(path, InferConfig))

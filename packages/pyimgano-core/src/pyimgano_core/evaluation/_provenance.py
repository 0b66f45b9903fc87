"""What a threshold's provenance holds of the run that its scores come from, whatever its method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.environment import installed_versions

if TYPE_CHECKING:
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.evaluation._thresholds import DeployedThresholds

_OF_MAPS = {
    "map_maximum": "largest value of the image's anomaly map",
    "region_maximum": "highest level at which the image's anomaly map has a region of the minimum area",
}
_PACKAGES = ("pyimgano-core", "numpy", "pillow")


@define(frozen=True, kw_only=True)
class ScoringFacts:
    """What the scores of calibration images depend on, and thus the thresholds.

    Attributes:
        checkpoint_sha256: identifies the graph.
        runtime: what ran it.
        score_reduction: how the detector gets a score from its map.
        calibration_sha256: identifies the images by content.
        split_sha256: identifies the split that they are of, where there is one.
        seed: that of the run, where they were drawn by one.
    """

    checkpoint_sha256: str
    runtime: Runtime
    score_reduction: str | None
    calibration_sha256: str | None
    split_sha256: str | None = None
    seed: int | None = None


def with_scoring_facts(thresholds: DeployedThresholds, facts: ScoringFacts) -> DeployedThresholds:
    """Return the thresholds with these facts in each provenance."""
    installed = installed_versions()
    known = {name: version for name in _PACKAGES if (version := installed[name]) is not None}
    versions = dict(sorted({**known, facts.runtime.package: facts.runtime.version}.items()))

    def document(threshold: Threshold) -> Threshold:
        origin = threshold.provenance
        provenance = evolve(
            origin,
            split_sha256=facts.split_sha256,
            calibration_sha256=facts.calibration_sha256,
            checkpoint_sha256=facts.checkpoint_sha256,
            score_reduction=_OF_MAPS.get(origin.score_source, facts.score_reduction),
            seed=facts.seed,
            versions=versions,
        )
        return evolve(threshold, provenance=provenance)

    return thresholds.each(document)

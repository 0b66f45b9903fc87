"""What a threshold's provenance holds of the run that it comes from, whatever its method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.environment import installed_versions
from pyimgano_core.evaluation import DeployedThresholds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.detectors import ScorerGraph

_OF_MAPS = {
    "map_maximum": "largest value of the image's anomaly map",
    "region_maximum": "highest level at which the image's anomaly map has a region of the minimum area",
}
_SCORING_PACKAGES = ("pyimgano-core", "numpy", "onnxruntime", "pillow")


@define(frozen=True, kw_only=True)
class RunFacts:
    """The facts of a run that its thresholds depend on."""

    split_sha256: str
    calibration_sha256: str | None
    score_reduction: str | None
    seed: int


def run_facts(split: CategorySplit, hashes: Mapping[Path, str], graph: ScorerGraph, seed: int) -> RunFacts:
    """Return the facts of a run of a category, from the hashes of its files and the graph of its fit."""
    contents = [hashes.get(sample.image, "missing") for sample in split.calibration]
    return RunFacts(
        split_sha256=fingerprint(split, hashes).sha256,
        calibration_sha256=contents_sha256(contents) if contents else None,
        score_reduction=graph.info.get("score_reduction"),
        seed=seed,
    )


def with_run_facts(
    thresholds: DeployedThresholds, facts: RunFacts, *, checkpoint_sha256: str
) -> DeployedThresholds:
    """Return the thresholds of a checkpoint with the facts of their run in each provenance."""
    review = thresholds.review
    return DeployedThresholds(
        image=_document(thresholds.image, facts, checkpoint_sha256),
        pixel=_document(thresholds.pixel, facts, checkpoint_sha256),
        review=None if review is None else _document(review, facts, checkpoint_sha256),
    )


def _document(threshold: Threshold, facts: RunFacts, checkpoint_sha256: str) -> Threshold:
    provenance = threshold.provenance
    is_image = provenance.score_source == "image_score"
    versions = installed_versions()
    return evolve(
        threshold,
        provenance=evolve(
            provenance,
            split_sha256=facts.split_sha256,
            calibration_sha256=facts.calibration_sha256,
            checkpoint_sha256=checkpoint_sha256,
            score_reduction=facts.score_reduction if is_image else _OF_MAPS[provenance.score_source],
            seed=facts.seed,
            versions={name: version for name in _SCORING_PACKAGES if (version := versions[name]) is not None},
        ),
    )

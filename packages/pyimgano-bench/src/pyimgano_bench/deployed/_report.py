"""The report that training would write of an artifact's results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.environment import describe_environment
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline import summarize_split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyimgano_bench.deployed._artifact import Artifact
    from pyimgano_core.contracts.evaluation import EvaluationReport
    from pyimgano_core.preparation import PreparedCategory


def make_report(
    artifact: Artifact, category: PreparedCategory, hashes: Mapping[Path, str], report: EvaluationReport
) -> CategoryReport:
    """Return the report of a category; paths in it start from the config's folder.

    Args:
        artifact: what was measured.
        category: on what.
        hashes: those of the data set's files.
        report: what its lines are worth.
    """
    name = category.split.category
    model, found = artifact.model(name), report.per_category[name]
    return CategoryReport(
        category=name,
        slug=category_slug(name),
        dataset_summary=evolve(summarize_split(category.split), failed_count=len(found.failures)),
        split_fingerprint=fingerprint(category.split, hashes),
        pixel_metrics_status=found.pixel_metrics_status,
        threshold=found.threshold,
        pixel_threshold=found.pixel_threshold,
        review_threshold=found.review_threshold,
        results=found.results,
        checkpoint=model.checkpoint,
        preprocessing=model.preprocessing,
        self_test=artifact.self_test(name),
        detector={"name": artifact.detector},
        environment=describe_environment(),
        failures=found.failures,
        issues=report.issues,
        region=model.region,
        reference=model.reference,
    )

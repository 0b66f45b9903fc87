"""The report of a category's run, and what deployment takes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.contracts.infer_config import CategoryModel
from pyimgano_core.contracts.report import CategoryReport, DatasetSummary
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.environment import describe_environment
from pyimgano_core.manifest import category_slug

if TYPE_CHECKING:
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.pipeline._files import CategoryFiles
    from pyimgano_core.pipeline._fit import Fitted
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.pipeline._measure import Measured
    from pyimgano_core.preparation import Prepared, PreparedCategory


def make_report(
    category: PreparedCategory,
    prepared: Prepared,
    *,
    inputs: CategoryInputs,
    fitted: Fitted,
    exact: Measured,
    int8: Measured | None,
    files: CategoryFiles,
) -> CategoryReport:
    """Return the report of a category; the same run gives the same report, byte for byte.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        inputs: what stands before the graph.
        fitted: the fit.
        exact: what its graph is worth.
        int8: what the 8-bit variant is worth, where there is one.
        files: those of the category.
    """
    name, graph, own = category.split.category, fitted.graph, exact.variant
    failures = (*fitted.failures, *exact.failures)
    facts = {key: value for key, value in graph.info.items() if key != "seconds"}  # reports repeat exactly
    return CategoryReport(
        category=name,
        slug=category_slug(name),
        dataset_summary=evolve(summarize_split(category.split), failed_count=len(failures)),
        split_fingerprint=fingerprint(category.split, prepared.hashes),
        pixel_metrics_status=category.gate,
        threshold=own.threshold,
        pixel_threshold=own.pixel_threshold,
        review_threshold=own.review_threshold,
        results=own.results,
        checkpoint=own.checkpoint,
        preprocessing=inputs.preprocessing,
        self_test=own.self_test,
        detector={"name": graph.detector, **facts},
        environment=describe_environment(),
        failures=failures,
        issues=tuple(issue for issue in prepared.issues if issue.category == name),
        region=files.region,
        train_tiles=fitted.tiles,
        state=files.state,
        parity=fitted.parity,
        int8=None if int8 is None else int8.variant,
        deciding_image=exact.deciding,
        reference=own.reference,
    )


def int8_report(report: CategoryReport) -> CategoryReport | None:
    """Return a category's report as that of its 8-bit graph, or None where there is none."""
    variant = report.int8
    if variant is None:
        return None
    return evolve(
        report,
        checkpoint=variant.checkpoint,
        threshold=variant.threshold,
        pixel_threshold=variant.pixel_threshold,
        review_threshold=variant.review_threshold,
        results=variant.results,
        self_test=variant.self_test,
        int8=None,
        deciding_image=None,  # that of the graph itself: a variant keeps no lines to tell its own from
        reference=variant.reference,
    )


def category_model(report: CategoryReport, run: str) -> CategoryModel:
    """Return what deployment needs of a category's report.

    Args:
        report: the category's; its files stand in the run directory.
        run: the run directory, as paths are to be written, such as `..`.
    """
    region = report.region
    return CategoryModel(
        checkpoint=evolve(report.checkpoint, path=f"{run}/{report.checkpoint.path}"),
        preprocessing=report.preprocessing,
        threshold=report.threshold,
        pixel_threshold=report.pixel_threshold,
        self_test=report.self_test,
        split_fingerprint=report.split_fingerprint.sha256,
        review_threshold=_band(report.review_threshold),
        region=None if region is None else evolve(region, path=f"{run}/{region.path}"),
        score_unit=report.detector.get("score_unit"),
        reference=report.reference,
    )


def _band(review: Threshold | None) -> Threshold | None:
    """Return what begins the review band, or None for a band without width."""
    return review if review is not None and review.value is not None else None


def summarize_split(split: CategorySplit) -> DatasetSummary:
    """Return a category's counts."""
    anomalies = sum(sample.record.label for sample in split.test)
    return DatasetSummary(
        train_count=len(split.train),
        calibration_count=len(split.calibration),
        test_count=len(split.test),
        test_anomaly_count=anomalies,
        test_anomaly_ratio=anomalies / len(split.test) if split.test else None,
        group_conflicts_allowed=split.group_conflicts,
    )

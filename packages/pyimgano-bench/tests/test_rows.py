from pathlib import Path

import pytest
from attrs import evolve

from pyimgano_bench.cell import BenchCell
from pyimgano_bench.rows import IMAGE_METRICS, PIXEL_METRICS, make_row
from pyimgano_core.contracts.config import (
    DatasetConfig,
    FeaturesConfig,
    ModelConfig,
    ReviewConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.contracts.metric import Interval
from pyimgano_core.metrics import observed_rate
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress


@pytest.fixture
def report_of():
    """Run the category of a manifest."""

    def run(manifest, threshold=None):
        config = RunConfig(
            dataset=DatasetConfig(manifest_path=str(manifest), resize=(64, 64)),
            model=ModelConfig(name="padim", features=FeaturesConfig(backbone="filters")),
            threshold=threshold or ThresholdConfig(),
        )
        prepared = prepare_dataset(config, Path(), SilentProgress())
        return run_category(prepared.categories[0], prepared, config, Path(), SilentProgress()).report

    return run


def row_of(report):
    cell = BenchCell(key="k", detector="p", dataset="d", category="c", seed=0, status="ok", report=report)
    return make_row(cell)


def test_a_row_holds_what_the_report_says(maker, report_of):
    maker.add_category("bolt", train=20)
    review = ReviewConfig(method="quantile", quantile=0.5)
    report = report_of(maker.write(), ThresholdConfig(method="quantile", review=review))
    row, results = row_of(report), report.results
    pixel, certificate = results.pixel_metrics, report.threshold.provenance.certificate
    assert results.false_alarm_rate == observed_rate(row.false_alarms, row.normal_count)
    assert results.miss_rate == observed_rate(row.misses, row.anomaly_count)
    assert (row.miss_rate_low, row.miss_rate_high) == (
        results.miss_rate.interval.low,
        results.miss_rate.interval.high,
    )
    assert (row.aupro_low, row.aupro_high) == (pixel.intervals["aupro"].low, pixel.intervals["aupro"].high)
    assert (row.aupimo, row.tpr_at_fpr) == (pixel.aupimo, results.operating_points["tpr_at_fpr"].value)
    assert ("quantile", certificate.level) == (row.threshold_method, row.certified_level)
    assert (row.review_normal, row.review_anomalous) == (
        results.review.normal.count,
        results.review.anomalous.count,
    )
    assert row.reviews == row.review_normal + row.review_anomalous
    assert (row.aupro_limit, row.saturation) == (pixel.aupro_limit, None)


def test_the_parts_of_a_fit_are_counted_once_and_its_export_is_the_whole_s(maker, report_of):
    maker.add_category("bolt", train=20)
    cell = BenchCell(
        key="k",
        detector="p",
        dataset="d",
        category="c",
        seed=0,
        status="ok",
        report=report_of(maker.write()),
        seconds={"fit": 3.0, "fit.features": 0.9, "fit.export": 2.0, "calibrate": 0.25, "int8.evaluate": 0.5},
    )
    row = make_row(cell)
    assert (1.0, 3.75) == (row.fit_seconds, row.total_seconds)


def test_image_auroc_has_delong_s_interval_or_else_one_that_says_anything(one_category, report_of):
    report = report_of(one_category)
    exact, wide = (Interval(low=low, high=1.0, level=0.95) for low in (0.8, 0.7))
    undefined = Interval(level=0.95, reason="zero_variance")
    rows = [
        row_of(evolve(report, results=evolve(report.results, auroc_delong=each, intervals={"auroc": other})))
        for each, other in ((exact, wide), (undefined, wide), (undefined, undefined))
    ]
    expected = [(0.8, 1.0), (0.7, 1.0), (None, None)]
    assert expected == [(row.image_auroc_low, row.image_auroc_high) for row in rows]


def test_without_anomalies_the_rates_of_an_inspection_line_say_why(maker, report_of):
    maker.add_category("bolt", anomalies=0)
    row = row_of(report_of(maker.write()))
    assert (None, "no_positives") == (row.tpr_at_fpr, row.reasons["tpr_at_fpr"])
    assert (0, 0, None) == (row.misses, row.anomaly_count, row.miss_rate)


def test_without_a_threshold_there_are_no_rates(maker, report_of):
    maker.add_category("bolt", train=1)
    row = row_of(report_of(maker.write()))
    assert (None, None, None) == (row.false_alarms, row.false_alarm_rate, row.reviews)
    assert "no_calibration_images" == row.reasons["threshold"]


def test_every_metric_has_the_interval_of_the_report(one_category, report_of):
    report = report_of(one_category)
    row, results = row_of(report), report.results
    found = {**results.intervals, **results.pixel_metrics.intervals, "auroc": results.auroc_interval}
    assert 0.95 == row.interval_level
    for name, source in (IMAGE_METRICS | PIXEL_METRICS).items():
        interval = found.get(source)
        ends = (None, None) if interval is None else (interval.low, interval.high)
        assert ends == (getattr(row, f"{name}_low"), getattr(row, f"{name}_high"))
    assert row.pixel_auroc_low < row.pixel_auroc < row.pixel_auroc_high


def test_a_row_of_a_trial_says_so():
    cell = BenchCell(key="k", detector="p", dataset="d", category="c", seed=0, status="failed", trial=6)
    assert 6 == make_row(cell).trial

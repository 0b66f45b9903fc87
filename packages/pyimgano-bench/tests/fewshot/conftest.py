"""Rows of a study that never ran, for means, tables and pictures."""

import pytest

from pyimgano_bench.fewshot._measure import FewShotRow
from pyimgano_bench.fewshot._summary import FewShotResults, summarize


@pytest.fixture
def row_of():
    def make(**changes):
        values = {
            "dataset": "parts",
            "category": "bolt",
            "detector": "padim",
            "seed": 0,
            "draw": 0,
            "count": 4,
            "train_count": 3,
            "calibration_count": 1,
            "image_auroc": 0.9,
            "pixel_auroc": 0.95,
            "aupro": 0.8,
            "pixel_note": None,
            "threshold": 1.0,
            "threshold_method": "quantile",
            "threshold_note": None,
            "false_alarms": 1,
            "normal_count": 10,
            "misses": 3,
            "anomaly_count": 20,
            "failed_count": 0,
            "fit_seconds": 1.0,
        }
        return FewShotRow(**(values | changes))

    return make


@pytest.fixture
def results_of():
    def make(rows, trial=None):
        return FewShotResults(
            timestamp_utc="2026-01-01T00:00:00+00:00",
            pyimgano_version="0",
            trial=trial,
            rows=tuple(rows),
            points=summarize(rows),
            notes=("a|note",),
        )

    return make

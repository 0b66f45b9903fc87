"""Results of a study that never ran, for tables and pictures."""

import pytest

from pyimgano_bench.robustness._corruptions import SEVERITIES
from pyimgano_bench.robustness._measure import Disturbed
from pyimgano_bench.robustness._summary import RobustnessResults, summarize

STATES = [("clean", 0), *((kind, severity) for kind in ("shot_noise", "shift") for severity in SEVERITIES)]


@pytest.fixture
def results_of():
    """Makes results with one category of each data set; each severity has one more false alarm."""

    def make(datasets=("parts",), detectors=("padim",), trial=None, **changes):
        values = {"threshold": 1.0, "auroc": 0.9, "misses": 3, "reviews": 0} | changes
        rows = tuple(
            Disturbed(
                dataset=dataset,
                category="bolt",
                detector=detector,
                seed=0,
                kind=kind,
                severity=severity,
                threshold_note=None,
                normal_count=10,
                anomaly_count=20,
                false_alarms=None if values["threshold"] is None else severity,
                failed_count=0,
                trial=trial,
                **values,
            )
            for dataset in datasets
            for detector in detectors
            for kind, severity in STATES
        )
        return RobustnessResults(
            timestamp_utc="2026-01-01T00:00:00+00:00",
            pyimgano_version="0",
            trial=trial,
            rows=rows,
            summary=summarize(rows),
            constants={},
            notes=("a|note",),
        )

    return make

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.runner import run_preflight

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set"),
]


def check(name, **policy):
    folder = Path(os.environ["PYIMGANO_REAL_DATA"]) / name
    dataset = {"manifest_path": "manifest.jsonl", "split_policy": policy}
    return run_preflight(structure_config({"dataset": dataset}, RunConfig), folder, SilentProgress())


def test_cookies_have_no_errors_and_partial_masks():
    report = check("cookies")
    assert report.summary["by_code"] == {"PF502": 1, "PF710": 1, "PF712": 1}
    assert report.summary["by_severity"]["error"] == 0
    (category,) = report.categories
    assert (category.mask_count, category.test_anomaly_count) == (32, 40)


def test_aliens_have_no_errors_and_no_masks():
    report = check("aliens")
    assert report.summary["by_code"] == {"PF710": 1, "PF712": 1}
    assert report.categories[0].pixel_metrics_status.reason == "no_masks"


def test_ballscrews_share_positions_between_train_and_test():
    report = check("ballscrew_pitting")
    assert report.summary["by_severity"]["error"] == report.summary["by_code"]["PF606"] == 7


def test_ballscrews_have_no_errors_where_shared_positions_are_allowed():
    report = check("ballscrew_pitting", group_conflict="allow")
    assert report.summary["by_severity"]["error"] == 0
    assert report.categories[0].pixel_metrics_status.enabled

"""The suites that are shipped under `configs/` can be read and mean what their comments say."""

from pathlib import Path

import pytest

from pyimgano_bench.suite import load_suite, run_config

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("suite-*.toml")), ids=lambda path: path.name)
def test_every_run_of_a_shipped_suite_has_a_valid_config(path):
    suite = load_suite(path)
    configs = [
        run_config(suite, dataset, detector, seed, {})
        for dataset in suite.datasets
        for detector in suite.detectors
        for seed in suite.seeds
    ]
    assert {entry.label for entry in suite.detectors} == {config.model.name for config in configs}


def test_the_demo_suite_needs_no_download():
    suite = load_suite(CONFIGS / "suite-demo.toml")
    config = run_config(suite, suite.datasets[0], suite.detectors[0], 0, {})
    assert ("demo", "filters", None) == (
        config.dataset.name,
        config.model.features.backbone,
        config.model.features.weights,
    )

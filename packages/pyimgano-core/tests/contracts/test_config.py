from typing import get_args

import attrs
import pytest

from pyimgano_core.contracts import config as module
from pyimgano_core.contracts.config import (
    DatasetConfig,
    DatasetName,
    EvaluationConfig,
    FeaturesConfig,
    RunConfig,
    SplitPolicy,
    ThresholdConfig,
)
from pyimgano_core.contracts.structuring import StructuringError, structure, unstructure


def problems_of(document):
    with pytest.raises(StructuringError) as caught:
        structure(document, RunConfig, known_only=True)
    return list(caught.value.problems)


def test_the_module_exports_its_contracts_alone():
    contracts = {name for name, value in vars(module).items() if isinstance(value, type) and attrs.has(value)}
    assert contracts == set(module.__all__)


def test_an_empty_document_is_the_default_run():
    assert RunConfig() == structure({}, RunConfig, known_only=True)


def test_the_defaults_survive_being_written_and_read():
    assert RunConfig() == structure(unstructure(RunConfig()), RunConfig, known_only=True)


@pytest.mark.parametrize("name", get_args(DatasetName))
def test_every_named_dataset_is_accepted(name):
    assert name == structure({"dataset": {"name": name}}, RunConfig, known_only=True).dataset.name


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"seed": -1}, "$.seed"),
        ({"seed": 2**63}, "$.seed"),
        ({"dataset": {"category": ""}}, "$.dataset.category"),
        ({"dataset": {"name": "mvtek"}}, "$.dataset.name"),
        ({"dataset": {"resize": [31, 256]}}, "$.dataset.resize"),
        ({"dataset": {"resize": [256, 4097]}}, "$.dataset.resize"),
        ({"dataset": {"resize": 256}}, "$.dataset.resize"),
        ({"dataset": {"sixteen_bit_range": [0, 65536]}}, "$.dataset.sixteen_bit_range"),
        ({"dataset": {"sixteen_bit_range": [7, 7]}}, "$.dataset.sixteen_bit_range"),
        ({"dataset": {"split_policy": {"mode": "other"}}}, "$.dataset.split_policy.mode"),
        ({"dataset": {"split_policy": {"seed": -1}}}, "$.dataset.split_policy.seed"),
        (
            {"dataset": {"split_policy": {"test_normal_fraction": 0}}},
            "$.dataset.split_policy.test_normal_fraction",
        ),
        (
            {"dataset": {"split_policy": {"calibration_fraction": 1}}},
            "$.dataset.split_policy.calibration_fraction",
        ),
        ({"model": {"name": ""}}, "$.model.name"),
        ({"model": {"features": {"layers": []}}}, "$.model.features.layers"),
        ({"threshold": {"quantile": 0}}, "$.threshold.quantile"),
        ({"threshold": {"quantile": 1.01}}, "$.threshold.quantile"),
        ({"threshold": {"method": "fixed"}}, "$.threshold.value"),
        ({"threshold": {"value": 1.0}}, "$.threshold.value"),
        ({"threshold": {"pixel_value": 1.0}}, "$.threshold.pixel_value"),
        ({"model": {"device": "gpu"}}, "$.model.device"),
        ({"model": {"device": "cuda:"}}, "$.model.device"),
        ({"evaluation": {"aupro_limit": 0}}, "$.evaluation.aupro_limit"),
        ({"evaluation": {"pixel_subset": "some"}}, "$.evaluation.pixel_subset"),
        ({"ouput": {}}, "$.ouput"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_by_its_key(document, key):
    assert [key] == [problem.partition(":")[0] for problem in problems_of(document)]


def test_the_borders_are_accepted():
    document = {
        "seed": 2**63 - 1,
        "dataset": {"resize": [32, 4096], "sixteen_bit_range": [0, 1]},
        "threshold": {"quantile": 1},
        "evaluation": {"aupro_limit": 1},
    }
    expected = RunConfig(
        seed=2**63 - 1,
        dataset=DatasetConfig(resize=(32, 4096), sixteen_bit_range=(0, 1)),
        threshold=ThresholdConfig(quantile=1.0),
        evaluation=EvaluationConfig(aupro_limit=1.0),
    )
    assert expected == structure(document, RunConfig, known_only=True)


def test_the_defaults_need_no_download_and_allow_no_leak():
    assert FeaturesConfig(backbone="filters", weights=None) == RunConfig().model.features
    policy = SplitPolicy(group_conflict="error", leakage="error")
    assert policy == RunConfig().dataset.split_policy


def test_every_refused_value_is_told_at_once():
    document = {
        "seed": -1,
        "recipe": 3,
        "dataset": {"resize": [1, 2], "category": "", "categry": "x", "split_policy": {"seed": -1}},
        "threshold": {"quantile": 2, "method": "fixed"},
    }
    assert {
        "$.seed",
        "$.recipe",
        "$.dataset.resize",
        "$.dataset.category",
        "$.dataset.categry",
        "$.dataset.split_policy.seed",
        "$.threshold.quantile",
    } == {problem.partition(":")[0] for problem in problems_of(document)}
    assert 7 == len(problems_of(document))


def test_the_tail_of_evt_holds_its_alpha_in_the_review_band_too():
    problem = "must be above 'alpha' (0.1) with method = \"evt\", not 0.05"
    assert [f"$.threshold.review.tail_fraction: {problem}"] == problems_of(
        {"threshold": {"review": {"method": "evt", "tail_fraction": 0.05}}}
    )
    structure({"threshold": {"review": {"method": "evt"}}}, RunConfig, known_only=True)


def test_a_fixed_review_band_has_a_width():
    threshold = {"method": "fixed", "value": 0.5, "review": {"method": "fixed", "value": 0.5}}
    assert ["$.threshold.review: must begin below 'value' (0.5), not at 0.5"] == problems_of(
        {"threshold": threshold}
    )

from pathlib import Path

import pytest
from attrs import evolve

from pyimgano_bench.plan import find_categories, make_plan
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.errors import ConfigError, UsageError

FILTERS = {"model": {"features": {"backbone": "filters"}}}


@pytest.fixture
def suite(manifest):
    return Suite(
        detectors=(
            DetectorEntry(label="p", model={"name": "padim"}),
            DetectorEntry(label="c", model={"name": "patchcore"}),
        ),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(manifest)}),),
        seeds=(0, 5),
    )


def test_every_detector_meets_every_category_under_every_seed(suite):
    plan = make_plan(suite, FILTERS, Path())
    assert [("parts", 0), ("parts", 5)] == [(round_.dataset, round_.seed) for round_ in plan.rounds]
    assert {("bolt", "nut")} == {round_.categories for round_ in plan.rounds}
    assert [(0, "padim"), (0, "patchcore"), (5, "padim"), (5, "patchcore")] == [
        (contender.config.seed, contender.config.model.name)
        for round_ in plan.rounds
        for contender in round_.contenders
    ]
    assert 8 == plan.cell_count


def test_a_single_category_is_loaded_alone_as_training_does(suite):
    plan = make_plan(evolve(suite, categories=("nut",)), FILTERS, Path())
    assert ("nut",) == plan.rounds[0].categories
    assert "nut" == plan.rounds[0].config.dataset.category


def test_a_data_set_may_limit_itself(suite, manifest):
    limited = DatasetEntry(label="bolts", dataset={"manifest_path": str(manifest), "category": "bolt"})
    plan = make_plan(evolve(suite, datasets=(*suite.datasets, limited), seeds=(0,)), FILTERS, Path())
    assert [("bolt", "nut"), ("bolt",)] == [round_.categories for round_ in plan.rounds]


@pytest.mark.parametrize(
    ("categories", "overrides", "message"),
    [
        (("bold",), {}, r"\$\.categories: 'bold' is none of 'bolt', 'nut'"),
        ((), {"dataset": {"category": "bold"}}, r"\$\.dataset\.category: 'bold' is none of 'bolt', 'nut'"),
        (("nut",), {"dataset": {"category": "bolt"}}, r"\$\.categories: none of them"),
        ((), {"seed": 3}, r"--seed"),
        ((), {"dataset": {"rezise": [64, 64]}}, r"\$\.dataset\.rezise: unknown key; did you mean 'resize'"),
    ],
)
def test_what_can_not_be_planned_is_refused(suite, categories, overrides, message):
    with pytest.raises(ConfigError, match=message):
        make_plan(evolve(suite, categories=categories), FILTERS | overrides, Path())


def test_a_problem_of_the_overrides_is_told_once_for_all_runs(suite):
    with pytest.raises(ConfigError) as caught:
        make_plan(suite, {"model": {"nme": "padim"}}, Path())
    assert 1 == len(caught.value.problems)


def test_every_wrong_detector_is_told_before_anything_runs(suite):
    wrong = evolve(
        suite,
        detectors=(
            *suite.detectors,
            DetectorEntry(label="x", model={"name": "padimm"}),
            DetectorEntry(label="y", model={"name": "padim", "options": {"no_such": 1}}),
        ),
    )
    with pytest.raises(ConfigError) as caught:
        make_plan(wrong, FILTERS, Path())
    assert ["detector 'x'", "detector 'y'"] == [problem[:12] for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("output", "message"),
    [({"save_maps": True}, "pyimgano-train"), ({"output_dir": "runs/x"}, "--output-dir")],
)
def test_what_only_training_does_is_refused(suite, output, message):
    with pytest.raises(UsageError, match=message):
        make_plan(suite, FILTERS | {"output": output}, Path())


def test_categories_are_listed_by_data_set(suite):
    assert {"parts": ("bolt", "nut")} == find_categories(suite, FILTERS, Path())

import pytest
from attrs import evolve

from pyimgano_bench.draft import draft_suite
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.errors import ConfigError, PyimganoError

FILTERS = {"model": {"features": {"backbone": "filters"}}}


@pytest.fixture
def suite(manifest):
    return Suite(
        detectors=(DetectorEntry(label="p", model={"name": "padim"}),),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(manifest)}),),
    )


def test_a_sound_suite_has_no_fault(suite, tmp_path):
    draft = draft_suite(suite, FILTERS, tmp_path)
    assert () == draft.faults
    assert {"parts": ("bolt", "nut")} == draft.chosen == draft.found
    draft.require_none()


def test_mistakes_of_every_kind_are_told_together(suite, tmp_path):
    wrong = evolve(
        suite,
        detectors=(*suite.detectors, DetectorEntry(label="x", model={"name": "padimm"})),
        datasets=(*suite.datasets, DatasetEntry(label="gone", dataset={"name": "mvtec", "root": "gone"})),
    )
    draft = draft_suite(wrong, FILTERS | {"output": {"save_maps": True}}, tmp_path)
    assert ["pyimgano-train" in fault for fault in draft.faults] == [True, False, False]
    assert "detector 'x'" in draft.faults[1]
    assert "gone: does not exist" in draft.faults[2]
    with pytest.raises(ConfigError) as caught:
        draft.require_none()
    assert draft.problems == tuple(caught.value.problems)


def test_a_network_that_the_detectors_of_some_data_sets_can_not_have_is_told(suite, tmp_path):
    small = evolve(
        suite.datasets[0], label="small", dataset={**suite.datasets[0].dataset, "resize": [64, 60]}
    )
    network = {"model": {"features": {"backbone": "vit_tiny_patch16_224", "weights": "random"}}}
    both = evolve(suite, datasets=(*suite.datasets, small, evolve(small, label="again")))
    (problem,) = draft_suite(both, network, tmp_path).problems
    assert problem.startswith("detector 'p': $.dataset.resize: 'vit_tiny_patch16_224' has patches of 16x16")


def test_a_data_set_that_can_not_be_listed_is_an_error_of_its_own(suite, tmp_path):
    gone = DatasetEntry(label="gone", dataset={"name": "mvtec", "root": "gone"})
    draft = draft_suite(evolve(suite, datasets=(gone,)), FILTERS, tmp_path)
    assert () == draft.problems
    with pytest.raises(PyimganoError, match="does not exist"):
        draft.require_none()


def test_a_data_set_s_own_categories_and_the_suite_s_both_hold(suite, tmp_path):
    limited = evolve(suite.datasets[0], label="some", categories=("nut",))
    both = evolve(suite, datasets=(*suite.datasets, limited), categories=("bolt", "nut"))
    assert {"parts": ("bolt", "nut"), "some": ("nut",)} == draft_suite(both, FILTERS, tmp_path).chosen


def test_an_unknown_category_of_a_data_set_is_told(suite, tmp_path):
    wrong = evolve(suite, datasets=(evolve(suite.datasets[0], categories=("nutt",)),))
    draft = draft_suite(wrong, FILTERS, tmp_path)
    assert draft.problems[0].startswith("$.datasets[0].categories: 'nutt' is none of")

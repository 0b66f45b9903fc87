from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_bench.deployed._artifact import read_deployable
from pyimgano_bench.deployed._origin import Origin, find_origin
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress


@pytest.fixture(scope="module")
def artifact(exported):
    return read_deployable(exported.infer_config)


@pytest.fixture(scope="module")
def policy(exported):
    return exported.config.dataset.split_policy


def prepare(exported, seed, policy=None):
    dataset = evolve(exported.config.dataset, split_policy=policy or exported.config.dataset.split_policy)
    return inspect_dataset(evolve(exported.config, seed=seed, dataset=dataset), Path(), SilentProgress())


def split_in(prepared):
    return next(each.split for each in prepared.categories if each.split.category == "nut")


def origin_of(artifact, prepared, policy):
    return find_origin(artifact, split_in(prepared), prepared, policy)


def changed(artifact, **changes):
    models = artifact.config.per_category
    models = {**models, "nut": evolve(models["nut"], **changes)}
    return evolve(artifact, config=evolve(artifact.config, per_category=models))


def test_the_split_of_training_needs_no_remark(exported, artifact, policy):
    assert Origin() == origin_of(artifact, prepare(exported, exported.config.seed), policy)


@settings(max_examples=12)
@given(seed=st.integers(0, 50))
def test_images_that_were_fitted_or_calibrated_on_are_counted(exported, artifact, policy, seed):
    own, other = split_in(prepare(exported, exported.config.seed)), prepare(exported, seed)
    test = split_in(other).test
    calibrated, learnt = images_of(own.calibration), images_of((*own.train, *own.calibration))
    known = len(learnt & images_of(test))
    found = origin_of(artifact, other, policy)
    assert (known > 0) == found.leaks
    if own == split_in(other):
        assert found.remark is None
    elif calibrated == images_of(each for each in test if each.record.label == 0):
        assert "set on the very normal images" in found.remark
    else:
        assert (f"saw {known} of the 6 images" if known else "saw none of the test images") in found.remark


def images_of(samples):
    return {each.image for each in samples}


def test_a_seed_of_the_policy_makes_the_run_seed_of_no_account(exported, artifact, policy):
    policy = evolve(policy, seed=exported.config.seed)
    assert Origin() == origin_of(artifact, prepare(exported, 8, policy), policy)


def test_the_run_that_an_artifact_stands_in_says_how_it_was_split(exported, artifact, policy):
    own = evolve(policy, seed=6, test_normal_fraction=0.4)
    drawn = split_in(prepare(exported, 0, own))
    learnt = {each.image for each in (*drawn.train, *drawn.calibration)}
    here = prepare(exported, 0)
    known = len(learnt & {each.image for each in split_in(here).test})
    run = evolve(exported.config, seed=0, dataset=evolve(exported.config.dataset, split_policy=own))
    sha256 = fingerprint_of(exported, own)
    unknown = origin_of(changed(artifact, split_fingerprint=sha256), here, policy)
    found = origin_of(evolve(changed(artifact, split_fingerprint=sha256), run=run), here, policy)
    assert known > 0
    assert "the split is not that of training" in unknown.remark
    assert (
        Origin(
            leaks=True,
            remark="the artifact was trained with --seed 0 --set dataset.split_policy.seed=6 --set "
            f"dataset.split_policy.test_normal_fraction=0.4 and saw {known} of the 6 images that are tested "
            "here",
        )
        == found
    )


def fingerprint_of(exported, policy):
    prepared = prepare(exported, 0, policy)
    return fingerprint(split_in(prepared), prepared.hashes).sha256


def test_other_data_can_not_be_told_from_that_of_training(exported, artifact, policy):
    prepared = prepare(exported, exported.config.seed)
    found = origin_of(changed(artifact, split_fingerprint="0" * 64), prepared, policy)
    assert not found.leaks
    assert "the split is not that of training" in found.remark


def test_a_config_without_a_fingerprint_leaves_it_open(exported, artifact, policy):
    prepared = prepare(exported, exported.config.seed)
    found = origin_of(changed(artifact, split_fingerprint=None), prepared, policy)
    assert not found.leaks
    assert "does not tell its split" in found.remark


def test_a_threshold_that_was_set_on_the_test_normals_leaks(exported, artifact, policy):
    prepared = prepare(exported, exported.config.seed)
    tests = split_in(prepared).test
    normals = [prepared.hashes[each.image] for each in tests if each.record.label == 0]
    threshold = artifact.model("nut").threshold
    provenance = evolve(threshold.provenance, calibration_sha256=contents_sha256(normals))
    found = origin_of(changed(artifact, threshold=evolve(threshold, provenance=provenance)), prepared, policy)
    assert found.leaks
    assert "set on the very normal images" in found.remark

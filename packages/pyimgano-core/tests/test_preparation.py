import shutil

import pytest

from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    RunConfig,
    SplitPolicy,
    ThresholdConfig,
)
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ConfigError, DataError
from pyimgano_core.preparation import inspect_dataset, prepare_dataset
from pyimgano_core.progress import SilentProgress


def config_of(manifest, *, policy=None, **options):
    dataset = DatasetConfig(manifest_path=manifest.name, split_policy=policy or SplitPolicy())
    return RunConfig(dataset=dataset, **options)


def inspect(manifest, **options):
    return inspect_dataset(config_of(manifest, **options), manifest.parent, SilentProgress())


def prepare(manifest, **options):
    return prepare_dataset(config_of(manifest, **options), manifest.parent, SilentProgress())


def codes(issues):
    return sorted(issue.code for issue in issues)


def test_a_good_data_set_is_ready_to_run(write_dataset):
    prepared = prepare(write_dataset(train=20, val=3, normal=4, anomalous=5))
    [category] = prepared.categories
    assert (20, 3, 9) == tuple(len(samples) for _, samples in category.split.by_role)
    assert ("val", 9) == (category.split.calibration_source, len(category.masks))
    assert (True, 5) == (category.gate.enabled, category.gate.n_usable_masks)
    assert 32 + 5 == len(prepared.hashes)
    assert {"PF710"} == set(codes(prepared.issues))
    assert () == prepared.errors


def test_every_sample_stands_in_exactly_one_role(write_dataset):
    prepared = prepare(write_dataset(train=20))
    [category] = prepared.categories
    used = [sample for _, samples in category.split.by_role for sample in samples]
    assert sorted(map(str, prepared.samples)) == sorted(map(str, used))


def test_categories_stand_in_order_of_their_names(write_dataset):
    write_dataset(category="b")
    manifest = write_dataset(category="a")
    # the same seed draws the same images, which would be leaks between the categories' names only
    prepared = inspect(manifest, policy=SplitPolicy(leakage="allow"))
    assert ["a", "b"] == [category.split.category for category in prepared.categories]


def test_all_faults_are_collected_and_none_raised(write_dataset):
    manifest = write_dataset()
    shutil.copy(manifest.parent / "part/train/000.png", manifest.parent / "part/normal/000.png")
    with manifest.open("a") as stream:
        stream.write("nonsense\n")
        stream.write('{"image_path": "part/train/001.png", "category": "part", "split": "train"}\n')
    prepared = inspect(manifest)
    assert ["PF106", "PF111", "PF602"] == codes(prepared.errors)
    assert {str(manifest)} == {issue.location.manifest for issue in prepared.errors}
    assert all(issue.severity is Severity.ERROR for issue in prepared.errors)


def test_a_run_is_refused_with_every_error_at_once(write_dataset):
    manifest = write_dataset()
    with manifest.open("a") as stream:
        stream.write("nonsense\n{}\n")
    with pytest.raises(DataError, match="the data set has 3 errors; mend them") as caught:
        prepare(manifest)
    assert ["PF106", "PF108", "PF108"] == codes(caught.value.issues)


def test_warnings_do_not_keep_a_run_from_starting(write_dataset):
    manifest = write_dataset()
    shutil.copy(manifest.parent / "part/train/000.png", manifest.parent / "part/normal/000.png")
    prepared = prepare(manifest, policy=SplitPolicy(leakage="allow"))
    assert "PF602" in codes(prepared.issues)
    assert () == prepared.errors


def test_a_missing_mask_closes_the_gate_unless_the_masked_subset_is_asked_for(write_dataset):
    manifest = write_dataset(anomalous=4, masked=3)
    [closed] = prepare(manifest).categories
    [opened] = prepare(manifest, evaluation=EvaluationConfig(pixel_subset="masked")).categories
    assert (False, "missing_masks") == (closed.gate.enabled, closed.gate.reason)
    assert (True, "masked", 3) == (opened.gate.enabled, opened.gate.subset, opened.gate.n_usable_masks)


def test_too_few_calibration_images_are_no_issue_of_a_fixed_threshold(write_dataset):
    manifest = write_dataset(val=3)
    assert "PF710" in codes(inspect(manifest).issues)
    fixed = ThresholdConfig(method="fixed", value=1.0)
    assert "PF710" not in codes(inspect(manifest, threshold=fixed).issues)


def test_a_data_set_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not found"):
        inspect(tmp_path / "manifest.jsonl")


def test_a_config_without_a_manifest_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"\$\.dataset\.manifest_path"):
        inspect_dataset(RunConfig(), tmp_path, SilentProgress())

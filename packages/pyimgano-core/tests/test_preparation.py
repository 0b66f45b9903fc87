import shutil

import pytest

from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    ReviewConfig,
    RunConfig,
    SplitPolicy,
    ThresholdConfig,
)
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ConfigError, DataError
from pyimgano_core.preparation import inspect_dataset, prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

VAL = CalibrationOrigin(source="val")


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


def shortages(manifest, **threshold):
    issues = inspect(manifest, threshold=ThresholdConfig(**threshold)).issues
    return [issue for issue in issues if issue.code == "PF710"]


@pytest.mark.parametrize(
    ("threshold", "enough"),
    [
        ({"alpha": 0.2}, {"alpha": 0.25}),
        ({"method": "fpr", "alpha": 0.5}, {"method": "fpr", "alpha": 0.7}),
        ({"method": "quantile", "quantile": 0.8}, {"method": "quantile", "quantile": 0.6}),
        ({"method": "evt"}, {"method": "gaussian"}),
    ],
)
def test_too_few_calibration_images_for_a_method_are_a_warning(write_dataset, threshold, enough):
    manifest = write_dataset(val=3)
    assert [Severity.WARNING] == [issue.severity for issue in shortages(manifest, **threshold)]
    assert [] == shortages(manifest, **enough)


def test_the_warning_names_method_level_counts_and_remedy(write_dataset):
    [issue] = shortages(write_dataset(val=3))
    assert (
        "category 'part': conformal at alpha 0.01 needs 99 calibration normals and has 3; add normal images "
        "(split val), or raise threshold.alpha"
    ) == issue.message
    assert ("VAL_TOO_SMALL", "part", 3, 99, 0.995, "conformal", "threshold") == (
        issue.name,
        issue.category,
        *(issue.data[key] for key in ("calibration", "needed", "quantile", "method", "section")),
    )


def test_the_review_threshold_has_its_own_warning(write_dataset):
    [issue] = shortages(write_dataset(val=3), alpha=0.3, review=ReviewConfig())
    assert "needs 9 calibration normals and has 3" in issue.message
    assert issue.message.endswith("or raise threshold.review.alpha")


def test_a_fixed_threshold_needs_no_calibration_image(write_dataset):
    assert [] == shortages(write_dataset(val=3), method="fixed", value=1.0)


@pytest.mark.parametrize("method", ["conformal", "fpr", "quantile", "evt", "gaussian", "mad"])
def test_the_warning_says_what_calibration_finds(write_dataset, method):
    rule = ThresholdConfig(method=method)
    provenance = calibrate([0.5], rule, VAL).provenance
    told = [*(step.message for step in provenance.fallbacks), *provenance.warnings]
    [issue] = shortages(write_dataset(val=1), method=method)
    needs = issue.message.removeprefix("category 'part': ").partition(";")[0]
    assert told[0].startswith(needs)


def test_a_data_set_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not found"):
        inspect(tmp_path / "manifest.jsonl")


def test_a_config_without_a_manifest_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"\$\.dataset\.manifest_path"):
        inspect_dataset(RunConfig(), tmp_path, SilentProgress())

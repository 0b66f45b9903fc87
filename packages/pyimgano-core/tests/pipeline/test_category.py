import hashlib
import json
import math
import shutil

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    ModelConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.errors import DataError
from pyimgano_core.pipeline import category_model, run_category, summarize_split
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer, check_self_test
from pyimgano_core.scoring.files import score_file
from pyimgano_core.thresholds import verdict

MODEL = ModelConfig(name="padim", device="cpu")


def config_of(manifest, **options):
    dataset = DatasetConfig(manifest_path=manifest.name, resize=(64, 64))
    return RunConfig(dataset=dataset, model=MODEL, **options)


def prepare(manifest, **options):
    config = config_of(manifest, **options)
    return config, prepare_dataset(config, manifest.parent, SilentProgress())


def run(config, prepared, manifest, **options):
    [category] = prepared.categories
    return run_category(category, prepared, config, manifest.parent, SilentProgress(), **options)


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def finished(write_dataset, shared):
    """One run for all tests that only look at it."""
    if not shared:
        manifest = write_dataset(train=10, val=6, normal=4, anomalous=5)
        config, prepared = prepare(manifest, threshold=ThresholdConfig(quantile=0.8))
        shared.update(manifest=manifest, config=config, prepared=prepared)
        shared["run"] = run(config, prepared, manifest)
    return shared


def test_it_finds_what_is_plain_to_see(finished):
    results = finished["run"].report.results
    assert results.auroc == 1.0
    assert results.pixel_metrics.pixel_auroc > 0.9


def test_the_report_counts_every_image(finished):
    report = finished["run"].report
    summary = report.dataset_summary
    assert (10, 6, 9, 5, 5 / 9, 0) == (
        summary.train_count,
        summary.calibration_count,
        summary.test_count,
        summary.test_anomaly_count,
        summary.test_anomaly_ratio,
        summary.failed_count,
    )
    assert 9 == len(finished["run"].predictions)
    assert 6 == len(finished["run"].calibration)
    counts = report.results.metrics
    assert 9 == sum(counts[name] for name in ("tp", "fp", "tn", "fn"))


def test_the_threshold_is_of_the_calibration_images_alone(finished):
    run, threshold = finished["run"], finished["run"].report.threshold
    scores = sorted(line.score for line in run.calibration)
    assert ("val", 6, 5) == (
        threshold.provenance.source,
        threshold.provenance.calibration_count,
        threshold.provenance.rank,
    )
    assert scores[4] < threshold.value <= scores[5]
    assert scores[4] == pytest.approx(threshold.value, rel=1e-6)
    assert 1 == threshold.provenance.calibration_false_positives


def test_calibration_lines_have_no_verdict_and_test_lines_have(finished):
    run = finished["run"]
    assert {None} == {line.label for line in run.calibration}
    value = run.report.threshold.value
    assert [verdict(line.score, value) for line in run.predictions] == [
        line.label for line in run.predictions
    ]


def test_the_pixel_threshold_is_of_the_maps_of_calibration_normals(finished):
    provenance = finished["run"].report.pixel_threshold.provenance
    assert ("map_maximum", 6) == (provenance.score_source, provenance.calibration_count)


def test_the_frozen_graph_gives_the_reported_scores_to_the_bit(finished):
    scorer = OnnxScorer(finished["run"].graph.model)
    preprocessing = finished["run"].report.preprocessing
    assert Preprocessing(resize=(64, 64)) == preprocessing
    for sample, line in zip(
        finished["prepared"].categories[0].split.test, finished["run"].predictions, strict=True
    ):
        assert line.score == score_file(sample.image, scorer=scorer, preprocessing=preprocessing).score


def test_the_checkpoint_is_named_by_its_content_and_its_place(finished):
    model, checkpoint = finished["run"].graph.model, finished["run"].report.checkpoint
    assert ("checkpoints/part/model.onnx", hashlib.sha256(model).hexdigest(), len(model)) == (
        checkpoint.path,
        checkpoint.sha256,
        checkpoint.size_bytes,
    )
    check_self_test(OnnxScorer(model), finished["run"].report.self_test)


def test_deployment_gets_what_the_report_says(finished):
    report = finished["run"].report
    model = category_model(report, "elsewhere")
    assert evolve(report.checkpoint, path="elsewhere/checkpoints/part/model.onnx") == model.checkpoint
    assert (report.threshold, report.pixel_threshold, report.preprocessing, report.self_test) == (
        model.threshold,
        model.pixel_threshold,
        model.preprocessing,
        model.self_test,
    )
    assert (report.reference, report.detector["score_unit"]) == (model.reference, model.score_unit)
    assert report.split_fingerprint.sha256 == model.split_fingerprint


def test_the_reference_tells_what_the_calibration_images_looked_like(finished):
    run = finished["run"]
    reference = run.report.reference
    assert {"score", "brightness", "sharpness", "height", "width"} == set(reference)
    assert {6} == {sample.count for sample in reference.values()}
    assert tuple(sorted(line.score for line in run.calibration)) == reference["score"].values
    heights = sorted(float(line.image_size[0]) for line in run.calibration)
    assert tuple(heights) == reference["height"].values


def test_the_report_is_json_without_nan(finished):
    document = json.loads(to_json(finished["run"].report))
    assert "pyimgano.category_report" == document["kind"]
    assert all(math.isfinite(seconds) for seconds in finished["run"].seconds.values())
    assert {"fit", "calibrate", "evaluate"} <= set(finished["run"].seconds)


def test_the_same_seed_gives_the_same_bytes(finished):
    again = run(finished["config"], finished["prepared"], finished["manifest"])
    assert finished["run"].graph.model == again.graph.model
    assert to_json(finished["run"].report) == to_json(again.report)
    assert finished["run"].predictions == again.predictions


def test_bad_images_cost_no_others_and_are_told_by_role(write_dataset):
    manifest = write_dataset(train=8, val=3, normal=2, anomalous=2)
    for path in ("train/001.png", "val/002.png", "normal/001.png"):  # equal contents would be leaks
        (manifest.parent / "part" / path).write_text(f"no image, {path}")
    config, prepared = prepare(manifest)
    result = run(config, prepared, manifest)
    assert [
        ("train", "part/train/001.png"),
        ("calibration", "part/val/002.png"),
        ("test", "part/normal/001.png"),
    ] == [(failure.role, failure.input) for failure in result.report.failures]
    assert (3, 2) == (
        result.report.dataset_summary.failed_count,
        result.report.threshold.provenance.calibration_count,
    )
    assert ["ok", "error", "ok", "ok"] == [line.status for line in result.predictions]


def test_without_one_readable_train_image_the_category_fails_in_one_line(write_dataset):
    manifest = write_dataset(train=3, val=1, normal=1, anomalous=1)
    for path in (manifest.parent / "part/train").iterdir():
        path.write_text(f"no image, {path.name}")
    config, prepared = prepare(manifest)
    with pytest.raises(DataError, match="no train image can be read"):
        run(config, prepared, manifest)


def test_where_no_calibration_image_can_be_read_there_is_no_threshold_and_no_verdict(write_dataset):
    manifest = write_dataset(train=4, val=1, normal=1, anomalous=1)
    (manifest.parent / "part/val/000.png").write_bytes(b"no image")
    config, prepared = prepare(manifest)
    result = run(config, prepared, manifest)
    assert (None, "no_calibration_images") == (
        result.report.threshold.value,
        result.report.threshold.provenance.reason,
    )
    assert {None} == {line.label for line in result.predictions}
    assert result.report.results.metrics is None
    assert 1.0 == result.report.results.auroc


def test_a_holdout_of_train_is_never_fitted(write_dataset):
    manifest = write_dataset(train=10, normal=2, anomalous=2)
    config, prepared = prepare(manifest)
    result = run(config, prepared, manifest)
    fitted = {sample.record.image_path for sample in prepared.categories[0].split.train}
    assert "train_holdout" == result.report.threshold.provenance.source
    assert fitted.isdisjoint(line.input for line in result.calibration)


def test_a_copy_of_a_fitted_image_among_the_calibration_images_is_told(write_dataset, finished):
    manifest = write_dataset(train=6, val=2, normal=2, anomalous=2)
    shutil.copy(manifest.parent / "part/train/000.png", manifest.parent / "part/val/000.png")
    config, prepared = prepare(manifest)
    report = run(config, prepared, manifest).report
    assert [(False, True), (False, True), (True, True)] == [
        (threshold.provenance.disjoint_from_train, threshold.provenance.disjoint_from_test)
        for threshold in (report.threshold, report.pixel_threshold, finished["run"].report.threshold)
    ]


def test_a_fixed_threshold_decides_and_pixels_can_be_switched_off(write_dataset):
    manifest = write_dataset(train=6, normal=2, anomalous=2)
    config, prepared = prepare(
        manifest,
        threshold=ThresholdConfig(method="fixed", value=0.0),
        evaluation=EvaluationConfig(pixel_metrics=False),
    )
    report = run(config, prepared, manifest).report
    assert (0.0, "config", None) == (
        report.threshold.value,
        report.threshold.provenance.source,
        report.pixel_threshold.value,
    )
    assert (False, "disabled_by_config") == (
        report.pixel_metrics_status.enabled,
        report.pixel_metrics_status.reason,
    )
    assert report.results.pixel_metrics is None


def test_an_allowed_leak_stands_in_the_report(write_dataset):
    manifest = write_dataset(train=6, normal=2, anomalous=2)
    shutil.copy(manifest.parent / "part/train/000.png", manifest.parent / "part/normal/000.png")
    config = config_of(manifest)
    policy = evolve(config.dataset.split_policy, leakage="allow")
    config = evolve(config, dataset=evolve(config.dataset, split_policy=policy))
    prepared = prepare_dataset(config, manifest.parent, SilentProgress())
    assert "PF602" in {issue.code for issue in run(config, prepared, manifest).report.issues}


def test_a_category_with_nothing_to_test_has_no_ratio(write_dataset):
    manifest = write_dataset(train=4, normal=1, anomalous=0)
    _, prepared = prepare(manifest)
    split = evolve(prepared.categories[0].split, test=())
    assert summarize_split(split).test_anomaly_ratio is None


def test_a_defective_calibration_image_that_hides_the_defects_is_named(write_dataset):
    manifest = write_dataset(train=10, val=6, normal=4, anomalous=5)
    odd = manifest.parent / "part/val/003.png"
    random = np.random.default_rng(0)
    Image.fromarray(random.choice(np.array([0, 255], np.uint8), (64, 64, 3))).save(odd)
    config, prepared = prepare(manifest)
    report = run(config, prepared, manifest).report
    found = report.deciding_image
    assert (1.0, 5) == (report.results.auroc, report.results.miss_rate.count)
    assert ("part/val/003.png", 5, 5) == (found.input, found.missed_count, found.found_without)
    assert found.next_score < report.results.f1_max_threshold < found.score < report.threshold.value


def test_a_run_without_such_an_image_says_nothing_of_one(finished):
    assert '"deciding_image"' not in to_json(finished["run"].report)


def test_a_region_that_no_image_can_hold_is_told(write_dataset):
    manifest = write_dataset(train=6, val=3, normal=1, anomalous=1)
    config, prepared = prepare(manifest, threshold=ThresholdConfig(pixel_minimum_area=64 * 64 + 1))
    [*_, warning] = run(config, prepared, manifest).report.pixel_threshold.provenance.warnings
    assert "3 of 3 calibration images have fewer pixels than threshold.pixel_minimum_area = 4097" in warning


def test_the_provenance_names_the_run_and_the_images(finished):
    report = finished["run"].report
    for threshold in (report.threshold, report.pixel_threshold):
        origin = threshold.provenance
        assert (report.checkpoint.sha256, report.split_fingerprint.sha256, 0, 6) == (
            origin.checkpoint_sha256,
            origin.split_sha256,
            origin.seed,
            origin.calibration_distinct_count,
        )
        assert {"pyimgano-core", "numpy", "onnxruntime", "pillow"} == set(origin.versions)
        assert (6, 4) == (origin.calibration_rate.total, origin.test_rate.total)
        assert origin.calibration_sha256 is not None
        assert origin.score_reduction

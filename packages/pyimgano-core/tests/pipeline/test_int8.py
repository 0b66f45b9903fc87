import hashlib

import pytest
from attrs import evolve

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import (
    DatasetConfig,
    ExportConfig,
    FeaturesConfig,
    ModelConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.errors import ConfigError
from pyimgano_core.pipeline import category_model, int8_report, run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer, check_self_test
from pyimgano_core.scoring.files import score_file

NETWORK = FeaturesConfig(backbone="test_resnet", weights="random")
PATH = "checkpoints/part/model_int8.onnx"


def run(manifest, **options):
    config = RunConfig(
        dataset=DatasetConfig(manifest_path=manifest.name, resize=(64, 64)),
        threshold=ThresholdConfig(quantile=0.8),
        **{
            "model": ModelConfig(name="padim", device="cpu", features=NETWORK),
            "export": ExportConfig(int8=True),
            **options,
        },
    )
    prepared = prepare_dataset(config, manifest.parent, SilentProgress())
    [category] = prepared.categories
    return run_category(category, prepared, config, manifest.parent, SilentProgress()), category.split


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def finished(write_dataset, shared):
    """One run for all tests that only look at it."""
    if not shared:
        manifest = write_dataset(train=8, val=4, normal=3, anomalous=3)
        found, split = run(manifest)
        shared.update(manifest=manifest, run=found, split=split)
    return shared


def test_parity_is_measured_on_the_images_that_were_not_fitted(finished):
    parity = finished["run"].report.parity
    assert 4 == parity.image_count
    assert max(parity.score, parity.anomaly_map) < 1e-4


def test_where_nothing_was_held_out_parity_is_of_train_images(write_dataset):
    manifest = write_dataset(train=1, normal=1, anomalous=1)
    found, _ = run(manifest, export=ExportConfig(), model=ModelConfig(name="padim", device="cpu"))
    assert 1 == found.report.parity.image_count


def test_the_8_bit_graph_is_named_by_its_content_beside_the_other(finished):
    model, checkpoint = finished["run"].files[PATH], finished["run"].report.int8.checkpoint
    assert (PATH, hashlib.sha256(model).hexdigest(), len(model)) == (
        checkpoint.path,
        checkpoint.sha256,
        checkpoint.size_bytes,
    )
    assert finished["run"].graph.model != model
    check_self_test(OnnxScorer(model), finished["run"].report.int8.self_test)


def test_its_threshold_is_of_its_own_scores(finished):
    report = finished["run"].report
    scorer = OnnxScorer(finished["run"].files[PATH])
    calibration = finished["split"].calibration
    scores = sorted(
        score_file(sample.image, scorer=scorer, preprocessing=report.preprocessing).score
        for sample in calibration
    )
    assert scores[-1] == pytest.approx(report.int8.threshold.value, rel=1e-6)
    assert report.threshold.value != report.int8.threshold.value


def test_its_thresholds_name_its_own_checkpoint_and_the_same_images(finished):
    report = finished["run"].report
    for threshold in (report.int8.threshold, report.int8.pixel_threshold):
        origin = threshold.provenance
        assert report.int8.checkpoint.sha256 == origin.checkpoint_sha256
        assert report.threshold.provenance.calibration_sha256 == origin.calibration_sha256


def test_its_metrics_are_measured_and_not_copied(finished):
    report = finished["run"].report
    assert report.int8.results.auroc is not None
    assert report.int8.results.pixel_metrics.pixel_auroc != report.results.pixel_metrics.pixel_auroc


def test_deployment_gets_the_8_bit_graph_with_its_own_thresholds(finished):
    report = finished["run"].report
    model = category_model(int8_report(report), "..")
    assert (
        evolve(report.int8.checkpoint, path="../checkpoints/part/model_int8.onnx"),
        report.int8.threshold,
        report.int8.pixel_threshold,
        report.int8.self_test,
        report.preprocessing,
    ) == (model.checkpoint, model.threshold, model.pixel_threshold, model.self_test, model.preprocessing)
    assert report.int8.reference == model.reference
    assert report.reference["score"] != model.reference["score"]
    assert report.reference["brightness"] == model.reference["brightness"]


def test_the_same_seed_gives_the_same_bytes(finished):
    again, _ = run(finished["manifest"])
    assert finished["run"].files == again.files
    assert to_json(finished["run"].report) == to_json(again.report)


def test_without_the_key_there_is_one_graph(finished):
    found, _ = run(finished["manifest"], export=ExportConfig())
    assert (None, None) == (found.report.int8, int8_report(found.report))
    assert ["checkpoints/part/model.onnx"] == list(found.files)
    assert '"int8"' not in to_json(found.report)
    assert finished["run"].graph.model == found.graph.model


def test_features_that_are_no_network_are_refused_before_the_fit(write_dataset):
    manifest = write_dataset(train=2, normal=1, anomalous=1)
    with pytest.raises(ConfigError, match=r"\$\.export\.int8: 'filters' is no network"):
        run(manifest, model=ModelConfig(name="padim", device="cpu"))

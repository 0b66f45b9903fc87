import json

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import DatasetConfig, EvaluationConfig, RunConfig
from pyimgano_core.contracts.prediction import Failure, StoredArray
from pyimgano_core.evaluation import evaluate, predict
from pyimgano_core.images import read_mask
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring.files import ScoredImage

SIDE = 64
FAILURE = Failure(code="truncated", message="the file ends too early")


@pytest.fixture
def prepare(write_dataset):
    def prepare(*, evaluation=None, **counts):
        manifest = write_dataset(**counts)
        config = RunConfig(
            dataset=DatasetConfig(manifest_path=manifest.name), evaluation=evaluation or EvaluationConfig()
        )
        [category] = prepare_dataset(config, manifest.parent, SilentProgress()).categories
        return category

    return prepare


def flat(score):
    return ScoredImage(score=score, anomaly_map=np.full((SIDE, SIDE), score, np.float32))


def perfect(sample):
    """Return what a detector that knows the masks would give."""
    anomaly_map = np.zeros((SIDE, SIDE), np.float32)
    if sample.mask is not None:
        anomaly_map += read_mask(sample.mask)
    return ScoredImage(score=float(sample.record.label), anomaly_map=anomaly_map)


def run(prepared, scored, *, threshold=0.5, map_sink=None):
    return evaluate(scored, prepared, threshold=threshold, aupro_limit=0.3, map_sink=map_sink)


def test_a_detector_that_knows_the_masks_is_perfect(prepare):
    prepared = prepare(normal=3, anomalous=4)
    evaluation = run(prepared, map(perfect, prepared.split.test))
    results, pixels = evaluation.results, evaluation.results.pixel_metrics
    assert (1.0, 1.0, 1.0, 1.0) == (
        results.auroc,
        results.average_precision,
        results.f1_max,
        results.f1_max_threshold,
    )
    assert (1.0, 1.0, 1.0, 1.0) == (
        pixels.pixel_auroc,
        pixels.pixel_average_precision,
        pixels.pixel_f1_max,
        pixels.aupro,
    )
    assert (7, 4, 0.3, "all") == (pixels.image_count, pixels.region_count, pixels.aupro_limit, pixels.subset)
    assert {
        "tp": 4, "fp": 0, "tn": 3, "fn": 0,
        "precision": 1.0, "recall": 1.0, "f1": 1.0, "specificity": 1.0, "accuracy": 1.0,
    } == results.metrics  # fmt: skip


def test_labels_follow_the_threshold_and_not_the_truth(prepare):
    prepared = prepare(normal=2, anomalous=2)
    scores = [0.5, 0.4, 0.6, 0.1]
    evaluation = run(prepared, map(flat, scores), threshold=0.5)
    assert ["anomalous", "normal", "anomalous", "normal"] == [line.label for line in evaluation.predictions]
    assert [0, 0, 1, 1] == [line.y_true for line in evaluation.predictions]
    counts = evaluation.results.metrics
    assert (1, 1, 1, 1) == (counts["tp"], counts["fp"], counts["tn"], counts["fn"])


def test_a_failed_image_is_a_line_and_costs_no_other(prepare):
    prepared = prepare(normal=2, anomalous=2)
    evaluation = run(prepared, [flat(0.1), FAILURE, FAILURE, flat(0.9)])
    assert ["ok", "error", "error", "ok"] == [line.status for line in evaluation.predictions]
    failed = evaluation.predictions[1]
    assert (None, None, FAILURE, None) == (failed.score, failed.label, failed.error, failed.image_size)
    assert (1.0, 2) == (evaluation.results.auroc, evaluation.results.pixel_metrics.image_count)


def test_where_all_images_failed_every_metric_is_null_with_a_reason(prepare):
    prepared = prepare(normal=1, anomalous=1)
    results = run(prepared, [FAILURE, FAILURE]).results
    assert (None, None, None) == (results.auroc, results.average_precision, results.f1_max)
    assert {"auroc", "average_precision", "f1_max"} == set(results.reasons)
    assert (None, 0) == (results.pixel_metrics.pixel_auroc, results.pixel_metrics.image_count)
    assert {"pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro"} == set(
        results.pixel_metrics.reasons
    )
    json.loads(to_json(results))


def test_normals_alone_have_no_ranking_and_no_pixels(prepare):
    prepared = prepare(normal=3, anomalous=0)
    results = run(prepared, map(flat, [0.1, 0.2, 0.9])).results
    assert (None, "no_positives") == (results.auroc, results.reasons["auroc"])
    assert results.pixel_metrics is None
    assert (0, 1, 2) == tuple(results.metrics[name] for name in ("tp", "fp", "tn"))
    assert results.metrics["recall"] is None


def test_without_a_threshold_there_is_no_verdict(prepare):
    prepared = prepare(normal=1, anomalous=1)
    evaluation = run(prepared, map(flat, [0.1, 0.9]), threshold=None)
    assert [None, None] == [line.label for line in evaluation.predictions]
    assert evaluation.results.metrics is None
    assert 1.0 == evaluation.results.auroc


def test_a_closed_gate_measures_no_pixels(prepare):
    prepared = prepare(normal=2, anomalous=3, masked=2)
    assert run(prepared, map(perfect, prepared.split.test)).results.pixel_metrics is None


def test_the_masked_subset_measures_the_masked_anomalies_and_all_normals(prepare):
    prepared = prepare(normal=2, anomalous=3, masked=2, evaluation=EvaluationConfig(pixel_subset="masked"))
    pixels = run(prepared, map(perfect, prepared.split.test)).results.pixel_metrics
    assert (4, 2, "masked") == (pixels.image_count, pixels.region_count, pixels.subset)


def test_equal_scores_are_flagged(prepare):
    prepared = prepare(normal=2, anomalous=2)
    results = run(prepared, map(flat, [0.5] * 4)).results
    assert (0.5, ("constant_scores",)) == (results.auroc, results.flags["auroc"])


def test_every_scored_map_is_stored_under_its_images_number(prepare):
    prepared = prepare(normal=1, anomalous=2)
    stored = {}

    def sink(index, sample, anomaly_map):
        stored[index] = (sample, anomaly_map.shape)
        return StoredArray(path=f"{index}.npy", shape=anomaly_map.shape, dtype="float32")

    evaluation = run(prepared, [flat(0.1), FAILURE, flat(0.3)], map_sink=sink)
    assert {0: (prepared.split.test[0], (SIDE, SIDE)), 2: (prepared.split.test[2], (SIDE, SIDE))} == stored
    assert ["0.npy", None, "2.npy"] == [
        line.anomaly_map and line.anomaly_map.path for line in evaluation.predictions
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_a_result_too_few_or_too_many_is_an_error(prepare, count):
    prepared = prepare(normal=1, anomalous=1)
    with pytest.raises(ValueError, match="zip"):
        run(prepared, [flat(0.1)] * count)


def test_the_records_facts_travel_into_its_line(prepare):
    sample = prepare(normal=1, anomalous=1).split.test[1]
    record = evolve(sample.record, group_id="lot 3", meta={"camera": "left", "nested": {"x": [1]}})
    line = predict(7, evolve(sample, record=record), flat(0.25), threshold=0.5)
    assert {
        "index": 7,
        "status": "ok",
        "input": "part/anomalous/000.png",
        "category": "part",
        "score": 0.25,
        "threshold": 0.5,
        "label": "normal",
        "y_true": 1,
        "defect": "square",
        "group_id": "lot 3",
        "image_size": [SIDE, SIDE],
        "meta": {"camera": "left", "nested": {"x": [1]}},
    } == json.loads(to_json(line))

import json

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import DatasetConfig, EvaluationConfig, RunConfig
from pyimgano_core.contracts.prediction import Failure, StoredArray
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.evaluation import DeployedThresholds, evaluate, predict
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


def fixed(value, **options):
    return Threshold(value=value, provenance=ThresholdProvenance(method="fixed"), **options)


def run(
    prepared,
    scored,
    *,
    threshold=0.5,
    review=None,
    pixel=None,
    area=1,
    map_sink=None,
    map_viewer=None,
    interest=None,
    **config,
):
    return evaluate(
        scored,
        prepared,
        thresholds=DeployedThresholds(
            image=fixed(threshold),
            pixel=fixed(pixel, minimum_area=area),
            review=None if review is None else fixed(review),
        ),
        config=EvaluationConfig(**{"bootstrap_replicates": 50, **config}),
        seed=0,
        map_sink=map_sink,
        map_viewer=map_viewer,
        interest=interest,
    )


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
    assert {"pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro", "aupimo"} == set(
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


def marked(sample, *, value=1.0, extra=()):
    """Return a perfect map times `value`, with single pixels of `extra` at 0.875."""
    anomaly_map = perfect(sample).anomaly_map * np.float32(value)
    for row, column in extra:
        anomaly_map[row, column] = 0.875
    return ScoredImage(score=float(anomaly_map.max()), anomaly_map=anomaly_map)


def test_the_rates_at_the_threshold_are_told_with_their_intervals(prepare):
    prepared = prepare(normal=4, anomalous=3)
    results = run(prepared, map(flat, [0.1, 0.2, 0.5, 0.9, 0.4, 0.6, 0.7]), threshold=0.5).results
    false_alarms, misses = results.false_alarm_rate, results.miss_rate
    assert (2, 4, 0.5) == (false_alarms.count, false_alarms.total, false_alarms.rate)
    assert (1, 3, pytest.approx(1 / 3)) == (misses.count, misses.total, misses.rate)
    assert 0.0 < false_alarms.interval.low < 0.5 < false_alarms.interval.high < 1.0
    assert {"square": misses} == results.miss_rate_per_defect
    assert {} == results.false_alarm_rate_per_group
    assert results.review is None


def test_false_alarms_are_told_by_group_and_misses_by_defect(prepare):
    prepared = prepare(normal=3, anomalous=3)
    facts = [
        {"group_id": "a"}, {"group_id": "b"}, {"group_id": "b"},
        {"defect": "dent"}, {"defect": "scratch"}, {"defect": None},
    ]  # fmt: skip
    samples = tuple(
        evolve(sample, record=evolve(sample.record, **fact))
        for sample, fact in zip(prepared.split.test, facts, strict=True)
    )
    prepared = evolve(prepared, split=evolve(prepared.split, test=samples))
    results = run(prepared, map(flat, [0.1, 0.9, 0.2, 0.9, 0.1, 0.1]), threshold=0.5).results
    assert {"a": (0, 1), "b": (1, 2)} == {
        name: (rate.count, rate.total) for name, rate in results.false_alarm_rate_per_group.items()
    }
    assert {"dent": (0, 1), "scratch": (1, 1)} == {
        name: (rate.count, rate.total) for name, rate in results.miss_rate_per_defect.items()
    }
    assert (2, 3) == (results.miss_rate.count, results.miss_rate.total)


def test_the_review_band_is_neither_a_miss_nor_a_false_alarm(prepare):
    prepared = prepare(normal=3, anomalous=3)
    evaluation = run(prepared, map(flat, [0.1, 0.3, 0.5, 0.2, 0.3, 0.5]), threshold=0.5, review=0.3)
    assert ["normal", "review", "anomalous"] * 2 == [line.label for line in evaluation.predictions]
    assert {0.3} == {line.review_threshold for line in evaluation.predictions}
    results = evaluation.results
    assert (1, 1) == (results.false_alarm_rate.count, results.miss_rate.count)
    assert (1, 1) == (results.review.normal.count, results.review.anomalous.count)
    assert 2 == evaluation.thresholds.review.provenance.test_rate.count


def test_each_threshold_knows_its_rate_on_the_test_normals(prepare):
    prepared = prepare(normal=3, anomalous=2)
    extra = {0: [(1, 1)], 1: [(2, 2), (2, 3)]}
    scored = [marked(sample, extra=extra.get(i, ())) for i, sample in enumerate(prepared.split.test)]
    rates = [
        run(
            prepared, scored, threshold=0.95, pixel=0.875, area=area
        ).thresholds.pixel.provenance.test_rate.count
        for area in (1, 2, 3)
    ]
    assert [2, 1, 0] == rates
    image = run(prepared, scored, threshold=0.95).thresholds
    assert (0, 3) == (image.image.provenance.test_rate.count, image.image.provenance.test_rate.total)
    assert image.pixel.provenance.test_rate is None


def test_the_segmentation_in_use_is_measured_at_its_threshold_and_minimum_area(prepare):
    prepared = prepare(normal=2, anomalous=2)
    scored = [marked(sample, extra=[(0, 0)]) for sample in prepared.split.test]
    without = run(prepared, scored, pixel=0.875).results.pixel_metrics.verdicts
    pixels = run(prepared, scored, pixel=0.875, area=2).results.pixel_metrics
    assert (1.0, 1.0, 1.0, 2) == (
        pixels.verdicts.pro, pixels.verdicts.iou, pixels.verdicts.precision, pixels.verdicts.minimum_area,
    )  # fmt: skip
    assert (1.0, True) == (without.pro, without.precision < 1.0)
    assert run(prepared, scored).results.pixel_metrics.verdicts is None


def test_the_oracles_stand_under_their_own_names(prepare):
    prepared = prepare(normal=4, anomalous=4)
    scores = [0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9]
    points = run(prepared, map(flat, scores), false_alarm_limit=0.0, miss_limit=0.25).results.operating_points
    assert {"tpr_at_fpr": (0.0, 0.75), "fpr_at_tpr": (0.95, 0.25), "normals_passed": (0.25, 1.0)} == {
        name: (point.limit, point.value) for name, point in points.items()
    }


def test_aupimo_is_of_each_anomalous_image_and_au_spro_only_where_asked_for(prepare):
    prepared = prepare(normal=2, anomalous=2)
    evaluation = run(prepared, map(perfect, prepared.split.test), saturation=0.5)
    assert [None, None, 1.0, 1.0] == [line.aupimo for line in evaluation.predictions]
    pixels = evaluation.results.pixel_metrics
    assert (1.0, (1e-5, 1e-4), 1.0, 0.5) == (
        pixels.aupimo, pixels.aupimo_limits, pixels.au_spro, pixels.saturation,
    )  # fmt: skip
    assert run(prepared, map(perfect, prepared.split.test)).results.pixel_metrics.au_spro is None


def test_every_metric_has_an_interval_and_no_interval_where_none_is_wanted(prepare):
    prepared = prepare(normal=6, anomalous=6)
    rng = np.random.default_rng(0)

    def noisy(sample):
        anomaly_map = perfect(sample).anomaly_map + rng.standard_normal((SIDE, SIDE)).astype(np.float32)
        return ScoredImage(score=float(anomaly_map.mean() + rng.standard_normal()), anomaly_map=anomaly_map)

    scored = [noisy(sample) for sample in prepared.split.test]
    results = run(prepared, scored, saturation=0.5, pixel=1.5, bootstrap_replicates=200).results
    pixels = results.pixel_metrics
    assert {
        "auroc", "average_precision", "f1_max", "tpr_at_fpr", "fpr_at_tpr", "normals_passed",
    } == set(results.intervals)  # fmt: skip
    assert {
        "pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro", "au_spro", "aupimo",
        "pixel_pro", "pixel_iou", "pixel_f1",
    } == set(pixels.intervals)  # fmt: skip
    assert results.intervals["auroc"].low <= results.auroc <= results.intervals["auroc"].high
    assert pixels.intervals["aupro"].low < pixels.aupro < pixels.intervals["aupro"].high
    assert results.auroc_delong.low < results.auroc < results.auroc_delong.high
    without = run(prepared, scored, bootstrap_replicates=0).results
    assert ({}, {}) == (without.intervals, without.pixel_metrics.intervals)


def test_the_sketch_holds_every_scored_image_and_the_pixels_that_count(prepare):
    prepared = prepare(normal=2, anomalous=3, masked=2, evaluation=EvaluationConfig(pixel_subset="masked"))
    scored = [perfect(prepared.split.test[0]), FAILURE, *map(perfect, prepared.split.test[2:])]
    sketch = run(prepared, scored, pixel_subset="masked").sketch
    assert 4 == len(sketch.names)
    counted = {name for name, pixels in zip(sketch.names, sketch.normal.sum(axis=1), strict=True) if pixels}
    assert {scored_line.record.image_path for scored_line in prepared.split.test[:4]} - {
        prepared.split.test[1].record.image_path
    } == counted


def test_images_of_one_group_are_not_independent_so_auroc_has_no_delong_interval(prepare):
    prepared = prepare(normal=4, anomalous=4)
    scores = [0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9]
    own = [evolve(s, record=evolve(s.record, group_id=str(i))) for i, s in enumerate(prepared.split.test)]
    shared = [own[0], *(evolve(s, record=evolve(s.record, group_id="0")) for s in own[1:2]), *own[2:]]
    reasons = [
        run(
            evolve(prepared, split=evolve(prepared.split, test=tuple(samples))), map(flat, scores)
        ).results.auroc_delong.reason
        for samples in (prepared.split.test, own, shared)
    ]
    assert [None, None, "grouped_images"] == reasons


def test_resamples_that_all_agree_give_no_interval(prepare):
    prepared = prepare(normal=6, anomalous=6)
    results = run(prepared, map(perfect, prepared.split.test)).results
    assert (None, "zero_variance") == (results.intervals["auroc"].low, results.intervals["auroc"].reason)
    assert "zero_variance" == results.pixel_metrics.intervals["aupro"].reason


def test_rates_of_images_that_share_groups_have_no_interval(prepare):
    prepared = prepare(normal=3, anomalous=2)
    samples = tuple(evolve(s, record=evolve(s.record, group_id="lot")) for s in prepared.split.test)
    grouped = evolve(prepared, split=evolve(prepared.split, test=samples))
    evaluation = run(grouped, map(flat, [0.1, 0.2, 0.9, 0.4, 0.6]), threshold=0.5, pixel=0.5)
    rates = [
        evaluation.results.false_alarm_rate,
        evaluation.results.miss_rate,
        evaluation.thresholds.image.provenance.test_rate,
        evaluation.thresholds.pixel.provenance.test_rate,
    ]
    assert {"grouped_images"} == {rate.interval.reason for rate in rates}
    assert [1, 1, 1, 1] == [rate.count for rate in rates]


def test_constant_maps_are_flagged(prepare):
    prepared = prepare(normal=2, anomalous=2)
    pixels = run(prepared, map(flat, [0.5] * 4)).results.pixel_metrics
    assert ("constant_scores",) == pixels.flags["pixel_auroc"]
    assert 0.5 == pixels.pixel_f1_max_threshold


def test_a_viewer_sees_each_map_beside_its_line_and_the_pixel_threshold(prepare):
    prepared = prepare(normal=1, anomalous=2)
    seen = []

    def look(line, sample, shown, pixel):
        seen.append((line.index, line.score, sample, float(shown.values.max()), pixel.value))

    run(prepared, [flat(0.1), FAILURE, flat(0.3)], map_viewer=look, pixel=0.2)
    tests = prepared.split.test
    assert [(0, 0.1, tests[0], 0.1, 0.2), (2, 0.3, tests[2], 0.3, 0.2)] == [
        (index, score, sample, pytest.approx(top), pixel) for index, score, sample, top, pixel in seen
    ]


def test_outside_the_region_of_interest_nothing_raises_an_alarm_however_low_the_threshold(prepare):
    prepared = prepare(normal=2, anomalous=1)
    interest = np.zeros((SIDE, SIDE), np.bool_)
    interest[:8, :8] = True
    seen = []
    evaluation = run(
        prepared,
        map(flat, [0.5, 0.5, 0.5]),
        pixel=-1.0,
        area=8 * 8 + 1,  # more than what is looked at
        interest=interest,
        map_viewer=lambda _line, _sample, shown, _pixel: seen.append(shown),
    )
    assert (0, 2) == (
        evaluation.thresholds.pixel.provenance.test_rate.count,
        evaluation.thresholds.pixel.provenance.test_rate.total,
    )
    assert all(np.array_equal(interest, shown.inside) for shown in seen)
    assert [(0.0, 0.5)] * 3 == [
        (shown.values[~interest].max(), shown.values[interest].min()) for shown in seen
    ]

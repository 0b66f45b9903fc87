"""Predictions in files are measured as a run measures its own."""

import json

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    ReviewConfig,
    RunConfig,
    SplitPolicy,
    ThresholdConfig,
)
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.evaluation import DeployedThresholds, evaluate
from pyimgano_core.images import read_mask
from pyimgano_core.metrics import load_sketch, save_sketch
from pyimgano_core.predictions import evaluate_files
from pyimgano_core.predictions._scored import StoredScore
from pyimgano_core.predictions._thresholds import as_stored
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

NONE = CalibrationOrigin(source="none")

SIDE = 64
FAST = EvaluationConfig(bootstrap_replicates=20)
FIXED = ThresholdConfig(method="fixed", value=0.5, pixel_value=0.5)
QUANTILE = ThresholdConfig(method="quantile", quantile=0.9)


def records(manifest):
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


def of_test(manifest):
    return [record for record in records(manifest) if record["split"] == "test"]


def random_map(manifest, record, random):
    """Return noise that is higher on the defect."""
    values = random.normal(size=(SIDE, SIDE)).astype(np.float32)
    if "mask_path" in record:
        values[read_mask(manifest.parent / record["mask_path"])] += 3
    return values


@pytest.fixture
def predict(write_dataset, tmp_path):
    """Return a function that writes a data set and predictions of its test images, with maps."""

    def predict(*, maps=True, change=None, **counts):
        manifest = write_dataset(**counts)
        random = np.random.default_rng(3)
        lines = []
        for index, record in enumerate(of_test(manifest)):
            values = random_map(manifest, record, random)
            line = {"input": record["image_path"], "score": float(values.max())}
            if maps:
                np.save(tmp_path / f"{index}.npy", values)
                line["anomaly_map"] = {"path": f"{index}.npy"}
            lines.append(line)
        return manifest, write_lines(tmp_path / "predictions.jsonl", change(lines) if change else lines)

    return predict


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(
    predictions,
    manifest=None,
    *,
    threshold=FIXED,
    category="all",
    policy=None,
    root=None,
    regions=None,
    **options,
):
    config = RunConfig(
        dataset=DatasetConfig(
            manifest_path=None if manifest is None else str(manifest),
            root=root,
            category=category,
            split_policy=policy or SplitPolicy(),
            regions=regions or {},
        ),
        threshold=threshold,
        evaluation=FAST,
    )
    return evaluate_files(predictions, config, SilentProgress(), **options)


def only(result):
    [category] = result.report.per_category.values()
    return category


def codes(result):
    return [issue.code for issue in result.report.issues]


def test_the_results_are_those_of_a_run_over_the_same_scores(predict, tmp_path):
    manifest, predictions = predict(normal=4, anomalous=4)
    result = run(predictions, manifest)
    [prepared] = prepare_dataset(
        RunConfig(dataset=DatasetConfig(manifest_path=str(manifest)), evaluation=FAST),
        tmp_path,
        SilentProgress(),
    ).categories
    scored = [
        StoredScore(score=line["score"], anomaly_map=np.load(tmp_path / line["anomaly_map"]["path"]))
        for line in map(json.loads, predictions.read_text(encoding="utf-8").splitlines())
    ]
    image = calibrate([], FIXED, NONE)
    pixel = calibrate([], FIXED, NONE, score_source="map_maximum", value=0.5)
    expected = evaluate(
        scored, prepared, thresholds=DeployedThresholds(image=image, pixel=pixel), config=FAST, seed=0
    )
    assert to_json(expected.results) == to_json(only(result).results)
    lines = result.lines[only(result).category]
    assert expected.predictions == tuple(evolve(line, image_size=None) for line in lines)
    assert 0.8 < only(result).results.pixel_metrics.aupro < 1
    assert (8, 8, 0) == (only(result).maps.needed, only(result).maps.usable, only(result).maps.resized)
    assert (0, []) == (result.exit_code, codes(result))


def test_a_data_set_that_was_prepared_already_is_not_read_again(predict, tmp_path):
    manifest, predictions = predict(normal=4, anomalous=4)
    config = RunConfig(dataset=DatasetConfig(manifest_path=str(manifest)), evaluation=FAST)
    prepared = prepare_dataset(config, tmp_path, SilentProgress())
    expected = run(predictions, manifest)
    manifest.unlink()
    assert to_json(expected.report) == to_json(run(predictions, manifest, prepared=prepared).report)


def store_sixteen_bits(path):
    """Keep a map as 16-bit PNG and what the PNG tells in its own place; return how a line names it."""
    values = np.load(path).astype(np.float64)
    offset, scale = float(values.min()), float(np.ptp(values)) / 65_535
    stored = np.rint((values - offset) / scale)
    Image.fromarray(stored.astype(np.uint16)).save(path.with_suffix(".png"))
    np.save(path, (offset + scale * stored).astype(np.float32))
    return {"path": path.with_suffix(".png").name, "scale": scale, "offset": offset}


def test_maps_in_whole_numbers_count_by_their_scale_and_offset(predict, tmp_path):
    def in_png(lines):
        return [
            line | {"anomaly_map": store_sixteen_bits(tmp_path / line["anomaly_map"]["path"])}
            for line in lines
        ]

    manifest, predictions = predict(change=in_png)
    found = only(run(predictions, manifest)).results.pixel_metrics
    lines = [json.loads(line) for line in predictions.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["anomaly_map"] = {"path": line["anomaly_map"]["path"].replace(".png", ".npy")}
    expected = only(run(write_lines(tmp_path / "floats.jsonl", lines), manifest)).results.pixel_metrics
    assert expected is not None
    assert expected == found


@pytest.mark.parametrize("numbers", [{"scale": 1e300}, {"scale": 1.0, "offset": -1e300}])
def test_a_map_that_its_scale_makes_infinite_can_t_be_used(predict, numbers):
    def scaled(lines):
        return [line | {"anomaly_map": line["anomaly_map"] | numbers} for line in lines]

    manifest, predictions = predict(change=scaled)
    result = run(predictions, manifest)
    assert (["EV301"], 4) == (codes(result), result.exit_code)


def test_only_the_matched_lines_count_whatever_their_order(predict):
    def shuffled(lines):
        return [
            *lines[::-1],
            {"input": "part/train/000.png", "score": 9},
            {"input": "of/another.png", "score": 9},
        ]

    manifest, predictions = predict(change=shuffled)
    result = run(predictions, manifest)
    matching = result.report.matching
    assert (9, 1, 1, 0) == (
        matching.by_text, matching.not_tested, matching.unmatched, matching.without_prediction
    )  # fmt: skip
    assert (["EV201"], 0) == (codes(result), result.exit_code)
    assert 8 == only(result).test_count


def test_a_test_image_without_prediction_is_a_failure(predict):
    manifest, predictions = predict(change=lambda lines: lines[2:])
    result = run(predictions, manifest)
    failures = only(result).failures
    assert ["no_prediction"] * 2 == [failure.error.code for failure in failures]
    assert ("part/normal/000.png", 4) == (failures[0].input, result.exit_code)
    [issue] = result.report.issues
    assert ("EV203", {"count": 2}) == (issue.code, issue.data)
    assert 6 == only(result).results.pixel_metrics.image_count


def test_a_failed_input_is_a_failure_and_needs_no_map(predict):
    def fail(lines):
        return [
            {"input": lines[0]["input"], "status": "error", "error": {"code": "torn", "message": "m"}},
            *lines[1:],
        ]

    manifest, predictions = predict(change=fail)
    result = run(predictions, manifest)
    assert (["torn"], 4) == ([failure.error.code for failure in only(result).failures], result.exit_code)
    assert only(result).pixel_metrics_status.enabled


def test_the_manifests_label_counts_and_a_line_that_contradicts_it_is_told(predict):
    manifest, predictions = predict(change=lambda lines: [line | {"y_true": 1} for line in lines])
    result = run(predictions, manifest)
    [issue] = result.report.issues
    assert ("EV205", {"count": 4}, 0) == (issue.code, issue.data, result.exit_code)
    assert 4 == only(result).test_anomaly_count


def test_a_bad_line_is_told_and_its_image_has_no_prediction(predict):
    manifest, predictions = predict(change=lambda lines: [{"input": lines[0]["input"]}, *lines[1:]])
    result = run(predictions, manifest)
    assert (["EV103", "EV203"], 4) == (codes(result), result.exit_code)
    assert 1 == result.report.predictions.bad_line_count


def test_without_maps_the_gate_is_closed_and_image_metrics_stay(predict):
    manifest, predictions = predict(maps=False)
    result = run(predictions, manifest)
    gate = only(result).pixel_metrics_status
    assert ("no_maps", None, 0) == (gate.reason, only(result).results.pixel_metrics, result.exit_code)
    assert only(result).results.auroc is not None


def test_one_missing_map_closes_the_gate_with_its_coverage(predict):
    def without_one(lines):
        return [{key: value for key, value in lines[0].items() if key != "anomaly_map"}, *lines[1:]]

    manifest, predictions = predict(change=without_one)
    gate = only(run(predictions, manifest)).pixel_metrics_status
    assert ("missing_maps", True) == (gate.reason, gate.message.startswith("1 of 8 images"))
    assert gate.problems[0].startswith("part/normal/000.png")


@pytest.mark.parametrize("bad", ["torn", "nan", "gone"])
def test_a_map_that_cannot_be_used_is_told_and_closes_the_gate(predict, tmp_path, bad):
    manifest, predictions = predict()
    path = tmp_path / "3.npy"
    if bad == "nan":
        np.save(path, np.full((SIDE, SIDE), np.nan, np.float32))
    elif bad == "torn":
        path.write_bytes(path.read_bytes()[:500])
    else:
        path.unlink()
    result = run(predictions, manifest)
    assert (["EV301"], 4) == (codes(result), result.exit_code)
    assert "missing_maps" == only(result).pixel_metrics_status.reason
    assert only(result).results.auroc is not None


def test_a_map_of_another_size_is_resized_to_its_image_and_counted(predict, tmp_path):
    manifest, predictions = predict()
    small = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)
    np.save(tmp_path / "0.npy", small)
    resized = run(predictions, manifest)
    assert (1, 8) == (only(resized).maps.resized, only(resized).maps.usable)
    large = np.array(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    np.save(tmp_path / "0.npy", large)
    assert to_json(only(run(predictions, manifest)).results) == to_json(only(resized).results)


def test_without_the_images_the_masks_give_the_size(predict, tmp_path):
    manifest, predictions = predict()
    np.save(tmp_path / "7.npy", np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32))  # an anomaly's
    expected = only(run(predictions, manifest)).results
    for record in records(manifest):
        (manifest.parent / record["image_path"]).unlink()
    assert expected.pixel_metrics == only(run(predictions, manifest)).results.pixel_metrics


def test_images_are_looked_for_below_a_root(predict, tmp_path):
    manifest, predictions = predict()
    moved = manifest.rename(tmp_path / "moved.jsonl")
    assert "no_masks" == only(run(predictions, moved)).pixel_metrics_status.reason
    assert only(run(predictions, moved, root=str(manifest.parent))).pixel_metrics_status.enabled


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".png"])
def test_a_folder_of_maps_is_searched_by_the_images_own_path(predict, tmp_path, suffix):
    manifest, predictions = predict(maps=False)
    for index, record in enumerate(of_test(manifest)):
        values = random_map(manifest, record, np.random.default_rng(index))
        levels = np.clip(values * 20 + 120, 0, 255).astype(np.uint8)
        path = (tmp_path / "maps" / record["image_path"]).with_suffix(suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".npy":
            np.save(path, levels)
        else:
            Image.fromarray(levels).save(path)
    result = run(predictions, manifest, maps=tmp_path / "maps")
    assert 8 == only(result).results.pixel_metrics.image_count
    assert 0.8 < only(result).results.pixel_metrics.aupro < 1


def test_maps_of_which_it_is_not_sure_whose_they_are_are_not_used(predict, tmp_path):
    manifest, predictions = predict(maps=False)
    folder = tmp_path / "maps"
    folder.mkdir()
    for index in range(4):  # normal/000 and anomalous/000 would both take 000.npy
        np.save(folder / f"{index:03}.npy", np.zeros((SIDE, SIDE), np.float32))
    result = run(predictions, manifest, maps=folder)
    [issue] = result.report.issues
    assert ("EV302", {"count": 8}, 4) == (issue.code, issue.data, result.exit_code)


def test_two_files_for_one_map_are_told(predict, tmp_path):
    manifest, predictions = predict(maps=False)
    folder = tmp_path / "maps" / "normal"
    folder.mkdir(parents=True)
    np.save(folder / "000.npy", np.zeros((SIDE, SIDE), np.float32))
    Image.new("L", (SIDE, SIDE)).save(folder / "000.png")
    issue, missing = run(predictions, manifest, maps=tmp_path / "maps").report.issues
    assert "EV303" == missing.code
    assert ("EV302", True) == (issue.code, "fits 000.npy and 000.png" in issue.message)


def test_a_folder_of_maps_that_is_not_there_is_a_wrong_usage(predict, tmp_path):
    manifest, predictions = predict()
    with pytest.raises(UsageError, match="is not a folder"):
        run(predictions, manifest, maps=tmp_path / "none")


def test_errors_of_the_manifest_are_told_and_a_lack_of_train_images_is_none(predict):
    manifest, predictions = predict(train=0)
    assert 8 == only(run(predictions, manifest)).test_count
    with manifest.open("a", encoding="utf-8") as stream:
        stream.write('{"image_path": 3}\n')
    with pytest.raises(DataError, match="the manifest has errors"):
        run(predictions, manifest)


def test_predictions_of_other_images_alone_are_an_error(predict):
    manifest, predictions = predict(change=lambda _: [{"input": "of/another.png", "score": 1}])
    with pytest.raises(DataError, match="no prediction is of a test image") as caught:
        run(predictions, manifest)
    assert ["EV201", "EV203"] == [issue.code for issue in caught.value.issues]


def test_a_category_without_predictions_is_told_and_one_can_be_chosen(predict, write_dataset):
    manifest, predictions = predict()
    write_dataset(category="other")
    result = run(predictions, manifest, policy=SplitPolicy(leakage="allow"))
    assert (("part",), ["EV203"], 4) == (result.report.categories, codes(result), result.exit_code)
    assert "choose others with --category" in result.report.issues[0].message
    assert 0 == run(predictions, manifest, category="part").exit_code


def test_the_lines_of_the_manifests_other_categories_do_not_count(predict, write_dataset):
    def of_two(lines):
        return [line | {"category": name} for line in lines for name in ("other", "a name of theirs")]

    manifest, predictions = predict(change=of_two)
    write_dataset(category="other")
    result = run(predictions, manifest, category="part")
    assert ([], 8, 0) == (codes(result), result.report.matching.by_text, result.exit_code)


LINES = [
    {"path": f"{index}.png", "score": float(score), "y_true": truth, "threshold": 0.5}
    for index, (score, truth) in enumerate([(0.1, 0), (0.2, 0), (0.6, 0), (0.4, 1), (0.9, 1), (0.8, 1)])
]


def test_without_a_manifest_the_lines_have_the_truth(tmp_path):
    result = run(write_lines(tmp_path / "p.jsonl", LINES), threshold=ThresholdConfig())
    category = only(result)
    assert ("default", 8 / 9) == (category.category, category.results.auroc)
    assert (None, None, "no_masks") == (
        result.report.matching, category.split_fingerprint, category.pixel_metrics_status.reason
    )  # fmt: skip
    assert (1, 1) == (category.results.false_alarm_rate.count, category.results.miss_rate.count)
    assert 0 == result.exit_code


def test_lines_without_the_truth_are_told(tmp_path):
    result = run(write_lines(tmp_path / "p.jsonl", [*LINES, {"path": "x.png", "score": 1}]))
    assert (["EV204"], 4, 6) == (codes(result), result.exit_code, only(result).test_count)
    with pytest.raises(UsageError, match="no line has the truth: add y_true"):
        run(write_lines(tmp_path / "p.jsonl", [{"path": "x.png", "score": 1}]))


def test_the_lines_categories_are_measured_apart_and_one_can_be_chosen(tmp_path):
    lines = [line | {"category": name} for name in "ab" for line in LINES]
    predictions = write_lines(tmp_path / "p.jsonl", lines)
    assert ("a", "b") == run(predictions).report.categories
    assert ("b",) == run(predictions, category="b").report.categories
    with pytest.raises(UsageError, match="has no category 'c'; choose from 'a', 'b'"):
        run(predictions, category="c")


def test_the_threshold_of_the_lines_is_used_where_there_is_nothing_better(tmp_path):
    lines = [line | {"review_threshold": 0.3} for line in LINES]
    category = only(run(write_lines(tmp_path / "p.jsonl", lines), threshold=QUANTILE))
    provenance = category.threshold.provenance
    assert (0.5, "fixed", "predictions") == (category.threshold.value, provenance.method, provenance.source)
    assert (0.3, 1) == (category.review_threshold.value, category.results.review.anomalous.count)
    fixed = only(
        run(write_lines(tmp_path / "p.jsonl", lines), threshold=ThresholdConfig(method="fixed", value=0.7))
    )
    assert (0.7, "config") == (fixed.threshold.value, fixed.threshold.provenance.source)


def test_thresholds_that_differ_are_told_and_not_used(tmp_path):
    lines = [LINES[0] | {"threshold": 0.4}, *LINES[1:]]
    result = run(write_lines(tmp_path / "p.jsonl", lines), threshold=QUANTILE)
    assert (["EV402"], None) == (codes(result), only(result).threshold.value)
    assert "no_calibration_images" == only(result).threshold.provenance.reason


def normals(folder, scores, **facts):
    lines = [{"path": f"normal/{index}.png", "score": score} | facts for index, score in enumerate(scores)]
    return write_lines(folder / "calibration.jsonl", lines)


def test_a_calibration_file_sets_the_threshold(tmp_path):
    scores = np.float32(np.linspace(0.1, 0.45, 40))
    calibration = normals(tmp_path, [float(score) for score in scores])
    rule = ThresholdConfig(
        method="quantile", quantile=0.9, review=ReviewConfig(method="quantile", quantile=0.5)
    )
    result = run(write_lines(tmp_path / "p.jsonl", LINES), threshold=rule, calibration=calibration)
    category = only(result)
    assert np.nextafter(scores[35], np.float32(np.inf)) == category.threshold.value
    assert np.nextafter(scores[19], np.float32(np.inf)) == category.review_threshold.value
    provenance = category.threshold.provenance
    assert ("predictions", 40, "float32") == (
        provenance.source,
        provenance.calibration_count,
        provenance.dtype,
    )
    assert (1, 3) == (provenance.test_rate.count, provenance.test_rate.total)
    assert None is category.pixel_threshold.value


def test_test_images_and_anomalies_never_set_a_threshold(tmp_path):
    lines = [
        {"path": "0.png", "score": 99.0},
        {"path": "bad.png", "score": 98.0, "y_true": 1},
        {"path": "failed.png", "status": "error"},
        {"path": "foreign.png", "score": 97.0, "category": "other"},
        {"path": "n/1.png", "score": 0.3},
        {"path": "n/2.png", "score": 0.25},
    ]
    calibration = write_lines(tmp_path / "c.jsonl", lines)
    result = run(write_lines(tmp_path / "p.jsonl", LINES), threshold=QUANTILE, calibration=calibration)
    assert np.nextafter(0.3, 1) == only(result).threshold.value
    assert ["EV401"] * 4 == codes(result)
    assert 0 == result.exit_code


def test_predictions_of_the_manifests_calibration_images_set_the_threshold(predict, tmp_path):
    manifest, predictions = predict(val=12)
    with predictions.open("a", encoding="utf-8") as stream:
        for index in range(12):
            np.save(tmp_path / f"val{index}.npy", np.full((SIDE, SIDE), index, np.float32))
            line = {"input": f"part/val/{index:03}.png", "score": index / 8, "anomaly_map": f"val{index}.npy"}
            stream.write(json.dumps(line) + "\n")
    category = only(run(predictions, manifest, threshold=QUANTILE))
    origin = category.threshold.provenance
    assert np.nextafter(np.float32(10 / 8), np.float32(9)) == category.threshold.value
    assert ("val", 12) == (origin.source, origin.calibration_count)
    assert (True, True) == (origin.disjoint_from_train, origin.disjoint_from_test)
    assert category.split_fingerprint.sha256 == origin.split_sha256
    assert 64 == len(origin.calibration_sha256)
    assert np.nextafter(np.float32(10), np.float32(99)) == category.pixel_threshold.value


@pytest.mark.parametrize("area", [1, 4])
def test_what_calibration_maps_hold_outside_the_region_of_interest_sets_no_threshold(predict, tmp_path, area):
    manifest, predictions = predict(val=3)
    region = np.zeros((SIDE, SIDE), np.uint8)
    region[:, :8] = 255
    Image.fromarray(region).save(tmp_path / "region.png")
    with predictions.open("a", encoding="utf-8") as stream:
        for index in range(3):
            np.save(tmp_path / f"val{index}.npy", np.where(region > 0, -1.0, 7.0).astype(np.float32))
            line = {"input": f"part/val/{index:03}.png", "score": 0.1, "anomaly_map": f"val{index}.npy"}
            stream.write(json.dumps(line) + "\n")
    rule = ThresholdConfig(method="quantile", quantile=0.9, pixel_minimum_area=area)
    thresholds = [
        only(run(predictions, manifest, threshold=rule, regions=regions)).pixel_threshold.value
        for regions in (None, {"part": str(tmp_path / "region.png")})
    ]
    assert [np.nextafter(np.float32(level), np.float32(9)) for level in (7, -1)] == thresholds


def test_calibration_on_fitted_images_is_not_certified(predict, tmp_path):
    manifest, predictions = predict(train=8, val=2)
    lines = [{"input": f"part/train/{index:03}.png", "score": index / 8} for index in range(8)]
    calibration = write_lines(tmp_path / "c.jsonl", lines)
    provenance = only(
        run(predictions, manifest, threshold=QUANTILE, calibration=calibration)
    ).threshold.provenance
    assert (False, True) == (provenance.disjoint_from_train, provenance.disjoint_from_test)
    assert (None, "fitted_images") == (provenance.certificate.level, provenance.certificate.reason)


def test_a_copy_of_a_test_image_is_found_by_its_content(predict, tmp_path):
    manifest, predictions = predict()
    copy = tmp_path / "copy.png"
    copy.write_bytes((manifest.parent / "part/normal/000.png").read_bytes())
    calibration = write_lines(tmp_path / "c.jsonl", [{"input": "copy.png", "score": 0.5}])
    provenance = only(
        run(predictions, manifest, threshold=QUANTILE, calibration=calibration)
    ).threshold.provenance
    assert (True, False) == (provenance.disjoint_from_train, provenance.disjoint_from_test)


def test_scores_are_calibrated_in_the_type_that_holds_them():
    assert "float32" == as_stored([0.5, float(np.float32(0.1))]).dtype
    assert "float64" == as_stored([0.5, 0.1]).dtype
    assert "float64" == as_stored([1e300]).dtype


def test_a_sketch_of_each_category_is_given(predict, tmp_path):
    manifest, predictions = predict()
    result = run(predictions, manifest)
    save_sketch(tmp_path / "s.npz", result.sketches["part"])
    assert 8 == len(load_sketch(tmp_path / "s.npz").names)


def test_the_same_files_give_the_same_report(predict):
    manifest, predictions = predict()
    assert to_json(run(predictions, manifest).report) == to_json(run(predictions, manifest).report)


def test_maps_that_are_missing_among_others_are_named(predict):
    manifest, predictions = predict(normal=2, anomalous=2, change=lambda lines: [
        lines[0], {key: value for key, value in lines[1].items() if key != "anomaly_map"}, *lines[2:],
    ])  # fmt: skip
    result = run(predictions, manifest)
    [issue] = [issue for issue in result.report.issues if issue.code == "EV303"]
    assert "part/normal/001.png" in issue.message
    assert 4 == result.exit_code


def test_a_category_that_no_line_names_is_told_with_the_choices(tmp_path):
    lines = [{"path": "a.png", "score": 0.5, "label": 1, "category": "cup"}]
    with pytest.raises(UsageError, match="has no category 'cap'; choose from 'cup'"):
        run(write_lines(tmp_path / "p.jsonl", lines), category="cap")


def test_without_files_it_is_not_known_whether_calibration_images_were_fitted(tmp_path):
    tests = [{"path": f"{i}.png", "score": i / 10, "label": i % 2} for i in range(6)]
    normals = [{"path": f"n{i}.png", "score": i / 200} for i in range(120)]
    result = run(
        write_lines(tmp_path / "p.jsonl", tests),
        threshold=ThresholdConfig(),
        calibration=write_lines(tmp_path / "c.jsonl", normals),
    )
    origin = only(result).threshold.provenance
    assert (None, None, "unknown_images", None) == (
        origin.disjoint_from_train,
        origin.disjoint_from_test,
        origin.certificate.reason,
        origin.score_resolution,
    )
    assert "without --manifest there are no masks" == only(result).pixel_metrics_status.message

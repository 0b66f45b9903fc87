import hashlib
import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.evaluation import mean_metrics
from pyimgano_core.metrics import bootstrap, load_sketch
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.origin import RunOrigin
from pyimgano_workbench.rundir import RunDirectory
from pyimgano_workbench.training import train

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(config_path, *overrides):
    config = load_run_config(config_path, overrides)
    return train(config, config_path.parent, SilentProgress(), now=NOW, export_infer_config=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, write_dataset, write_config):
    """One run of the small data set, for the tests that only read it."""
    folder = tmp_path_factory.mktemp("finished")
    return run(write_config(folder, write_dataset(folder / "data")))


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_run_directory_has_the_documented_files(finished):
    assert files_of(finished.folder) == {
        "report.json",
        "report.html",
        "config.json",
        "run.json",
        "environment.json",
        "categories/part/report.json",
        "categories/part/per_image.jsonl",
        "categories/part/calibration.jsonl",
        "categories/part/data.jsonl",
        "categories/part/metric_sketch.npz",
        "categories/part/pictures.json",
        *(f"categories/part/pictures/{index:06d}.jpg" for index in range(8)),
        "checkpoints/part/model.onnx",
        "artifacts/infer_config.json",
    }


def test_the_same_seed_gives_byte_identical_results(finished, make_config, dataset):
    first = finished.folder
    second = run(make_config(dataset, output="two")).folder
    for name in (
        "categories/part/per_image.jsonl",
        "categories/part/metric_sketch.npz",
        "categories/part/pictures.json",
        "categories/part/pictures/000003.jpg",
        "checkpoints/part/model.onnx",
        "categories/part/report.json",
    ):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_report_says_counts_threshold_and_gate(finished):
    report = finished.report.per_category["part"]
    summary = report.dataset_summary
    assert (summary.train_count, summary.calibration_count, summary.test_count) == (6, 2, 8)
    assert (summary.test_anomaly_count, summary.test_anomaly_ratio) == (4, 0.5)
    provenance = report.threshold.provenance
    assert (provenance.source, provenance.calibration_count, provenance.rank) == ("train_holdout", 2, 2)
    assert provenance.calibration_false_positives == 0
    assert report.pixel_metrics_status.enabled
    assert report.results.pixel_metrics.pixel_auroc > 0.9
    assert report.results.auroc == 1.0


def test_without_masks_the_report_says_why_pixel_metrics_are_off(make_dataset, make_config):
    report = run(make_config(make_dataset(masks=False))).report.per_category["part"]
    assert (report.pixel_metrics_status.enabled, report.pixel_metrics_status.reason) == (False, "no_masks")
    assert report.results.pixel_metrics is None


def test_the_sketch_gives_the_report_s_intervals_without_another_run(finished):
    sketch = load_sketch(finished.folder / "categories/part/metric_sketch.npz")
    results = finished.report.per_category["part"].results
    again = bootstrap(sketch, seed=0)["auroc"].interval
    assert again.low == again.high == 1.0
    assert results.intervals["auroc"] == evolve(again, low=None, high=None, reason="zero_variance")
    assert [0.0, 1.0] == sorted({float(flag) for flag in sketch.anomalous})


def test_what_a_reader_must_know_is_required(make_dataset, make_config):
    config = make_config(make_dataset(train=20))
    settings = ("threshold.review.method=quantile", "threshold.review.quantile=0.5")
    folder = run(config, *settings, "threshold.pixel_minimum_area=3").folder
    document = read_json(folder / "artifacts/infer_config.json")
    assert ["minimum_area", "review_band"] == document["requires"]
    model = document["per_category"]["part"]
    assert model["review_threshold"]["value"] < model["threshold"]["value"]
    assert 3 == model["pixel_threshold"]["minimum_area"]


def test_no_file_of_a_run_holds_nan(finished):
    for path in finished.folder.rglob("*.json*"):
        assert "NaN" not in path.read_text(encoding="utf-8")


def test_the_infer_config_pins_the_checkpoint(finished):
    folder = finished.folder
    config = read_json(folder / "artifacts/infer_config.json")
    checkpoint = config["per_category"]["part"]["checkpoint"]
    content = (folder / "artifacts" / checkpoint["path"]).read_bytes()
    assert checkpoint["sha256"] == hashlib.sha256(content).hexdigest()
    assert checkpoint["size_bytes"] == len(content)
    assert config["from_run"] == folder.name
    assert config["per_category"]["part"]["preprocessing"]["resize"] == [64, 64]


def test_the_infer_config_tells_the_runtime_and_the_lowest_versions(finished):
    config = read_json(finished.folder / "artifacts/infer_config.json")
    model = config["per_category"]["part"]
    assert {"pyimgano-core": "0.1.0", "onnxruntime": "1.22"} == model["min_versions"]
    runtime = model["self_test"]["runtime"]
    assert ("onnxruntime", "CPUExecutionProvider") == (runtime["package"], runtime["provider"])
    assert f"onnxruntime {runtime['version']} CPUExecutionProvider" == config["runtime"]


def test_the_infer_config_tells_how_to_calibrate_it_anew(finished):
    config = read_artifact(finished.folder / "artifacts/infer_config.json", InferConfig)
    report = finished.report.per_category["part"]
    assert read_json(finished.folder / "config.json")["threshold"] == unstructure(config.threshold_rule)
    assert report.reference == config.per_category["part"].reference
    assert report.detector["score_unit"] == config.per_category["part"].score_unit
    assert config.parent is None


def test_meta_defect_and_group_travel_into_the_lines(finished):
    lines = [
        json.loads(t) for t in (finished.folder / "categories/part/per_image.jsonl").read_text().splitlines()
    ]
    assert [line["meta"]["station"] for line in lines if line["y_true"] == 1] == [0, 1, 2, 3]
    assert {line["defect"] for line in lines if line["y_true"] == 1} == {"square"}
    assert {line["label"] for line in lines} <= {"normal", "anomalous"}


def test_maps_of_two_categories_with_equal_names_do_not_collide(make_dataset, make_config):
    config = make_config(make_dataset(categories=("a", "b")))
    folder = run(config, "output.save_maps=true").folder
    seen = set()
    for category in ("a", "b"):
        path = folder / "categories" / category / "per_image.jsonl"
        for text in path.read_text().splitlines():
            line = json.loads(text)
            stored = (path.parent / line["anomaly_map"]["path"]).resolve()
            anomaly_map = np.load(stored, allow_pickle=False)
            assert list(anomaly_map.shape) == line["anomaly_map"]["shape"] == line["image_size"]
            seen.add(stored)
    assert len(seen) == 16


def test_a_hostile_category_name_stays_inside_the_run_directory(make_dataset, make_config, tmp_path):
    manifest = make_dataset()
    text = manifest.read_text().replace('"category": "part"', '"category": "..pwn"')
    manifest.write_text(text)
    before = files_of(tmp_path)
    folder = run(make_config(manifest)).folder
    outside = {name for name in files_of(tmp_path) - before if not name.startswith(f"{folder.name}/")}
    assert outside == {"config.toml"}


def test_moved_data_keeps_its_fingerprint_and_changed_pixels_change_it(
    finished, make_config, dataset, tmp_path
):
    first = finished.report.per_category["part"].split_fingerprint
    shutil.copytree(dataset.parent, tmp_path / "moved")
    moved = make_config(tmp_path / "moved/manifest.jsonl", output="two")
    assert run(moved).report.per_category["part"].split_fingerprint == first
    shutil.copy(tmp_path / "moved/part_good1.png", tmp_path / "moved/part_good0.png")
    changed = make_config(tmp_path / "moved/manifest.jsonl", output="three")
    assert run(changed).report.per_category["part"].split_fingerprint != first


def test_a_category_that_fails_does_not_cost_the_others(make_dataset, make_config):
    manifest = make_dataset(categories=("a", "b"))
    for path in manifest.parent.glob("a_train*.png"):
        path.write_bytes(b"broken " + path.name.encode())
    result = run(make_config(manifest))
    assert list(result.report.per_category) == ["b"]
    assert "no train image can be read" in result.report.failed_categories["a"]
    assert result.exit_code == 4


def test_the_mean_is_null_where_a_category_has_no_value(make_dataset, make_config):
    result = run(make_config(make_dataset(categories=("a", "b"))))
    reports = list(result.report.per_category.values())
    expected = np.mean([report.results.auroc for report in reports])
    assert result.report.mean_metrics["auroc"] == pytest.approx(expected)
    unmasked = evolve(reports[0], results=evolve(reports[0].results, pixel_metrics=None))
    assert mean_metrics([reports[1].results, unmasked.results])["pixel_auroc"] is None


@pytest.fixture
def in_part(make_config, dataset):
    """A config whose images are tiled and looked at in their left half."""
    region = np.zeros((64, 64), np.uint8)
    region[:, :32] = 255
    Image.fromarray(region).save(dataset.parent / "left.png")
    path = make_config(dataset)
    text = path.read_text(encoding="utf-8").replace("resize = [64, 64]", "resize = [32, 32]")
    tables = f'[dataset.tiling]\n[dataset.regions]\n"*" = {json.dumps(str(dataset.parent / "left.png"))}\n'
    path.write_text(f"{text}{tables}", encoding="utf-8")
    return path


def test_the_region_stands_beside_the_checkpoint_and_deployment_needs_it(in_part):
    finished = run(in_part)
    config = read_json(finished.folder / "artifacts/infer_config.json")
    entry = config["per_category"]["part"]
    content = (finished.folder / "artifacts" / entry["region"]["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["region"]["sha256"]
    assert ["region", "tiling"] == config["requires"]
    assert {"overlap": 0.25, "scale": 1.0} == entry["preprocessing"]["tiling"]
    assert 0.5 == finished.report.per_category["part"].region.share
    assert read_json(finished.folder / "config.json")["dataset"]["tiling"]["max_train_tiles"] == 5000


def opened_again(finished, target):
    """The directory of a finished run while it was unfinished."""
    shutil.copytree(finished.folder, target.with_name(f"{target.name}.partial"))
    origin = read_artifact(finished.folder / "run.json", RunOrigin)
    return RunDirectory(target, origin, RunConfig())


def test_a_finished_category_counts_only_with_its_region(in_part, tmp_path):
    finished = run(in_part)
    directory = opened_again(finished, tmp_path / "again")
    assert finished.report.per_category["part"] == directory.finished_category("part")
    (directory.folder / "checkpoints/part/region.png").unlink()
    assert directory.finished_category("part") is None


def test_a_finished_category_counts_only_with_its_checkpoint(finished, tmp_path):
    directory = opened_again(finished, tmp_path / "run")
    assert directory.finished_category("part") == finished.report.per_category["part"]
    checkpoint = directory.folder / "checkpoints/part/model.onnx"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    assert directory.finished_category("part") is None
    checkpoint.unlink()
    assert directory.finished_category("part") is None

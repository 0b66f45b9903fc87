"""A trained model on a site: drift of its images is told, and thresholds are set anew on them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import define
from PIL import Image, ImageEnhance

BIN = Path(sys.executable).parent


def run(command, *arguments):
    result = subprocess.run(
        [BIN / command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result


def infer(config, *arguments):
    return run("pyimgano-infer", "--infer-config", config, *arguments)


@define
class Site:
    """A deployed config, the images that it was calibrated on, and good parts in brighter light."""

    config: Path
    calibration: Path
    brighter: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    config = {
        "dataset": {"name": "demo", "root": str(folder / "demo"), "category": "gear", "resize": [64, 64]},
        "model": {"name": "padim", "device": "cpu"},
        "evaluation": {"bootstrap_replicates": 0},
        "output": {"output_dir": str(folder / "run")},
    }
    (folder / "config.json").write_text(json.dumps(config))
    run("pyimgano-train", "--config", folder / "config.json", "--export-infer-config")
    lines = (folder / "run/categories/gear/calibration.jsonl").read_text().splitlines()
    rows = [{"image_path": json.loads(line)["input"], "category": "gear"} for line in lines]
    (folder / "demo/normals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    brighter = folder / "brighter"
    brighter.mkdir()
    for path in (folder / "demo/gear/test/good").iterdir():
        with Image.open(path) as image:
            ImageEnhance.Brightness(image).enhance(1.6).save(brighter / path.name)
    return Site(folder / "run/artifacts/infer_config.json", folder / "demo/normals.jsonl", brighter)


def part_of(config):
    return json.loads(config.read_text())["per_category"]["gear"]


def test_the_images_of_the_calibration_do_not_drift_and_brighter_ones_do(site, tmp_path):
    same = infer(site.config, "--summary", tmp_path / "s.json", site.calibration)
    drift = json.loads((tmp_path / "s.json").read_text())["drift"]
    assert {each["quantity"]: each["statistic"] for each in drift} == dict.fromkeys(
        ("score", "brightness", "sharpness", "height", "width"), 0.0
    )
    assert "at calibration" not in same.stderr
    assert "brightness is higher than at calibration" in infer(site.config, site.brighter).stderr


def test_a_calibration_on_the_runs_own_images_gives_its_own_thresholds(site, tmp_path):
    infer(site.config, "--calibrate", site.calibration, "--out", tmp_path / "new.json")
    old, new = part_of(site.config), part_of(tmp_path / "new.json")
    for name in ("threshold", "pixel_threshold"):
        assert new[name]["value"] == old[name]["value"]
        assert new[name]["provenance"]["calibration_sha256"] == old[name]["provenance"]["calibration_sha256"]
    assert new["reference"] == old["reference"]


def test_a_calibration_on_other_images_changes_thresholds_and_no_score(site, tmp_path):
    new = tmp_path / "site" / "new.json"
    told = infer(site.config, "--calibrate", site.brighter, "--out", new).stdout
    assert "12 normal images, 0 failed" in told
    assert part_of(new)["threshold"]["value"] != part_of(site.config)["threshold"]["value"]
    infer(new, "--verify")
    before, after = (
        [json.loads(line) for line in infer(config, site.brighter).stdout.splitlines()]
        for config in (site.config, new)
    )
    assert [line["score"] for line in after] == [line["score"] for line in before]
    assert {line["label"] for line in after} == {"normal"}
    assert "at calibration" not in infer(new, site.brighter).stderr

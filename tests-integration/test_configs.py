"""The recipes and the configs that are shipped hold together, and do what their comments say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
from PIL import Image

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.configfile import merge, read_document
from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.detectors import create_detector
from pyimgano_core.recipes import list_recipes, load_recipe, load_run_config

CONFIGS = Path(__file__).parents[1] / "configs"
RECIPES = [recipe.name for recipe in list_recipes()]
NAMES = sorted(path.stem for path in CONFIGS.glob("*.toml") if not path.name.startswith("suite-"))
WEIGHT_FREE = {"demo", "no-weights", "normal-only", "tiny"}


def run_train(*arguments):
    """Run the program and return what it printed."""
    script = Path(sys.executable).with_name("pyimgano-train")
    return subprocess.run([script, *arguments], capture_output=True, text=True, check=True).stdout


def source(kind, name):
    """The options that choose a recipe or a config."""
    return (f"--{kind}", name if kind == "recipe" else str(CONFIGS / f"{name}.toml"))


SHIPPED = [("recipe", name) for name in RECIPES] + [("config", name) for name in NAMES]


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_recipe_and_config_can_be_run_dry_as_it_is(kind, name):
    printed = json.loads(run_train(*source(kind, name), "--dry-run"))["config"]
    weights = printed["model"]["features"]["weights"]
    assert (None if name in WEIGHT_FREE else "pretrained") == weights


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_when_to_choose_it_and_what_it_costs(name):
    text = load_recipe(name).text
    assert "# Choose it " in text
    assert "# Costs: " in text


@pytest.mark.parametrize("name", sorted({*NAMES, *RECIPES} - {"demo"}))
def test_a_config_is_the_recipe_of_its_name_written_out(name):
    document = read_document(CONFIGS / f"{name}.toml")
    assert document == merge(document, load_recipe(name).settings)


@pytest.mark.parametrize("name", RECIPES)
def test_the_backbone_of_every_recipe_takes_its_layers_and_its_image_size(name):
    config = load_run_config(None, [f"recipe={name}"])
    detector = create_detector(config.model, CONFIGS)
    assert detector.predict_memory(25, config.dataset.resize).fit_mb > 0


@pytest.mark.parametrize("name", sorted({*RECIPES} - WEIGHT_FREE))
def test_timm_s_hub_has_the_weights_of_every_recipe_that_asks_for_them(name):
    assert load_recipe(name).settings["model"]["features"]["backbone"] in timm.list_pretrained()


def test_few_shot_remembers_every_patch_of_about_forty_images():
    config = load_run_config(None, ["recipe=few-shot"])
    detector = create_detector(config.model, CONFIGS)
    positions, channels = (448 // 14) ** 2, 384
    assert 39 == min(detector.affordable(channels), detector.candidates) // positions


@pytest.fixture
def normals(tmp_path):
    """A manifest of 80 normal images, none of which has a split."""
    rng = np.random.default_rng(0)
    for number in range(80):
        pixels = rng.normal(110, 6, (64, 64, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    lines = [{"image_path": f"{number}.png", "category": "part"} for number in range(80)]
    path = tmp_path / "manifest.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_normal_only_measures_false_alarms_and_certifies_its_threshold_from_80_images(normals, tmp_path):
    settings = {
        "dataset.manifest_path": normals,
        "dataset.resize": [64, 64],
        "model.name": "subspace",
        "output.output_dir": tmp_path / "run",
    }
    run_train(
        *source("config", "normal-only"),
        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
    )
    report = read_artifact(tmp_path / "run/categories/part/report.json", CategoryReport)
    results, threshold = report.results, report.threshold
    assert (None, None) == (results.auroc, results.miss_rate.rate)
    assert (16, 20) == (results.false_alarm_rate.total, report.dataset_summary.calibration_count)
    assert "conformal" == threshold.provenance.method
    assert threshold.provenance.certificate.level <= 0.05
    assert report.review_threshold.value < threshold.value


@pytest.mark.parametrize("folder", ["photos", "project"])
def test_what_init_writes_beside_the_images_or_elsewhere_passes_the_data_check(tmp_path, folder):
    rng = np.random.default_rng(0)
    for name in ("good/1", "good/2", "good/3", "good/4", "good/5", "crack/6"):
        path = tmp_path / "photos" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    (tmp_path / "photos/masks").mkdir()
    Image.fromarray(np.diag(np.full(64, 255, np.uint8))).save(tmp_path / "photos/masks/6.png")
    run_train("--init", str(tmp_path / folder), "--root", str(tmp_path / "photos"))
    check = Path(sys.executable).with_name("pyimgano-preflight")
    told = subprocess.run(
        [check, "check", tmp_path / folder / "config.toml"], capture_output=True, text=True, check=False
    )
    assert (0, "") == (told.returncode, told.stderr), told.stdout

"""A run whose images are no longer those of calibration says so, however it was run."""

import json

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.drift import reference_sample
from pyimgano_infer._config import read_config

QUANTITIES = ("score", "brightness", "sharpness", "height", "width")


@pytest.fixture
def known(make_config):
    """Return a function that makes a config whose calibration images were grey, 90 to 110, and 20 x 30."""

    def make(*categories):
        path = make_config(*categories)
        config = read_config(path)
        greys = np.linspace(90.0, 110.0, 41)
        values = (greys / 255, greys, [0.0], [20.0] * 41, [30.0] * 41)
        reference = {name: reference_sample(each) for name, each in zip(QUANTITIES, values, strict=True)}
        models = {name: evolve(model, reference=reference) for name, model in config.per_category.items()}
        write_artifact(path, evolve(config, per_category=models))
        return path

    return make


def scored(run_infer, config, images, tmp_path, *options):
    done = run_infer("--infer-config", config, "--summary", tmp_path / "s.json", *options, *images)
    return done, json.loads((tmp_path / "s.json").read_text())["drift"]


def test_images_like_those_of_calibration_give_no_note(run_infer, known, grey, tmp_path):
    images = [grey(f"{value}.png", value) for value in range(90, 111)]
    done, drift = scored(run_infer, known(), images, tmp_path)
    assert "note" not in done.err
    assert "--calibrate" not in done.err
    assert dict.fromkeys(QUANTITIES, False) == {each["quantity"]: each["drifted"] for each in drift}
    assert {(21, 41), (21, 1)} == {(each["count"], each["reference_count"]) for each in drift}


def test_what_drifted_is_named_with_test_and_effect(run_infer, known, grey, tmp_path):
    images = [grey(f"{value}.png", value, size=(20, 31)) for value in range(120, 141)]
    done, drift = scored(run_infer, known(), images, tmp_path)
    assert {"score", "brightness", "width"} == {each["quantity"] for each in drift if each["drifted"]}
    brightness = next(each for each in drift if each["quantity"] == "brightness")
    assert ("two-sample Kolmogorov-Smirnov", 1.0, "Cliff's delta", 1.0) == tuple(
        brightness[name] for name in ("test", "statistic", "effect_name", "effect")
    )
    assert brightness["p_value"] < 0.001
    assert "note: category 'part': brightness is higher than at calibration" in done.err
    assert 3 == done.err.count("note:")
    assert ["note", "note", "note", "try next"] == [line.split(":")[0] for line in done.err.splitlines()[:4]]
    assert "--calibrate sets the thresholds anew" in done.err


def test_a_config_that_does_not_know_its_calibration_images_compares_nothing(
    run_infer, config, grey, tmp_path
):
    _, drift = scored(run_infer, config, [grey("a.png", 9)], tmp_path)
    assert [] == drift


def test_failures_do_not_count_and_a_run_without_a_score_compares_nothing(run_infer, known, grey, tmp_path):
    config = known()
    _, drift = scored(run_infer, config, [tmp_path / "absent.png"], tmp_path)
    assert [] == drift
    _, drift = scored(run_infer, config, [grey("a.png", 100), tmp_path / "absent.png"], tmp_path)
    assert {1} == {each["count"] for each in drift}


def test_each_category_is_compared_with_its_own(run_infer, known, grey, manifest, tmp_path):
    for value in range(90, 111):
        grey(f"bolt/{value}.png", value)
        grey(f"nut/{value}.png", value + 60)
    rows = manifest(
        *(
            {"image_path": f"{name}/{value}.png", "category": name}
            for name in ("bolt", "nut")
            for value in range(90, 111)
        )
    )
    done, drift = scored(run_infer, known("bolt", "nut", "screw"), [rows], tmp_path)
    assert {("nut", "score"), ("nut", "brightness")} == {
        (each["category"], each["quantity"]) for each in drift if each["drifted"]
    }
    assert {"bolt", "nut"} == {each["category"] for each in drift}
    assert "category 'bolt'" not in done.err


def test_it_does_not_depend_on_how_the_run_was_cut(run_infer, known, grey, tmp_path):
    config = known()
    images = [grey(f"{value}.png", value) for value in range(100, 121)]
    _, whole = scored(run_infer, config, images, tmp_path)
    output = ["--output", tmp_path / "out.jsonl", "--num-shards", 2, "--shard-index"]
    run_infer("--infer-config", config, *output, 0, *images)
    last, joined = scored(run_infer, config, images, tmp_path, *output, 1)
    assert whole == joined
    assert "note: category 'part'" in last.err

import json

import pytest

from pyimgano_infer._verify import describe, verify


def problems(config):
    return {found.category: found.problem for found in verify(config)}


def test_a_whole_config_has_no_problems(make_config):
    assert {"bolt": None, "nut": None} == problems(make_config("bolt", "nut"))


def test_all_categories_are_checked_though_the_first_is_bad(make_config, tmp_path):
    config = make_config("bolt", "nut")
    (tmp_path / "run" / "checkpoints" / "bolt" / "model.onnx").unlink()
    found = problems(config)
    assert "no such file" in found["bolt"]
    assert found["nut"] is None


def test_a_score_that_differs_on_this_host_is_a_problem(edit_config):
    def shift(part):
        part["self_test"]["score"] += 0.25

    assert "self-test" in problems(edit_config(shift))["part"]


def table(config):
    """The lines of the second table: the thresholds."""
    return [" ".join(line.split()) for line in describe(verify(config)).split("\n\n")[1].splitlines()[1:]]


def test_thresholds_are_told_with_method_and_minimum_area(make_config):
    assert [
        "part image 0.5 quantile - -",
        "part review 0.25 quantile - -",
        "part pixel 0.75 quantile - 5",
    ] == table(make_config(review=0.25, pixel_threshold=0.75, minimum_area=5))


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ({"target": 0.01, "level": 0.0098}, "0.0098"),
        ({"level": 0.01, "confidence": 0.95}, "0.01 (confidence 0.95)"),
        ({"target": 0.01, "level": 0.0476, "reason": "too_few_normals"}, "0.0476 (too_few_normals)"),
        ({"reason": "method_assumes_a_distribution"}, "none: method_assumes_a_distribution"),
        ({}, "none"),
    ],
)
def test_the_certified_rate_is_told_or_why_there_is_none(edit_config, certificate, told):
    config = edit_config(lambda part: part["threshold"]["provenance"].update(certificate=certificate))
    assert f"part image 0.5 quantile {told} -" == table(config)[0]


def test_a_method_that_took_another_s_place_is_told(edit_config):
    config = edit_config(lambda part: part["threshold"]["provenance"].update(requested="conformal"))
    assert "part image 0.5 quantile, not conformal - -" == table(config)[0]


def test_a_threshold_without_a_value_says_why(edit_config):
    def remove(part):
        part["threshold"].update(value=None)
        part["threshold"]["provenance"].update(reason="no_calibration_images")

    assert "part image - quantile: no_calibration_images - -" == table(edit_config(remove))[0]


def test_json_holds_the_whole_provenance(run_infer, config):
    document = json.loads(run_infer("--infer-config", config, "--verify", "--json").out)
    expected = json.loads(config.read_text())["per_category"]["part"]
    found = document["categories"][0]
    assert {"image": expected["threshold"], "pixel": expected["pixel_threshold"]} == found["thresholds"]
    assert (expected["threshold"]["value"], expected["pixel_threshold"]["value"]) == (
        found["threshold"],
        found["pixel_threshold"],
    )

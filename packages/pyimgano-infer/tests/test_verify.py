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
        "part pixel 0.75 quantile 5 -",
    ] == table(make_config(review=0.25, pixel_threshold=0.75, minimum_area=5))


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ({"target": 0.01, "level": 0.0098}, "0.98 % on average"),
        ({"level": 0.01, "confidence": 0.95}, "1 % with 95 % confidence"),
        ({"reason": "fixed_by_config"}, "none: the threshold was fixed and not calibrated"),
    ],
)
def test_the_certified_rate_is_told_in_words_or_why_there_is_none(edit_config, certificate, told):
    config = edit_config(lambda part: part["threshold"]["provenance"].update(certificate=certificate))
    assert f"part image 0.5 quantile - {told}" == table(config)[0]


def test_a_method_that_took_another_s_place_is_told_with_the_reason(edit_config):
    step = {
        "method": "conformal",
        "reason": "too_few_normals",
        "message": "too few",
        "needed": 9,
        "available": 5,
    }

    def replace(part):
        part["threshold"]["provenance"].update(requested="conformal", quantile=0.9, fallbacks=[step])

    config = edit_config(replace)
    assert "part image 0.5 quantile 0.9, not conformal - -" == table(config)[0]
    told = describe(verify(config)).split("\n\n")[2]
    assert "part: image threshold: too few; quantile 0.9 instead (4 more would do, or ask" in told


def test_a_threshold_without_a_value_says_why(edit_config):
    def remove(part):
        part["threshold"].update(value=None)
        part["threshold"]["provenance"].update(reason="no_calibration_images")

    config = edit_config(remove)
    assert "part image - quantile - -" == table(config)[0]
    assert "image threshold: there is none: there are no calibration images" in describe(verify(config))


def test_a_self_test_passed_or_failed_or_was_not_run(make_config, edit_config, tmp_path):
    def shift(part):
        part["self_test"]["score"] += 0.25

    def remove(part):
        del part["self_test"]

    def state(config):
        return describe(verify(config)).splitlines()[1].split(maxsplit=2)[1:]

    assert ["yes", "passed"] == state(make_config(folder=tmp_path / "whole"))
    failed = edit_config(shift)
    assert ["NO", "FAILED"] == state(failed)
    assert "category 'part': self-test failed: the score of" in problems(failed)["part"]
    assert ["yes", "none"] == state(edit_config(remove))


def test_a_checkpoint_that_is_missing_has_no_self_test(make_config, tmp_path):
    config = make_config("bolt")
    (tmp_path / "run" / "checkpoints" / "bolt" / "model.onnx").unlink()
    assert "bolt NO not run" == " ".join(describe(verify(config)).splitlines()[1].split())


def test_json_holds_the_whole_provenance(run_infer, config):
    document = json.loads(run_infer("--infer-config", config, "--verify", "--json").out)
    expected = json.loads(config.read_text())["per_category"]["part"]
    found = document["categories"][0]
    assert {"image": expected["threshold"], "pixel": expected["pixel_threshold"]} == found["thresholds"]
    assert (expected["threshold"]["value"], expected["pixel_threshold"]["value"]) == (
        found["threshold"],
        found["pixel_threshold"],
    )

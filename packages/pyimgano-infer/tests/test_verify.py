import json

import numpy as np
import onnxruntime
import pytest

from pyimgano_infer._verify import describe, verify


def problems(config):
    return {found.category: found.problems for found in verify(config)}


def test_a_whole_config_has_no_problems(make_config):
    assert {"bolt": (), "nut": ()} == problems(make_config("bolt", "nut"))


def test_all_categories_are_checked_though_the_first_is_bad(make_config, tmp_path):
    config = make_config("bolt", "nut")
    (tmp_path / "run" / "checkpoints" / "bolt" / "model.onnx").unlink()
    found = problems(config)
    assert "no such file" in found["bolt"][0]
    assert () == found["nut"]


def test_a_score_that_differs_on_this_host_is_a_problem(edit_config):
    def shift(part):
        part["self_test"]["score"] += 0.25

    assert "self-test" in problems(edit_config(shift))["part"][0]


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
        return describe(verify(config)).splitlines()[1].split()[1:3]

    assert ["yes", "passed"] == state(make_config(folder=tmp_path / "whole"))
    failed = edit_config(shift)
    assert ["NO", "FAILED"] == state(failed)
    assert problems(failed)["part"][0].startswith("category 'part': self-test failed: the score of")
    assert ["yes", "none"] == state(edit_config(remove))


def test_a_checkpoint_that_is_missing_has_no_self_test(make_config, tmp_path):
    config = make_config("bolt")
    (tmp_path / "run" / "checkpoints" / "bolt" / "model.onnx").unlink()
    assert "bolt NO not run -" == " ".join(describe(verify(config)).splitlines()[1].split())


def test_json_holds_the_whole_provenance(run_infer, config):
    document = json.loads(run_infer("--infer-config", config, "--verify", "--json").out)
    expected = json.loads(config.read_text())["per_category"]["part"]
    found = document["categories"][0]
    assert {"image": expected["threshold"], "pixel": expected["pixel_threshold"]} == found["thresholds"]
    assert (expected["threshold"]["value"], expected["pixel_threshold"]["value"]) == (
        found["threshold"],
        found["pixel_threshold"],
    )


def test_all_that_is_wrong_is_told_and_not_the_first_of_it_alone(make_config, tmp_path):
    config = make_config(region=np.eye(8, dtype=bool))
    document = json.loads(config.read_text())
    part = document["per_category"]["part"]
    part |= {"min_versions": {"onnxruntime": "99", "pyimgano-core": "98"}}
    part["self_test"] |= {"score": 7.0, "map_maximum": 8.0}
    config.write_text(json.dumps(document))
    region = tmp_path / "run" / "checkpoints" / "part" / "region.png"
    region.write_bytes(bytes(region.stat().st_size))
    found = problems(config)["part"]
    told = [
        "99 or later",
        "98 or later",
        "region.png: its sha256",
        "the score of the probe",
        "the map_maximum",
    ]
    assert len(told) == len(found)
    assert all(text in problem for text, problem in zip(told, found, strict=True))


def run_by(provider, package="onnxruntime", version=onnxruntime.__version__):
    def change(part):
        part["self_test"]["runtime"] = {"package": package, "version": version, "provider": provider}

    return change


def test_the_runtime_of_the_calibration_is_no_difference(config):
    [found] = verify(config)
    assert found.runtime == found.calibrated_with
    assert () == found.differs
    assert "calibrated with" not in describe([found])


@pytest.mark.parametrize(
    "recorded", [run_by("CUDAExecutionProvider"), run_by("CPUExecutionProvider", version="1.0.0")]
)
def test_another_runtime_than_that_of_the_calibration_is_flagged(edit_config, recorded):
    [found] = verify(edit_config(recorded))
    assert () == found.problems
    [difference] = found.differs
    assert difference.startswith("calibrated with onnxruntime 1.")
    assert difference.endswith(
        f", run with onnxruntime {onnxruntime.__version__} (CPUExecutionProvider) here"
    )
    assert difference in describe([found])


def test_a_config_of_an_older_version_is_verified_and_names_no_runtime(edit_config):
    [found] = verify(edit_config(lambda part: part["self_test"].pop("runtime")))
    assert ((), (), True, None) == (
        found.problems,
        found.differs,
        found.self_test_passed,
        found.calibrated_with,
    )


def test_openvino_is_verified_and_told_in_json(run_infer, config):
    pytest.importorskip("openvino")
    done = run_infer("--infer-config", config, "--verify", "--device", "openvino", "--json")
    [found] = json.loads(done.out)["categories"]
    assert (0, "openvino", "CPU") == (done.code, found["runtime"]["package"], found["runtime"]["provider"])
    assert "CPUExecutionProvider" == found["calibrated_with"]["provider"]
    assert 1 == len(found["differs"])


def test_a_device_that_is_missing_is_no_fault_of_the_config(run_infer, config):
    done = run_infer("--infer-config", config, "--verify", "--device", "cuda")
    assert (74, "") == (done.code, done.out)
    assert "Error: --device cuda: " in done.err


def test_two_distributions_of_the_runtime_are_flagged(run_infer, config, tmp_path, monkeypatch):
    for name in ("onnxruntime", "onnxruntime_gpu"):
        folder = tmp_path / f"{name}-1.31.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.31.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    done = run_infer("--infer-config", config, "--verify")
    assert 0 == done.code
    assert "part: onnxruntime and onnxruntime-gpu are installed in one environment and overwrite" in done.out

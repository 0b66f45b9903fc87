"""Calibration on site: the same model with thresholds of its own, in a config of its own."""

import hashlib
import json
import os
import signal
import time
from operator import itemgetter

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.config import ReviewConfig, ThresholdConfig
from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.evaluation import CalibrationScores
from pyimgano_core.scoring.files import score_file
from pyimgano_core.thresholds import CalibrationOrigin
from pyimgano_infer._config import read_config
from pyimgano_infer._models import load_one

RULE = ThresholdConfig(alpha=0.1)  # conformal: 9 normals are enough


@pytest.fixture
def ruled(make_config):
    """Return a function that makes a config whose thresholds come from images by a rule."""

    def make(*categories, rule=RULE, **options):
        path = make_config(*categories, **options)
        write_artifact(path, evolve(read_config(path), threshold_rule=rule))
        return path

    return make


@pytest.fixture
def noisy(tmp_path):
    """Return a function that writes images of noise around a grey and gives their folder."""

    def write(name, level, count=12):
        folder = tmp_path / name
        folder.mkdir()
        rng = np.random.default_rng(level)
        for index in range(count):
            pixels = np.clip(rng.normal(level + index, 9, (20, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{index:02d}.png")
        return folder

    return write


def calibrated(run_infer, config, normals, out, *options):
    done = run_infer("--infer-config", config, "--calibrate", normals, "--out", out, *options)
    assert 0 == done.code, done.err
    return read_config(out).per_category


def test_thresholds_are_those_of_the_rule_on_the_images(run_infer, ruled, noisy, tmp_path):
    config, normals = ruled(rule=evolve(RULE, review=ReviewConfig(alpha=0.3)), review=0.4), noisy("good", 60)
    part = calibrated(run_infer, config, normals, tmp_path / "new.json")["part"]
    model, scores = load_one(config, None), CalibrationScores(read_config(config).threshold_rule)
    for path in sorted(normals.iterdir()):
        scores.add(score_file(path, scorer=model.scorer, preprocessing=model.preprocessing))
    expected = scores.thresholds(CalibrationOrigin(source="site", disjoint_from_train=None))
    values = (expected.image.value, expected.pixel.value, expected.review.value)
    assert values == (part.threshold.value, part.pixel_threshold.value, part.review_threshold.value)
    assert values[2] < values[0] < 0.5
    assert scores.reference() == part.reference
    assert {"score", "brightness", "sharpness", "height", "width"} == set(part.reference)


def test_normals_are_named_as_inputs_are(run_infer, ruled, noisy, manifest, tmp_path, monkeypatch):
    config, folder = ruled(), noisy("good", 60)
    rows = [{"image_path": f"good/{path.name}", "category": "part"} for path in folder.iterdir()]
    named = [folder, folder / "*.png", manifest(*rows)]
    found = [
        calibrated(run_infer, config, normals, tmp_path / f"{index}.json")["part"].threshold
        for index, normals in enumerate(named)
    ]
    names = tmp_path / "list"
    names.write_text("\0".join(map(str, folder.iterdir())))
    with names.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        out = tmp_path / "listed.json"
        found.append(calibrated(run_infer, config, "-", out, "--null")["part"].threshold)
    assert 1 == len({(each.value, each.provenance.calibration_sha256) for each in found})


def test_the_provenance_tells_of_the_site_and_certifies_nothing(run_infer, ruled, noisy, tmp_path):
    config, normals = ruled(), noisy("good", 60)
    (normals / "copy.png").write_bytes((normals / "00.png").read_bytes())
    part = calibrated(run_infer, config, normals, tmp_path / "new.json")["part"]
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in normals.iterdir()]
    for threshold in (part.threshold, part.pixel_threshold):
        origin = threshold.provenance
        assert ("site", "conformal", 13, 12) == (
            origin.source,
            origin.method,
            origin.calibration_count,
            origin.calibration_distinct_count,
        )
        assert hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest() == origin.calibration_sha256
        assert part.checkpoint.sha256 == origin.checkpoint_sha256
        assert (None, None, None) == (origin.disjoint_from_train, origin.test_rate, origin.split_sha256)
        assert (None, "unknown_images") == (origin.certificate.level, origin.certificate.reason)
        assert "onnxruntime" in origin.versions


def test_the_new_config_names_its_parent_and_keeps_all_else(run_infer, ruled, noisy, tmp_path):
    config = ruled("bolt", "nut")
    document = json.loads(config.read_text())
    document["per_category"]["nut"]["of_a_later_version"] = [1]
    config.write_text(json.dumps(document))
    out = tmp_path / "site" / "line 3.json"
    new = calibrated(run_infer, config, noisy("good", 60), out, "--category", "nut")
    written, old = json.loads(out.read_text()), read_config(config)
    assert {
        "sha256": hashlib.sha256(config.read_bytes()).hexdigest(),
        "name": "infer_config.json",
    } == written["parent"]
    assert [1] == written["per_category"]["nut"]["of_a_later_version"]
    assert old.per_category["bolt"].threshold == new["bolt"].threshold
    assert old.per_category["nut"].threshold != new["nut"].threshold
    assert old.threshold_rule == read_config(out).threshold_rule
    assert "run" == written["from_run"]


@pytest.mark.parametrize("place", ["site/new.json", "run/artifacts/new.json", "new.json"])
def test_the_new_config_works_where_it_is(run_infer, ruled, noisy, tmp_path, place, monkeypatch):
    config, normals, out = ruled(), noisy("good", 60), tmp_path / place
    calibrated(run_infer, config, normals, out)
    monkeypatch.chdir(out.parent)
    verified = run_infer("--infer-config", out.name, "--verify")
    assert 0 == verified.code, verified.err
    before, after = (run_infer("--infer-config", path, normals).lines for path in (config, out))
    assert [line["score"] for line in before] == [line["score"] for line in after]
    assert [0.5] != [line["threshold"] for line in after][:1]


def test_a_path_through_links_leads_to_the_same_file(run_infer, ruled, noisy, tmp_path):
    config = ruled()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er", target_is_directory=True)
    (tmp_path / "current").symlink_to(tmp_path / "run", target_is_directory=True)
    through = tmp_path / "current" / "artifacts" / config.name
    calibrated(run_infer, through, noisy("good", 60), tmp_path / "link" / "new.json")
    for place in ("link", "deep/er"):
        assert 0 == run_infer("--infer-config", tmp_path / place / "new.json", "--verify").code
    calibrated(run_infer, through, tmp_path / "good", tmp_path / "new.json")
    path = read_config(tmp_path / "new.json").per_category["part"].checkpoint.path
    assert "current/checkpoints/part/model.onnx" == path  # not the release that it leads to today


def test_an_absolute_path_stays_absolute(run_infer, noisy, edit_config, tmp_path):
    checkpoint = tmp_path / "run" / "checkpoints" / "part" / "model.onnx"
    config = edit_config(lambda part: part["checkpoint"].update(path=str(checkpoint)))
    write_artifact(config, evolve(read_config(config), threshold_rule=RULE))
    part = calibrated(run_infer, config, noisy("good", 60), tmp_path / "site" / "new.json")["part"]
    assert str(checkpoint) == part.checkpoint.path


def test_the_calibration_images_do_not_drift_and_brighter_ones_do(run_infer, ruled, noisy, tmp_path):
    out = tmp_path / "new.json"
    calibrated(run_infer, ruled(), noisy("good", 60, count=30), out)
    same = run_infer("--infer-config", out, "--summary", tmp_path / "s.json", tmp_path / "good")
    assert "note" not in same.err
    drift = json.loads((tmp_path / "s.json").read_text())["drift"]
    assert {("part", name): 0.0 for name in ("score", "brightness", "sharpness", "height", "width")} == {
        (each["category"], each["quantity"]): each["statistic"] for each in drift
    }
    brighter = run_infer("--infer-config", out, noisy("late", 120, count=30))
    assert "note: category 'part': brightness is higher than at calibration" in brighter.err


def test_a_calibrated_config_can_be_calibrated_again(run_infer, ruled, noisy, tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    calibrated(run_infer, ruled(), noisy("good", 60), first)
    calibrated(run_infer, first, noisy("late", 90), second)
    assert hashlib.sha256(first.read_bytes()).hexdigest() == read_config(second).parent.sha256


def test_a_table_tells_old_and_new(run_infer, ruled, noisy, tmp_path):
    config, normals = ruled(threshold=0.25), noisy("good", 60)
    done = run_infer("--infer-config", config, "--calibrate", normals, "--out", tmp_path / "new.json")
    flagged = sum(line["score"] >= 0.25 for line in run_infer("--infer-config", config, normals).lines)
    assert 0 < flagged < 12
    image = next(line for line in done.out.splitlines() if line.startswith("image")).split()
    new = read_config(tmp_path / "new.json").per_category["part"].threshold
    assert ["0.25", str(flagged), f"{new.value:.6g}", "0", "12", "conformal"] == image[1:7]
    assert "12 normal images, 0 failed" in done.out
    assert done.out.endswith(f"new config: {tmp_path / 'new.json'}\n")


def test_many_that_were_anomalous_so_far_call_for_a_look(run_infer, ruled, noisy, tmp_path):
    config, normals = ruled(), noisy("good", 60)
    lines = sorted(run_infer("--infer-config", config, normals).lines, key=itemgetter("score"))
    document = json.loads(config.read_text())
    told = []
    for count in (1, 2):
        document["per_category"]["part"]["threshold"]["value"] = lines[-count]["score"]
        config.write_text(json.dumps(document))
        out = tmp_path / f"{count}.json"
        told.append(run_infer("--infer-config", config, "--calibrate", normals, "--out", out).out)
    assert "Look at those" not in told[0]
    assert "part: the old threshold flags 2 of these 12 images" in told[1]
    assert f"first {lines[-1]['input']} ({lines[-1]['score']:.4g})" in told[1]


def test_json_holds_both_provenances(run_infer, ruled, noisy, tmp_path):
    config, out = ruled(), tmp_path / "new.json"
    done = run_infer("--infer-config", config, "--calibrate", noisy("good", 60), "--out", out, "--json")
    document = json.loads(done.out)
    entry = json.loads(out.read_text())["per_category"]["part"]
    assert {"image": entry["threshold"], "pixel": entry["pixel_threshold"]} == document["after"]
    assert {"image": 0.5, "pixel": 0.5} == {k: v["value"] for k, v in document["before"].items()}
    assert ("part", 12, 0, str(out)) == tuple(
        document[name] for name in ("category", "n_normals", "n_failed", "infer_config")
    )


def test_too_few_normals_fall_back_and_it_is_said(run_infer, ruled, noisy, tmp_path):
    config, normals = ruled(), noisy("good", 60, count=5)
    done = run_infer("--infer-config", config, "--calibrate", normals, "--out", tmp_path / "new.json")
    assert 0 == done.code
    origin = read_config(tmp_path / "new.json").per_category["part"].threshold.provenance
    assert ("quantile", "conformal") == (origin.method, origin.requested)
    assert "conformal at alpha 0.1 needs 9 calibration normals and has 5" in done.out


def test_images_that_fail_are_told_and_the_rest_counts(run_infer, ruled, noisy, tmp_path):
    normals = noisy("good", 60)
    (normals / "torn.png").write_bytes((normals / "00.png").read_bytes()[:50])
    done = run_infer("--infer-config", ruled(), "--calibrate", normals, "--out", tmp_path / "new.json")
    assert 4 == done.code
    assert 1 == done.err.count("torn.png")
    origin = read_config(tmp_path / "new.json").per_category["part"].threshold.provenance
    assert 12 == origin.calibration_count


def test_where_all_fail_nothing_is_written(run_infer, ruled, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"x")
    config, out = ruled(), tmp_path / "new.json"
    done = run_infer("--infer-config", config, "--calibrate", tmp_path / "bad", "--out", out)
    assert 4 == done.code
    assert "the only image could not be scored" in done.err
    assert not out.exists()


def test_anomalous_rows_are_refused_before_anything_is_scored(run_infer, ruled, noisy, manifest, tmp_path):
    noisy("good", 60, count=2)
    rows = [{"image_path": f"good/0{n}.png", "category": "part"} for n in range(2)]
    rows[1] |= {"split": "test", "label": 1}
    config, out = ruled(), tmp_path / "new.json"
    done = run_infer("--infer-config", config, "--calibrate", manifest(*rows), "--out", out)
    assert 64 == done.code
    assert "1 row of category 'part'" in done.err
    assert "'good/01.png'" in done.err
    assert not out.exists()


def test_groups_count_and_rows_of_other_categories_do_not(run_infer, ruled, noisy, manifest, tmp_path):
    noisy("good", 60)
    rows = [
        {"image_path": f"good/{n:02d}.png", "category": "part", "group_id": f"lot {n // 4}"}
        for n in range(12)
    ]
    rows.append({"image_path": "good/00.png", "category": "other", "label": 1, "split": "test"})
    config, out = ruled(), tmp_path / "new.json"
    done = run_infer("--infer-config", config, "--calibrate", manifest(*rows), "--out", out)
    assert 0 == done.code
    assert "other categories (1x)" in done.err
    origin = read_config(out).per_category["part"].threshold.provenance
    assert (12, 3) == (origin.calibration_count, origin.calibration_groups)


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ({"split": "train"}, (False, None, "fitted_images")),
        ({"split": "test", "label": 0}, (None, False, "unknown_images")),
        ({"split": "val"}, (None, None, "unknown_images")),
    ],
)
def test_rows_that_were_fitted_or_tested_are_known(
    run_infer, ruled, noisy, manifest, tmp_path, split, expected
):
    noisy("good", 60)
    rows = manifest(*({"image_path": f"good/{n:02d}.png", "category": "part", **split} for n in range(12)))
    origin = calibrated(run_infer, ruled(), rows, tmp_path / "new.json")["part"].threshold.provenance
    found = (origin.disjoint_from_train, origin.disjoint_from_test, origin.certificate.reason)
    assert expected == found


def test_a_review_band_without_width_is_left_out_and_told(run_infer, ruled, noisy, tmp_path):
    rule = evolve(RULE, review=ReviewConfig(alpha=0.01, quantile=0.999))
    config, out = ruled(rule=rule, review=0.4), tmp_path / "new.json"
    done = run_infer("--infer-config", config, "--calibrate", noisy("good", 60), "--out", out)
    assert 0 == done.code
    new = read_config(out)
    assert (None, ()) == (new.per_category["part"].review_threshold, new.requires)
    assert "review threshold: there is none: it would not begin below the threshold" in done.out


def test_a_model_that_gives_other_scores_here_is_not_calibrated(run_infer, edit_config, noisy, tmp_path):
    config = edit_config(lambda part: part["self_test"].update(score=0.9))
    write_artifact(config, evolve(read_config(config), threshold_rule=RULE))
    done = run_infer(
        "--infer-config", config, "--calibrate", noisy("good", 60), "--out", tmp_path / "new.json"
    )
    assert 5 == done.code
    assert "self-test" in done.err


def test_other_kernels_get_a_self_test_of_their_own(run_infer, edit_config, noisy, tmp_path):
    def of_another_runtime(part):
        part["self_test"].update(score=0.9)
        part["self_test"]["runtime"] = {"package": "openvino", "version": "1", "provider": "CPU"}

    config = edit_config(of_another_runtime)
    write_artifact(config, evolve(read_config(config), threshold_rule=RULE))
    part = calibrated(run_infer, config, noisy("good", 60), tmp_path / "new.json")["part"]
    assert isinstance(part.self_test.runtime, Runtime)
    assert "onnxruntime" == part.self_test.runtime.package
    assert 0 == run_infer("--infer-config", tmp_path / "new.json", "--verify").code


def test_a_config_without_a_rule_must_be_exported_again(run_infer, config, noisy, tmp_path):
    done = run_infer(
        "--infer-config", config, "--calibrate", noisy("good", 60), "--out", tmp_path / "new.json"
    )
    assert 64 == done.code
    assert "threshold_rule" in done.err


@pytest.mark.parametrize(
    ("out", "words"),
    [("run/artifacts/infer_config.json", "exists"), ("folder.json", "exists"), ("new.txt", ".json")],
)
def test_nothing_is_overwritten(run_infer, ruled, noisy, tmp_path, out, words):
    config = ruled()
    (tmp_path / "folder.json").mkdir()
    before = config.read_bytes()
    done = run_infer("--infer-config", config, "--calibrate", noisy("good", 60), "--out", tmp_path / out)
    assert 64 == done.code
    assert words in done.err
    assert before == config.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--calibrate", "good"], "--out"),
        (["--out", "new.json", "a.png"], "--calibrate"),
        (["--calibrate", "good", "--out", "new.json", "more.png"], "INPUT"),
        (["--calibrate", "good", "--out", "new.json", "--threshold", "1"], "--threshold"),
        (["--calibrate", "good", "--out", "new.json", "--verify"], "--verify"),
        (["--calibrate", "nowhere*", "--out", "new.json"], "no images"),
    ],
)
def test_what_can_t_be_meant_is_refused(run_infer, ruled, monkeypatch, tmp_path, arguments, word):
    monkeypatch.chdir(tmp_path)
    done = run_infer("--infer-config", ruled(), *arguments)
    assert 64 == done.code
    assert word in done.err
    assert not (tmp_path / "new.json").exists()


def test_several_categories_need_a_choice(run_infer, ruled, noisy, tmp_path):
    done = run_infer(
        "--infer-config", ruled("a", "b"), "--calibrate", noisy("good", 60), "--out", tmp_path / "new.json"
    )
    assert 64 == done.code
    assert "--category" in done.err


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_an_interrupt_leaves_nothing(start_infer, ruled, noisy, tmp_path):
    slow = (
        "import time\nfrom pyimgano_infer import _normals\nplain = _normals._score\n"
        "def score(item, model):\n    time.sleep(0.2)\n    open('begun', 'w').close()\n"
        "    return plain(item, model)\n"
        "_normals._score = score\n"
    )
    out = tmp_path / "site" / "new.json"
    arguments = ("--infer-config", ruled(), "--calibrate", noisy("good", 60, count=200), "--out", out)
    process = start_infer(*arguments, prelude=slow, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    assert "interrupted" in process.communicate()[1]
    assert 130 == process.returncode
    assert not out.parent.exists()

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import pyimgano_core
from pyimgano_preflight import runner
from pyimgano_preflight.checks import Check
from pyimgano_preflight.facts import _cache, _store
from pyimgano_preflight.rules import rule_issue

CONFIG = '[dataset]\nmanifest_path = "manifest.jsonl"\n[threshold]\nalpha = 0.5\n'


@pytest.fixture
def config(dataset):
    dataset.save()
    path = dataset.folder / "run.toml"
    path.write_text(CONFIG)
    return path


def test_a_sound_set_exits_with_0_and_ends_with_a_verdict(cli, config):
    result = cli("check", "--config", config)
    assert result.code == 0
    assert result.stdout.splitlines()[-1] == "0 errors, 0 warnings in 32 images: training can start"


def test_errors_exit_with_2_and_name_file_and_line(cli, config, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    result = cli("check", "--config", config)
    assert result.code == 2
    assert "error PF301 IMAGE_UNIDENTIFIED: 1" in result.stdout
    assert f"{dataset.manifest}:3: train/2.png: " in result.stdout


def test_warnings_exit_with_0_and_with_3_where_strict(cli, config):
    arguments = ("check", "--config", config, "--set", "threshold.alpha=0.01")
    assert cli(*arguments).code == 0
    assert cli(*arguments, "--strict").code == 3


def test_errors_beat_strict(cli, config, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    assert cli("check", "--config", config, "--set", "threshold.alpha=0.01", "--strict").code == 2


def test_information_is_no_reason_to_be_strict(cli, config, dataset):
    for row in dataset.rows:
        row.pop("mask_path", None)
    dataset.save()
    result = cli("check", "--config", config, "--strict", "--json")
    assert (result.code, result.document["preflight"]["status"]) == (0, "info")


def without_times(text):
    head, _, tail = text.partition('    "times": {')
    return head + tail.partition("    }")[2]


@pytest.mark.parametrize("profile", ["quick", "standard", "deep"])
def test_json_is_one_document_and_byte_identical_between_runs_apart_from_times(cli, config, dataset, profile):
    (dataset.folder / "train/2.png").write_text("text")
    arguments = ("check", "--config", config, "--profile", profile, "--json")
    first, second = (cli(*arguments, "--workers", workers).stdout for workers in (1, 7))
    assert list(json.loads(first)) == ["preflight"]
    assert json.loads(first)["preflight"]["profile"] == profile
    assert {"started", "seconds"} == set(json.loads(first)["preflight"]["times"])
    assert without_times(first) == without_times(second)


def keys_in_order(value):
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(map(keys_in_order, value.values()))
    return all(map(keys_in_order, value)) if isinstance(value, list) else True


def test_json_keeps_to_its_schema_with_keys_in_order(cli, config, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    jsonschema = pytest.importorskip("jsonschema")
    report = cli("check", "--config", config, "--format", "json").document["preflight"]
    folder = Path(pyimgano_core.__file__).parent / "schemas"
    jsonschema.Draft202012Validator(json.loads((folder / "preflight.json").read_text())).validate(report)
    assert keys_in_order(report)


FAILURES = {
    "no such config": (("--config", "none.toml"), 64, "PF905"),
    "broken config": (("--config", "broken.toml"), 64, "PF905"),
    "misspelt key": (("--config", "{config}", "--set", "dataset.categry=1"), 64, "PF905"),
    "unknown category": (("--config", "{config}", "--category", "other"), 64, "PF905"),
    "no such source": (("none",), 64, "PF905"),
    "nothing given": ((), 64, "PF905"),
    "missing manifest": (("--manifest", "none.jsonl"), 2, "PF101"),
    "missing root": (("--dataset", "mvtec", "--root", "none"), 2, "PF711"),
    "layout without root": (("--dataset", "mvtec"), 64, "PF905"),
    "bytes that are no text": (("--config", "binary.toml"), 64, "PF905"),
    "unknown detector": (("--config", "{config}", "--set", "model.name=none"), 2, "PF906"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_the_document_is_printed_whatever_happens(cli, config, failure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("[dataset")
    (tmp_path / "binary.toml").write_bytes(b"# \xff" * 9000)
    arguments, code, issue = FAILURES[failure]
    result = cli("check", *(argument.format(config=config) for argument in arguments), "--json")
    assert result.code == code
    assert result.document["preflight"]["status"] == "error"
    assert issue in result.document["preflight"]["summary"]["by_code"]
    assert "Traceback" not in result.stderr


def test_every_problem_of_a_config_is_an_issue_of_its_own(cli, config):
    config.write_text('[dataset]\nmanifest_path = 3\ncategry = "x"\n')
    result = cli("check", "--config", config, "--json")
    assert result.document["preflight"]["summary"]["by_code"] == {"PF905": 2}


def test_a_manifest_a_folder_and_a_config_are_told_apart(cli, config, dataset, tree):
    for source in (dataset.manifest, dataset.folder, config, tree.folder):
        result = cli("check", source, "--json")
        assert (source, result.code) == (source, 0)
        assert [c["category"] for c in result.document["preflight"]["categories"]] == ["part"]


def test_a_folder_of_images_alone_is_told_how_to_make_a_manifest(cli, dataset):
    folder = dataset.folder / "train"
    result = cli("check", folder)
    assert result.code == 64
    assert "holds no manifest.jsonl and no known layout" in result.stderr
    assert f"pyimgano-core manifest guess --root {folder} --output manifest.jsonl" in result.stderr


def test_a_source_and_an_option_contradict_each_other(cli, config, dataset):
    assert cli("check", dataset.manifest, "--config", config).code == 64


def test_a_manifest_is_named_as_it_was_given_beside_a_config(cli, config, dataset, monkeypatch):
    dataset.file("train/0.png").write_bytes(b"")
    dataset.save()
    monkeypatch.chdir(config.parent)
    manifest = os.path.relpath(dataset.manifest)
    result = cli("check", "--config", config.name, "--manifest", manifest, "--format", "concise")
    assert f"{manifest}:1: " in result.stdout
    assert str(dataset.manifest) not in result.stdout


def test_root_given_on_the_command_line_starts_from_the_current_folder(cli, config, dataset, monkeypatch):
    (dataset.folder / "images").mkdir()
    (dataset.folder / "train").rename(dataset.folder / "images/train")
    monkeypatch.chdir(dataset.folder / "images")
    assert cli("check", "--config", config, "--root", ".").code == 0


def test_one_category_can_be_checked(cli, dataset):
    dataset.rows += [{"image_path": "none.png", "category": "7", "split": "train"}]
    dataset.save()
    result = cli("check", dataset.manifest, "--category", "7", "--json")
    assert [c["category"] for c in result.document["preflight"]["categories"]] == ["7"]


def test_categories_are_listed(cli, dataset, tree):
    dataset.rows += [{"image_path": "none.png", "category": "b", "split": "train"}]
    dataset.save()
    assert cli("check", dataset.manifest, "--list-categories").stdout == "b\npart\n"
    assert cli("check", tree.folder, "--list-categories", "--json").document == {"categories": ["part"]}


def test_many_issues_of_a_code_show_the_first_and_the_number(cli, config, dataset):
    dataset.rows += [{"image_path": f"no/{i}.png", "category": "part", "split": "train"} for i in range(150)]
    dataset.save()
    result = cli("check", "--config", config)
    assert "error PF201 MANIFEST_MISSING_IMAGE: 150" in result.stdout
    assert "… and 145 more" in result.stdout
    assert "no/5.png" not in result.stdout


def test_the_table_says_why_pixel_metrics_are_off(cli, config, dataset):
    dataset.row("bad/0.png")["mask_path"] = None
    dataset.save()
    row = next(line for line in cli("check", "--config", config).stdout.splitlines() if line[:4] == "part")
    assert row.split() == ["part", "20", "4", "val", "8", "4", "3", "off:", "missing_masks"]


def test_a_name_that_is_not_utf_8_is_printed(cli, dataset):
    dataset.rows.append({"image_path": "none\udcff.png", "category": "part", "split": "train"})
    dataset.manifest.write_text("".join(json.dumps(row) + "\n" for row in dataset.rows))
    for arguments in ((), ("--json",)):
        result = cli("check", dataset.manifest, *arguments)
        assert result.code == 2
        assert r"none\udcff.png" in result.stdout


def test_a_rule_is_explained(cli):
    result = cli("rule", "pf302")
    assert result.code == 0
    assert result.stdout.startswith("PF302 IMAGE_TRUNCATED (error)\n")
    assert "\n\nTo mend it: " in result.stdout
    assert result.stdout.endswith("It is looked for from the profile quick on.\n")
    assert cli("rule", "IMAGE_TRUNCATED", "--json").document["rule"]["code"] == "PF302"


def test_all_rules_are_listed(cli):
    result = cli("rule", "--list-rules")
    assert "PF302  error     quick     IMAGE_TRUNCATED" in result.stdout.splitlines()
    assert len(cli("rule", "--list-rules", "--json").document["rules"]) > 50


@pytest.mark.parametrize("arguments", [("rule", "PF999"), ("rule",), ("check", "--nonsense")])
def test_wrong_usage_exits_with_64(cli, arguments):
    assert cli(*arguments).code == 64


# what was not checked


def test_what_the_profile_leaves_out_is_said_with_the_way_to_check_it(cli, config):
    lines = cli("check", "--config", config, "--profile", "quick").stdout.splitlines()
    said = next(line for line in lines if line.startswith("not checked in the profile quick: "))
    assert "PF403" in said
    assert said.endswith("; --profile deep does")
    assert "not checked" not in cli("check", "--config", config, "--profile", "deep").stdout


@pytest.mark.parametrize(
    "dataset", ['name = "manifest"\nmanifest_path = "none"', 'name = "mvtec"\nroot = "none"']
)
@pytest.mark.parametrize("form", ["text", "concise"])
def test_a_data_set_that_is_not_there_has_nothing_left_out(cli, tmp_path, dataset, form):
    config = tmp_path / "config.toml"
    config.write_text(f"[dataset]\n{dataset}\n")
    done = cli("check", "--config", config, "--format", form)
    assert 2 == done.code
    assert "not checked" not in done.stdout


def test_every_rule_is_said_to_be_done_or_skipped_with_a_reason(cli, config):
    arguments = ("check", "--config", config, "--json", "--ignore", "PF305")
    checks = {check["code"]: check for check in cli(*arguments).document["preflight"]["checks"]}
    assert ("done", None) == (checks["PF301"]["state"], checks["PF301"]["reason"])
    assert ("skipped", "not selected") == (checks["PF305"]["state"], checks["PF305"]["reason"])
    assert ("skipped", "needs the profile deep") == (checks["PF403"]["state"], checks["PF403"]["reason"])
    assert ("skipped", "no lock file was given") == (checks["PF402"]["state"], checks["PF402"]["reason"])


# exit codes


def test_the_old_and_the_new_spelling_of_strictness_agree(cli, config):
    arguments = ("check", "--config", config, "--set", "threshold.alpha=0.01")
    assert cli(*arguments, "--fail-on", "warning").code == 3
    assert cli(*arguments, "--fail-on", "error").code == 0
    assert cli(*arguments, "--fail-on", "error", "--strict").code == 3


def test_information_fails_the_check_where_that_is_asked_for(cli, config, dataset):
    assert cli("check", "--config", config, "--fail-on", "info").code == 0
    for row in dataset.rows:
        row.pop("mask_path", None)
    dataset.save()
    assert cli("check", "--config", config, "--fail-on", "warning").code == 0
    assert cli("check", "--config", config, "--fail-on", "info").code == 3


def test_exit_zero_is_about_the_data_and_not_about_usage(cli, config, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    assert cli("check", "--config", config, "--exit-zero").code == 0
    assert cli("check", "--config", "none.toml", "--exit-zero").code == 64


@pytest.fixture
def failing_storage(monkeypatch):
    """A file that the storage refuses to give, which no test can make for real without a broken disk."""

    def issues(_inspection):
        yield rule_issue("PF901", "train/1.png: Input/output error")

    monkeypatch.setattr(runner, "CHECKS", (*runner.CHECKS, Check(issues, frozenset({"PF901"}))))


@pytest.mark.usefixtures("failing_storage")
def test_failed_storage_alone_exits_with_4_and_errors_beat_it_and_it_beats_strictness(cli, config, dataset):
    warned = ("check", "--config", config, "--set", "threshold.alpha=0.01", "--strict")
    assert cli(*warned).code == 4
    (dataset.folder / "train/2.png").write_text("text")
    assert cli(*warned).code == 2


# interrupts


def interrupted_after(count):
    """Return a reader of files that is interrupted once it has read `count` of them."""
    read_facts, left = _store.read_facts, [count]

    def read(*arguments, **options):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return read_facts(*arguments, **options)

    return read


def test_an_interrupt_tells_what_was_found_so_far_and_what_is_missing(cli, config, dataset, monkeypatch):
    (dataset.folder / "train/2.png").write_text("text")
    (dataset.folder / "bad/3.png").write_text("text")
    monkeypatch.setattr(_store, "read_facts", interrupted_after(9))
    result = cli("check", "--config", config, "--json")
    report = result.document["preflight"]
    assert (130, False, []) == (result.code, report["complete"], report["categories"])
    assert {"PF301": 1, "PF902": 1} == report["summary"]["by_code"]
    stop = next(issue for issue in report["issues"] if issue["code"] == "PF902")
    assert "interrupted after 9 of 36 files: what is listed is not all; run again" == stop["message"]
    states = {check["code"]: check["state"] for check in report["checks"]}
    assert ("done", "skipped") == (states["PF106"], states["PF301"])


def test_an_interrupted_check_writes_no_baseline(cli, config, tmp_path, monkeypatch):
    monkeypatch.setattr(_store, "read_facts", interrupted_after(9))
    arguments = ("--write-baseline", tmp_path / "known.json", "--write-lock", tmp_path / "lock.jsonl")
    result = cli("check", "--config", config, *arguments)
    assert "the check was interrupted, run it again" in result.stdout
    assert [] == sorted(path.name for path in tmp_path.glob("*.json*"))


INTERRUPTING = """
import os, signal, sys, time
from pyimgano_preflight.facts import _cache, _store
read_facts, done = _store.read_facts, []
def read(*arguments):
    done.append(1)
    if len(done) == 9:
        os.kill(os.getpid(), signal.SIGNAL)
    time.sleep(0.05)
    return read_facts(*arguments)
_store.read_facts = read
from pyimgano_preflight.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals end a process at once there")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_real_signal_ends_a_real_process_with_a_document(dataset, name, code):
    dataset.save()
    command = [
        sys.executable,
        "-c",
        INTERRUPTING.replace("SIGNAL", name),
        "check",
        dataset.manifest,
        "--json",
    ]
    result = subprocess.run([*command, "--workers", "2"], capture_output=True, text=True, check=False)
    report = json.loads(result.stdout)["preflight"]
    assert (code, False) == (result.returncode, report["complete"])
    assert 1 == report["summary"]["by_code"]["PF902"]
    assert "; what was finished is kept" in result.stderr


def test_a_second_check_takes_unchanged_files_from_the_cache(cli, config, dataset, tmp_path, monkeypatch):
    long_ago = 1_600_000_000  # files that have just changed are not kept
    for file in dataset.folder.rglob("*.png"):
        os.utime(file, (long_ago, long_ago))
    arguments = ("check", "--config", config, "--json", "--cache", tmp_path / "facts.sqlite")
    first = cli(*arguments)
    monkeypatch.setattr(_cache, "read_facts", interrupted_after(0))
    second = cli(*arguments)
    assert (0, 0) == (first.code, second.code)
    assert without_times(first.stdout) == without_times(second.stdout)


def test_a_file_that_is_no_cache_is_kept_with_a_notice(cli, config, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    result = cli("check", "--config", config, "--cache", tmp_path / "notes.txt")
    assert 0 == result.code
    assert "can't be used as cache" in result.stderr
    assert "notes" == (tmp_path / "notes.txt").read_text()


def test_an_interrupt_before_any_file_gives_a_document_too(cli, config, monkeypatch):
    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "inspect_dataset", stop)
    result = cli("check", "--config", config, "--json")
    report = result.document["preflight"]
    assert (130, False) == (result.code, report["complete"])
    assert ["interrupted before any file was looked at: run again"] == [
        issue["message"] for issue in report["issues"]
    ]


# files


def test_reports_are_written_beside_what_stdout_shows(cli, config, tmp_path):
    written = [
        argument
        for name in ("json", "sarif", "junit", "github", "text", "concise", "html")
        for argument in ("--write", f"{name}={tmp_path / 'out' / name}")
    ]
    result = cli("check", "--config", config, *written)
    assert result.code == 0
    assert result.stdout.endswith("training can start\n")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert ["concise", "github", "html", "json", "junit", "sarif", "text"] == names
    assert json.loads((tmp_path / "out/json").read_text())["preflight"]["status"] == "ok"


def test_the_full_list_is_written_where_the_report_is_capped(cli, config, dataset, tmp_path):
    dataset.rows += [{"image_path": f"no/{i}.png", "category": "part", "split": "train"} for i in range(150)]
    dataset.save()
    result = cli("check", "--config", config, "--json", "--issues", tmp_path / "all.jsonl")
    report = result.document["preflight"]
    assert report["summary"]["by_code"]["PF201"] == 150
    assert sum(issue["code"] == "PF201" for issue in report["issues"]) == 100
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    paths = [issue["paths"][0] for issue in lines if issue["code"] == "PF201"]
    assert [f"no/{i}.png" for i in range(150)] == paths


@pytest.mark.parametrize("option", ["--write", "--issues", "--write-baseline", "--write-lock"])
@pytest.mark.parametrize("target", ["manifest.jsonl", "run.toml", "train/0.png", "masks/0.png"])
def test_data_is_never_written_over(cli, config, dataset, option, target):
    path = dataset.folder / target
    before = path.read_bytes()
    value = f"json={path}" if option == "--write" else path
    named = dataset.manifest if target == "manifest.jsonl" else config
    assert cli("check", named, option, value).code == 64
    assert before == path.read_bytes()


def test_a_report_is_written_where_the_check_could_not_begin(cli, tmp_path):
    result = cli("check", "--config", "none.toml", "--write", f"json={tmp_path / 'report.json'}")
    assert (64, "") == (result.code, result.stdout)
    report = json.loads((tmp_path / "report.json").read_text())["preflight"]
    assert {"PF905": 1} == report["summary"]["by_code"]


def test_a_report_that_can_not_be_written_does_not_keep_the_other_from_being_printed(cli, config):
    result = cli("check", "--config", config, "--json", "--write", f"junit={config / 'below a file'}")
    assert 74 == result.code
    assert "ok" == result.document["preflight"]["status"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--write", "json"),
        ("--write", "yaml=x"),
        ("--write", "json="),
        ("--json", "--format", "text"),
        ("--statistics", "--json"),
        ("--select", "PF999"),
        ("--profile", "quick", "--write-lock", "lock.jsonl"),
    ],
    ids=" ".join,
)
def test_options_that_can_not_be_followed_exit_with_64(cli, config, arguments):
    assert cli("check", "--config", config, *arguments).code == 64


def test_a_baseline_of_another_kind_exits_with_5_and_prints_the_document(cli, config, dataset):
    result = cli("check", "--config", config, "--baseline", dataset.manifest, "--json")
    assert result.code == 5
    assert result.document["preflight"]["status"] == "error"


def test_a_lock_is_written_and_held_against_the_files(cli, config, dataset, tmp_path):
    lock = tmp_path / "lock.jsonl"
    assert cli("check", "--config", config, "--write-lock", lock).code == 0
    assert cli("check", "--config", config, "--lock", lock).code == 0
    picture = dataset.folder / "train/0.png"
    Image.open(picture).rotate(90).save(picture)
    result = cli("check", "--config", config, "--lock", lock)
    assert result.code == 2
    assert "error PF402 CHECKSUM_MISMATCH: 1" in result.stdout

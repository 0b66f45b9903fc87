from __future__ import annotations

import json

import pytest

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


def test_json_is_one_document_and_byte_identical_between_runs(cli, config):
    first, second = (cli("check", "--config", config, "--json").stdout for _ in range(2))
    assert list(json.loads(first)) == ["preflight"]
    assert first == second


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


def test_a_source_and_an_option_contradict_each_other(cli, config, dataset):
    assert cli("check", dataset.manifest, "--config", config).code == 64


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
    assert cli("rule", "IMAGE_TRUNCATED", "--json").document["rule"]["code"] == "PF302"


def test_all_rules_are_listed(cli):
    result = cli("rule", "--list-rules")
    assert "PF302  error     IMAGE_TRUNCATED" in result.stdout.splitlines()
    assert len(cli("rule", "--list-rules", "--json").document["rules"]) > 50


@pytest.mark.parametrize("arguments", [("rule", "PF999"), ("rule",), ("check", "--nonsense")])
def test_wrong_usage_exits_with_64(cli, arguments):
    assert cli(*arguments).code == 64

import json
import os

import pytest


def test_a_config_is_needed_and_only_one(run_infer, config, grey, tmp_path):
    image = grey("a.png", 9)
    for arguments in ([image], ["--infer-config", config, "--from-run", tmp_path / "run", image]):
        done = run_infer(*arguments)
        assert 64 == done.code
        assert "--from-run" in done.err


@pytest.mark.usefixtures("config")
def test_a_run_directory_leads_to_its_config(run_infer, grey, tmp_path):
    assert 0 == run_infer("--from-run", tmp_path / "run", grey("a.png", 9)).code


def test_categories_are_listed(run_infer, make_config):
    config = make_config("bolt", "nut")
    assert "bolt\nnut\n" == run_infer("--infer-config", config, "--list-categories").out
    assert {"categories": ["bolt", "nut"]} == json.loads(
        run_infer("--infer-config", config, "--list-categories", "--json").out
    )


def test_verify_prints_a_table_or_json(run_infer, config):
    assert "part      yes       passed" in run_infer("--infer-config", config, "--verify").out
    document = json.loads(run_infer("--infer-config", config, "--verify", "--json").out)
    assert (True, ["part"]) == (
        document["verified"],
        [category["category"] for category in document["categories"]],
    )


def test_verify_fails_with_the_code_for_artifacts(run_infer, config, tmp_path):
    (tmp_path / "run" / "checkpoints" / "part" / "model.onnx").write_bytes(b"")
    done = run_infer("--infer-config", config, "--verify", "--json")
    assert (5, False) == (done.code, json.loads(done.out)["verified"])


def test_pack_prints_the_new_config_s_path(run_infer, config, tmp_path):
    done = run_infer("--infer-config", config, "--pack", tmp_path / "packed")
    assert (0, f"{tmp_path / 'packed' / 'infer_config.json'}\n") == (done.code, done.out)


@pytest.mark.parametrize(
    "extra",
    [["a.png"], ["--threshold", "0"], ["--workers", "2"], ["--regions"], ["--verify"], ["--category", "x"]],
)
def test_a_mode_refuses_what_it_would_ignore(run_infer, config, tmp_path, extra):
    done = run_infer("--infer-config", config, "--pack", tmp_path / "packed", *extra)
    assert 64 == done.code
    assert "leave out" in done.err
    assert not (tmp_path / "packed").exists()


def test_json_has_no_meaning_for_scores(run_infer, config, grey):
    assert 64 == run_infer("--infer-config", config, "--json", grey("a.png", 9)).code


def test_an_unknown_option_is_wrong_usage(run_infer, config):
    assert 64 == run_infer("--infer-config", config, "--train-dir", "x").code


def test_a_broken_artifact_is_one_line(run_infer, config, grey):
    config.write_text("{")
    done = run_infer("--infer-config", config, grey("a.png", 9))
    assert (5, 1) == (done.code, len(done.err.splitlines()))


@pytest.mark.parametrize(
    "option", ["--infer-config", "--pack", "--output", "--summary", "--maps", "--overlays"]
)
def test_a_path_that_no_system_takes_is_one_line(run_infer, config, grey, option):
    inputs = [] if option == "--pack" else [grey("a.png", 9)]
    chosen = [] if option == "--infer-config" else ["--infer-config", config]
    done = run_infer(*chosen, option, "x" * 5000, *inputs)
    assert done.code in {64, 74}
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "option", ["--infer-config", "--pack", "--output", "--summary", "--maps", "--watch", "--out"]
)
def test_an_address_is_never_taken_for_a_path_of_this_machine(
    run_infer, config, grey, tmp_path, monkeypatch, option
):
    monkeypatch.chdir(tmp_path)
    image = grey("a.png", 9)
    before = sorted(tmp_path.iterdir())
    done = run_infer("--infer-config", config, option, "s3://user:secret@bucket/there", image)
    assert (64, "", before) == (done.code, done.out, sorted(tmp_path.iterdir()))
    assert f"'{option}': 's3://user:***@bucket/there' is an address" in done.err


@pytest.mark.parametrize("option", ["--output", "--csv", "--summary", "--maps"])
def test_a_dash_is_never_taken_for_the_name_of_a_result(
    run_infer, config, grey, tmp_path, monkeypatch, option
):
    monkeypatch.chdir(tmp_path)
    image = grey("a.png", 9)
    done = run_infer("--infer-config", config, option, "-", image)
    assert (64, "", False) == (done.code, done.out, (tmp_path / "-").exists())
    assert f"'{option}': '-' is no stream here" in done.err
    assert 0 == run_infer("--infer-config", config, option, "./-", image).code
    assert (tmp_path / "-").exists()


def test_messages_name_files_as_they_were_given(run_infer, config, grey, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = config.relative_to(tmp_path)
    grey("a.png", 9)
    (tmp_path / "rows.jsonl").write_text('{"image_path": "none.png", "category": "part"}\n')
    row = run_infer("--infer-config", relative, "rows.jsonl").lines[0]
    assert "none.png: does not exist" == row["error"]["message"]
    (tmp_path / "out.jsonl.partial").touch()
    busy = run_infer("--infer-config", relative, "--output", "out.jsonl", "a.png")
    assert busy.err.startswith("Error: out.jsonl.partial: is in the way")
    next(config.parents[1].rglob("*.onnx")).write_bytes(b"torn")
    torn = run_infer("--infer-config", relative, "a.png")
    assert (5, True) == (torn.code, f"{relative.parent}{os.sep}" in torn.err)
    assert str(tmp_path) not in torn.err

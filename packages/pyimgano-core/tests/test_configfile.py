import os
from pathlib import Path

import pytest

from pyimgano_core.configfile import (
    merge,
    parse_override,
    read_document,
    resolve_path,
    structure_config,
)
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import ConfigError, ExitCode

TOML = '# a run\nseed = 3\n[dataset]\ncategory = "Käse"\n'
JSON = '{"seed": 3, "dataset": {"category": "Käse"}}'


def load_config(path):
    return structure_config(read_document(path), RunConfig, path)


def problems_of(call, *arguments, **options):
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return list(caught.value.problems)


@pytest.mark.parametrize(("name", "text"), [("c.toml", TOML), ("c.json", JSON), ("C.JSON", JSON)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_toml_and_json_say_the_same(tmp_path, name, text, encoding, newline):
    path = tmp_path / name
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    config = load_config(path)
    assert (3, "Käse") == (config.seed, config.dataset.category)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("c.json", b'{"a": NaN}', "NaN is not a JSON number"),
        ("c.json", b'{"a": 1, "a": 2}', "duplicate key 'a'"),
        ("c.json", b"[1]", "must hold a table of keys"),
        ("c.json", b"[" * 100_000, "not valid JSON: nested too deeply"),
        ("c.toml", b"a = 1\na = 2\n", "Cannot overwrite a value (at line 2, column 6)"),
        (
            "c.toml",
            b"a = True\n",
            "Invalid value (at line 1, column 5); text stands in quotes, true and false in small letters",
        ),
        ("c.toml", b"seed 3\n", "Expected '=' after a key in a key/value pair (at line 1, column 6)"),
    ],
)
def test_what_can_not_be_parsed_is_one_problem(tmp_path, name, content, problem):
    path = tmp_path / name
    path.write_bytes(content)
    assert [problem] == problems_of(read_document, path)


def test_the_file_stands_in_front_of_its_problems(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("sed = 3\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert f"{path}: $.sed: unknown key; did you mean 'seed'?" == str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_missing_file_a_folder_and_wrong_bytes_are_problems(tmp_path):
    assert ["no such config file"] == problems_of(read_document, tmp_path / "c.toml")
    assert ["is a folder; name the config file in it"] == problems_of(read_document, tmp_path)
    (tmp_path / "c.toml").write_bytes(b"a = '\xff'")
    assert "can't be read" in problems_of(read_document, tmp_path / "c.toml")[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "c.toml")
    assert ["is not a file"] == problems_of(read_document, tmp_path / "c.toml")


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('seed = "3"\nouput = 1\n[dataset]\ncategry = "x"\n[model.features]\nlayers = "layer2"\n')
    assert {"$.seed", "$.ouput", "$.dataset.categry", "$.model.features.layers"} == {
        problem.partition(":")[0] for problem in problems_of(load_config, path)
    }


@pytest.mark.parametrize("value", ["nan", "inf", "2020-01-01", "12:00:00"])
def test_an_option_that_json_can_not_say_is_a_problem(tmp_path, value):
    path = tmp_path / "c.toml"
    path.write_text(f"[model.options]\nx = {value}\n")
    [problem] = problems_of(load_config, path)
    assert problem.startswith("$.model.options: must hold ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed=3", {"seed": 3}),
        ("dataset.resize=[64, 64]", {"dataset": {"resize": [64, 64]}}),
        ("evaluation.pixel_metrics=false", {"evaluation": {"pixel_metrics": False}}),
        ("dataset.category=cookie", {"dataset": {"category": "cookie"}}),
        ('dataset.category="3"', {"dataset": {"category": "3"}}),
        ("dataset.category=001", {"dataset": {"category": "001"}}),
        ("dataset.root=C:\\data", {"dataset": {"root": "C:\\data"}}),
        ("dataset.root=a=b", {"dataset": {"root": "a=b"}}),
        ("dataset.root=", {"dataset": {"root": ""}}),
        (" a . b = 1", {"a": {"b": 1}}),
    ],
)
def test_an_override_is_read_as_toml_and_else_as_text(text, expected):
    assert expected == parse_override(text)


@pytest.mark.parametrize("text", ["seed", "=3", "a..b=1", ".a=1", ""])
def test_an_override_without_a_key_is_refused(text):
    assert [f"--set {text!r}: write it as dotted.key=value"] == problems_of(parse_override, text)


def test_an_override_that_is_nested_too_deeply_is_refused():
    assert ["--set a.b: the value is nested too deeply"] == problems_of(parse_override, "a.b=" + "[" * 9000)


def test_merging_changes_neither_side():
    below, above = {"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3}, "b": {"z": 4}}
    assert {"a": {"x": 1, "y": 3}, "b": {"z": 4}} == merge(below, above)
    assert ({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3}, "b": {"z": 4}}) == (below, above)


def test_a_document_without_a_file_has_no_source():
    with pytest.raises(ConfigError) as caught:
        structure_config({"seed": "x"}, RunConfig)
    assert caught.value.source is None


def test_paths_start_from_the_folder_of_the_config(tmp_path):
    assert tmp_path / "images" / "a.png" == resolve_path("images\\a.png", tmp_path)
    assert tmp_path / "/data/a.png" == resolve_path("/data/a.png", tmp_path)
    assert Path.home() / "a.png" == resolve_path("~/a.png", tmp_path)
    if os.name == "posix":  # Windows believes that there is anybody
        assert tmp_path / "~nobody-of-this-name" / "a" == resolve_path("~nobody-of-this-name/a", tmp_path)

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from pyimgano_core.cli.app import run
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.layouts import load_dataset
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.cli import train
from pyimgano_workbench.starter import write_start


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), "grey").save(root / name)
    return root


def test_the_written_config_loads_and_has_the_defaults_of_training(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png", "crack/2.png")
    start = write_start(root, None)
    config = load_run_config(start.config, (), {})
    assert isinstance(config, RunConfig)
    assert ("manifest", "manifest.jsonl") == (config.dataset.name, config.dataset.manifest_path)
    assert (RunConfig().threshold, RunConfig().evaluation) == (config.threshold, config.evaluation)
    assert "<" not in start.config.read_text()


def test_the_config_says_how_many_images_set_the_threshold(tmp_path):
    root = make(tmp_path / "bolt", *(f"good/{number}.png" for number in range(45)))
    start = write_start(root, None)
    prepared = inspect_dataset(load_run_config(start.config), root, SilentProgress())
    (category,) = prepared.categories
    assert f"about {len(category.split.calibration)} here" in start.config.read_text()


def test_images_beside_the_config_need_no_root(tmp_path):
    start = write_start(make(tmp_path / "bolt", "good/1.png"), None)
    assert load_run_config(start.config).dataset.root is None


def test_images_may_lie_elsewhere(tmp_path):
    name = "im 'a' ges" if os.name == "nt" else 'im "a" ges'
    images = make(tmp_path / name, "good/1.png")
    start = write_start(tmp_path / "new" / "project", images)
    (line,) = start.manifest.read_text().splitlines()
    assert f"../../{name}/good/1.png" == json.loads(line)["image_path"]
    assert (start.manifest.parent / json.loads(line)["image_path"]).is_file()
    assert f"../../{name}" == load_run_config(start.config).dataset.root


@pytest.mark.parametrize("name", ["images\udcff", "images\x7f"], ids=["no UTF-8", "a control character"])
def test_a_folder_whose_name_toml_can_not_hold_is_found_by_the_manifest_alone(tmp_path, name):
    images = tmp_path / name
    try:
        make(images, "bolt/good/1.png")
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    start = write_start(tmp_path / "new", images)
    config = load_run_config(start.config)
    assert config.dataset.root is None
    (sample,) = load_dataset(config.dataset, tmp_path / "new").samples
    assert sample.image.is_file()


@pytest.mark.parametrize("name", ["config.toml", "manifest.jsonl"])
def test_nothing_is_replaced(tmp_path, name):
    root = make(tmp_path / "bolt", "good/1.png")
    (root / name).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_start(root, None)
    assert "mine" == (root / name).read_text()
    assert {"good", name} == {path.name for path in root.iterdir()}


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no images"):
        write_start(tmp_path, None)
    with pytest.raises(UsageError, match="is no folder"):
        write_start(tmp_path / "none", None)


@pytest.fixture
def command(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(train, list(arguments))
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


def test_the_command_tells_what_it_found(command, tmp_path, monkeypatch):
    monkeypatch.delenv("UV", raising=False)
    make(tmp_path / "bolt", "good/1.png", "good/2.png", "crack/3.png", "masks/crack/3.png")
    code, out, err = command("--init", "bolt")
    assert (0, "") == (code, err)
    assert ["bolt", "0", "0", "0", "1", "2", "1", "crack"] == out.splitlines()[1].split()
    assert f"--config {Path('bolt', 'config.toml')}" in out
    code, _, err = command("--init", "bolt")
    assert 64 == code
    assert "is there already" in err
    made = f"pyimgano-core manifest guess --root bolt --output {Path('bolt', 'manifest.jsonl')} --force"
    assert err.rstrip().endswith(f"the manifest alone is made again by: {made}")


def test_the_next_command_is_one_that_this_shell_knows(command, tmp_path, monkeypatch):
    make(tmp_path / "bolt", "1.png")
    monkeypatch.setenv("UV", "/usr/bin/uv")
    check, train = command("--init", "one", "--root", "bolt")[1].splitlines()[-2:]
    assert "look through both, then: uv run pyimgano-preflight check" in check
    assert "and then:                uv run pyimgano-train --config" in train
    monkeypatch.delenv("UV")
    assert "then: pyimgano-preflight check" in command("--init", "two", "--root", "bolt")[1]


def test_the_command_prints_json(command, tmp_path):
    make(tmp_path / "bolt", "1.png")
    code, out, _ = command("--init", "new", "--root", "bolt", "--json")
    assert (0, 1) == (code, json.loads(out)["images"])


def test_settings_are_for_the_config(command, tmp_path):
    make(tmp_path / "bolt", "1.png")
    code, _, err = command("--init", "bolt", "--set", "seed=3")
    assert 64 == code
    assert "leave --set out" in err

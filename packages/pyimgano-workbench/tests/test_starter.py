import json
from pathlib import Path

import pytest
from PIL import Image

from pyimgano_core.cli.app import run
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.cli import train
from pyimgano_workbench.starter import find_records, write_start


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), "grey").save(root / name)
    return root


def told(found):
    """Category, split, label and defect of each image."""
    return {r.image_path: (r.category, r.split, r.label, r.defect) for r in found.records}


def test_images_in_one_folder_are_normal_and_of_one_category(tmp_path):
    root = make(tmp_path / "bolts", "2.png", "1.png")
    assert {"1.png": ("bolts", None, 0, None), "2.png": ("bolts", None, 0, None)} == told(find_records(root))


def test_folders_beside_good_are_defects(tmp_path):
    root = make(tmp_path / "bolts", "good/1.png", "scratch/2.png", "bad/3.png")
    assert {
        "bad/3.png": ("bolts", "test", 1, None),
        "good/1.png": ("bolts", None, 0, None),
        "scratch/2.png": ("bolts", "test", 1, "scratch"),
    } == told(find_records(root))


def test_folders_in_an_anomalous_one_are_defects(tmp_path):
    root = make(tmp_path / "bolts", "ok/1.png", "NOK/scratch/2.png", "NOK/3.png", "crack/deep/4.png")
    assert {
        "NOK/3.png": ("bolts", "test", 1, None),
        "NOK/scratch/2.png": ("bolts", "test", 1, "scratch"),
        "crack/deep/4.png": ("bolts", "test", 1, "crack_deep"),
        "ok/1.png": ("bolts", None, 0, None),
    } == told(find_records(root))


def test_folders_in_an_anomalous_one_that_normal_images_have_too_are_categories(tmp_path):
    root = make(tmp_path / "parts", "ok/bolt/1.png", "ok/nut/1.png", "nok/bolt/2.png", "nok/nut/crack/3.png")
    assert {
        "nok/bolt/2.png": ("bolt", "test", 1, None),
        "nok/nut/crack/3.png": ("nut", "test", 1, "crack"),
        "ok/bolt/1.png": ("bolt", None, 0, None),
        "ok/nut/1.png": ("nut", None, 0, None),
    } == told(find_records(root))


def test_an_anomalous_category_without_normal_images_stays_one(tmp_path):
    root = make(tmp_path / "parts", "ok/bolt/1.png", "nok/nut/2.png")
    assert ("nut", "test", 1, None) == told(find_records(root))["nok/nut/2.png"]


def test_a_bad_folder_beside_images_is_anomalous(tmp_path):
    root = make(tmp_path / "bolts", "1.png", "bad/2.png")
    assert ("bolts", "test", 1, None) == told(find_records(root))["bad/2.png"]
    assert ("bolts", None, 0, None) == told(find_records(root))["1.png"]


def test_masks_may_leave_out_the_folder_that_only_says_anomalous(tmp_path):
    names = ("ok/1.png", "nok/crack/2.png", "masks/crack/2.png", "nok/dent/3.png", "masks/nok/dent/3.png")
    masks = [record.mask_path for record in find_records(make(tmp_path / "bolt", *names)).records]
    assert ["masks/crack/2.png", "masks/nok/dent/3.png", None] == masks


def masks_of(root):
    return {record.image_path: record.mask_path for record in find_records(root).records if record.mask_path}


def test_masks_in_no_folder_of_a_defect_are_told_by_their_names(tmp_path):
    names = ("ok/1.png", "crack/1.png", "crack/2.png", "dent/3.png", "masks/1_mask.png", "masks/3.png")
    root = make(tmp_path / "bolt", *names)
    assert {"crack/1.png": "masks/1_mask.png", "dent/3.png": "masks/3.png"} == masks_of(root)


def test_a_mask_that_may_be_of_two_images_is_of_none(tmp_path):
    root = make(tmp_path / "bolt", "ok/9.png", "crack/1.png", "dent/1.png", "masks/1.png")
    assert {} == masks_of(root)
    assert ("masks/1.png",) == find_records(root).lone_masks


def test_a_mask_in_the_folder_of_its_defect_goes_before_one_beside_it(tmp_path):
    root = make(tmp_path / "bolt", "ok/9.png", "crack/1.png", "masks/1.png", "masks/crack/1.png")
    assert {"crack/1.png": "masks/crack/1.png"} == masks_of(root)
    assert ("masks/1.png",) == find_records(root).lone_masks


def test_folders_without_good_are_categories_and_nothing_is_called_anomalous(tmp_path):
    root = make(tmp_path / "parts", "bolt/1.png", "nut/1.png", "top/left/1.png")
    assert {
        "bolt/1.png": ("bolt", None, 0, None),
        "nut/1.png": ("nut", None, 0, None),
        "top/left/1.png": ("top_left", None, 0, None),
    } == told(find_records(root))


@pytest.mark.parametrize("category", ["", "bolt/"], ids=["one category", "a folder of categories"])
def test_the_layouts_of_public_data_sets_are_understood(tmp_path, category):
    names = ("train/good/1.png", "test/good/2.png", "test/scratch/3.png", "ground_truth/scratch/3_mask.png")
    found = find_records(make(tmp_path / "bolt", *(f"{category}{name}" for name in names)))
    assert {
        f"{category}train/good/1.png": ("bolt", "train", 0, None),
        f"{category}test/good/2.png": ("bolt", "test", 0, None),
        f"{category}test/scratch/3.png": ("bolt", "test", 1, "scratch"),
    } == told(found)
    (mask,) = [record.mask_path for record in found.records if record.mask_path]
    assert f"{category}ground_truth/scratch/3_mask.png" == mask


def test_a_test_folder_without_good_images_still_holds_kinds(tmp_path):
    root = make(tmp_path / "bolt", "train/good/1.png", "test/crack/2.png")
    assert ("bolt", "test", 1, "crack") == told(find_records(root))["test/crack/2.png"]


def test_what_is_left_out_is_named(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png", "crack/2.png", "masks/crack/9.png", ".hidden/3.png")
    (root / "notes.txt").write_text("")
    found = find_records(root)
    assert (("masks/crack/9.png",), ("notes.txt",)) == (found.lone_masks, found.others)
    assert ["crack/2.png", "good/1.png"] == [record.image_path for record in found.records]


def test_pictures_of_a_run_are_no_images(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png", "runs/a/categories/bolt/pictures/1.png")
    (root / "runs/a/run.json").write_text("{}")
    assert ["good/1.png"] == [record.image_path for record in find_records(root).records]


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
    images = make(tmp_path / 'im "a" ges', "good/1.png")
    start = write_start(tmp_path / "new" / "project", images)
    (line,) = start.manifest.read_text().splitlines()
    assert '../../im "a" ges/good/1.png' == json.loads(line)["image_path"]
    assert (start.manifest.parent / json.loads(line)["image_path"]).is_file()
    assert '../../im "a" ges' == load_run_config(start.config).dataset.root


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


def test_the_command_tells_what_it_found(command, tmp_path):
    make(tmp_path / "bolt", "good/1.png", "good/2.png", "crack/3.png", "masks/crack/3.png")
    code, out, err = command("--init", "bolt")
    assert (0, "") == (code, err)
    assert ["bolt", "0", "0", "0", "1", "2", "1", "crack"] == out.splitlines()[1].split()
    assert f"--config {Path('bolt', 'config.toml')}" in out
    code, _, err = command("--init", "bolt")
    assert 64 == code
    assert "is there already" in err


def test_the_next_command_is_one_that_this_shell_knows(command, tmp_path, monkeypatch):
    make(tmp_path / "bolt", "1.png")
    monkeypatch.setenv("UV", "/usr/bin/uv")
    assert "then: uv run pyimgano-train --config" in command("--init", "one", "--root", "bolt")[1]
    monkeypatch.delenv("UV")
    assert "then: pyimgano-train --config" in command("--init", "two", "--root", "bolt")[1]


def test_the_command_prints_json(command, tmp_path):
    make(tmp_path / "bolt", "1.png")
    code, out, _ = command("--init", "new", "--root", "bolt", "--json")
    assert (0, 1) == (code, json.loads(out)["images"])


def test_settings_are_for_the_config(command, tmp_path):
    make(tmp_path / "bolt", "1.png")
    code, _, err = command("--init", "bolt", "--set", "seed=3")
    assert 64 == code
    assert "leave --set out" in err

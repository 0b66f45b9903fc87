from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from pyimgano_core.contracts.config import (
    DatasetConfig,
    FeaturesConfig,
    ModelConfig,
    OutputConfig,
    RunConfig,
)
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.report import ParentRun
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.preparation import Prepared, PreparedCategory
from pyimgano_workbench.identity import run_keys, target_folder
from pyimgano_workbench.origin import RunOrigin
from pyimgano_workbench.rundir import RunDirectory

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PARENT = ParentRun(name="r", report_sha256="0" * 64, infer_config_sha256=None, added={"c": 1})
CONFIG = RunConfig(recipe="fast", dataset=DatasetConfig(category="nut & bolt"))


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def prepared(*records):
    samples = tuple(Sample(record=record, image=Path("/data") / record.image_path) for record in records)
    names = sorted({record.category for record in records})
    splits = [
        CategorySplit(category=name, train=tuple(s for s in samples if s.record.category == name))
        for name in names
    ]
    gate = PixelGate(enabled=False, message="none")
    categories = tuple(PreparedCategory(split=split, masks=(), gate=gate) for split in splits)
    return Prepared(samples=samples, categories=categories, hashes={}, issues=())


def keys_of(*records, config=CONFIG, environment="e", parent=None):
    return run_keys(config, Path(), prepared(*records), environment, parent)


def key_of(*records, **changes):
    return keys_of(*records, **changes).run


def directory_of(target, key):
    origin = RunOrigin(key=key, settings="s", categories={}, config_folder="..")
    return RunDirectory(target, origin, RunConfig())


def test_a_run_is_named_by_time_data_set_recipe_model_and_category():
    name = target_folder(CONFIG, "key", NOW).name
    assert "20260102_030405_manifest_fast_dictionary_nut___bolt-" == name[:-10]
    assert "20260102_030405_manifest_dictionary" == target_folder(RunConfig(), "key", NOW).name


def test_runs_of_the_same_second_do_not_collide():
    first = target_folder(RunConfig(), "a", NOW)
    directory = directory_of(first, "a")
    second = target_folder(RunConfig(), "b", NOW)
    second.mkdir()
    third = target_folder(RunConfig(), "a", NOW)  # the run of this key is being made
    directory.release()
    assert [f"{first.name}_2", f"{first.name}_3"] == [second.name, third.name]


def test_the_same_run_goes_on_where_it_was_left_and_another_begins_anew():
    directory = directory_of(target_folder(RunConfig(), "a", NOW), "a")
    (directory.folder / "categories").mkdir()
    directory.release()
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert directory.target == target_folder(RunConfig(), "a", later)
    assert "20270101_000000_manifest_dictionary" == target_folder(RunConfig(), "b", later).name


@pytest.mark.parametrize(
    ("given", "expected"), [("out", Path("out")), ("/out", Path("/out")), ("~/out", Path.home() / "out")]
)
def test_a_chosen_folder_starts_from_the_current_one(given, expected):
    config = RunConfig(output=OutputConfig(output_dir=given))
    assert expected == target_folder(config, "key", NOW)


def test_a_run_is_told_by_its_settings_records_and_environment_and_not_by_its_folder():
    first, second = (Record(image_path=name, category="c", meta={"lot": 1}) for name in ("a.png", "b.png"))
    keys = [
        key_of(first, second),
        key_of(second, first),
        key_of(first, evolve(second, meta={"lot": 2})),
        key_of(first, second, config=evolve(CONFIG, seed=1)),
        key_of(first, second, environment="other"),
        key_of(first, second, parent=PARENT),
    ]
    assert len(keys) == len(set(keys))
    elsewhere = evolve(CONFIG, output=OutputConfig(output_dir="elsewhere"))
    assert keys[0] == key_of(first, second, config=elsewhere)


def test_other_weights_of_the_same_name_are_another_run():
    features = FeaturesConfig(backbone="resnet18", weights="w.pth")
    config = evolve(CONFIG, model=ModelConfig(features=features))
    Path("w.pth").write_bytes(b"one")
    one = key_of(config=config)
    Path("w.pth").write_bytes(b"two")
    assert one != key_of(config=config)


def test_another_region_of_interest_of_the_same_name_is_another_run():
    config = evolve(CONFIG, dataset=evolve(CONFIG.dataset, ignore={"*": "m.png"}))
    Path("m.png").write_bytes(b"one")
    one = key_of(config=config)
    Path("m.png").write_bytes(b"two")
    assert one != key_of(config=config)


def test_what_changes_in_one_category_leaves_the_key_of_another():
    one, two = (Record(image_path=f"{name}.png", category=name) for name in ("one", "two"))
    before, after = keys_of(one, two), keys_of(one, evolve(two, meta={"lot": 2}))
    assert before.settings == after.settings
    assert ["two"] == [slug for slug, key in before.categories.items() if after.categories[slug] != key]
    other_seed = keys_of(one, two, config=evolve(CONFIG, seed=1))
    assert not set(before.categories.values()) & set(other_seed.categories.values())

import json
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_bench.cell import BenchCell, cell_key, cell_slug, count_others, read_valid_cell, write_cell
from pyimgano_core.contracts.config import DatasetConfig, FeaturesConfig, ModelConfig, RunConfig
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

VERSIONS = {"torch": "1"}


def key_of(manifest, versions=VERSIONS, trial=None, **changes):
    config = evolve(RunConfig(dataset=DatasetConfig(manifest_path=str(manifest))), **changes)
    prepared = prepare_dataset(config, Path(), SilentProgress())
    return cell_key(config, Path(), prepared.categories[0], prepared, versions, trial=trial)


def test_the_key_stands_while_nothing_changes(one_category):
    assert key_of(one_category) == key_of(one_category)


def test_the_key_does_not_know_where_the_data_lies(one_category, tmp_path):
    before = key_of(one_category)
    moved = one_category.parent.rename(tmp_path / "elsewhere") / one_category.name
    assert before == key_of(moved)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"model": ModelConfig(name="patchcore")},
        {"model": ModelConfig(options={"rank": 8})},
        {"versions": {"torch": "2"}},
        {"trial": 8},
    ],
)
def test_settings_and_versions_change_the_key(one_category, changes):
    assert key_of(one_category) != key_of(one_category, **changes)


def test_the_content_of_an_image_changes_the_key(one_category):
    before = key_of(one_category)
    image = one_category.parent / "bolt_good0.png"
    image.write_bytes(image.read_bytes() + b"\0")
    assert before != key_of(one_category)


def test_a_region_of_interest_counts_by_what_it_looks_at(one_category, tmp_path):
    def key(mask, name):
        Image.fromarray(mask).save(tmp_path / name)
        dataset = DatasetConfig(manifest_path=str(one_category), regions={"*": str(tmp_path / name)})
        return key_of(one_category, dataset=dataset)

    half = np.zeros((64, 64), bool)
    half[:32] = True
    keys = [key(half, "a.png"), key(half, "b.png"), key(half.T, "c.png"), key_of(one_category)]
    assert keys[0] == keys[1]
    assert 3 == len(set(keys))


@pytest.mark.parametrize(
    "edit",
    [lambda rows: rows[::-1], lambda rows: [*rows[:-1], {**rows[-1], "meta": {"station": 99}}]],
    ids=["order", "meta"],
)
def test_records_change_the_key(one_category, edit):
    before = key_of(one_category)
    rows = [json.loads(line) for line in one_category.read_text().splitlines()]
    one_category.write_text("".join(json.dumps(row) + "\n" for row in edit(rows)))
    assert before != key_of(one_category)


def test_weights_count_by_their_content(one_category, tmp_path):
    def key_with(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        features = FeaturesConfig(backbone="resnet18", weights=str(path))
        return key_of(one_category, model=ModelConfig(features=features))

    first = key_with("a.pth", b"1")
    assert first == key_with("b.pth", b"1")
    assert first != key_with("a.pth", b"2")


names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
trials = st.none() | st.integers(2, 9)
places = st.tuples(names, names, names, st.integers(0, 3), trials)


@given(places, places)
def test_no_two_cells_share_a_file(one, other):
    assert (one == other) == (cell_slug(*one) == cell_slug(*other))


@given(places)
def test_a_cell_never_leaves_its_folder(place):
    slug = cell_slug(*place)
    assert slug == Path(slug).name
    assert len(f"{slug}.per_image.jsonl".encode()) < 200


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "pyimgano.bench_cell"}', '{"kind": "other"}'])
def test_a_torn_or_foreign_file_is_no_cell(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    assert read_valid_cell(tmp_path, "x", "key") is None


def test_finished_cells_of_others_are_counted_and_no_failed_ones_nor_other_files(tmp_path):
    place = {"key": "k", "detector": "d", "dataset": "parts", "category": "bolt", "seed": 0}
    for slug, status in (("own", "ok"), ("a.b", "ok"), ("other", "ok"), ("broken", "failed")):
        write_cell(tmp_path, slug, BenchCell(**place, status=status))
    (tmp_path / "study.json").write_text('{"kind": "pyimgano.bench_study_cell"}')
    assert 2 == count_others(tmp_path, {"own"})

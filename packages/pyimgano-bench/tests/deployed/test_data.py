import json
from pathlib import Path

import pytest

from pyimgano_bench.deployed._data import choose_data, prepare_data
from pyimgano_bench.flags import Request, read_suite
from pyimgano_core.errors import ConfigError, DataError, UsageError
from pyimgano_core.progress import SilentProgress


def request(manifest, *, categories=(), seeds=(), overrides=None, base=Path()):
    given = {"dataset.manifest_path": str(manifest)}
    suite = read_suite(None, given, detectors=(), categories=categories, seeds=seeds)
    tables = {"dataset": {"manifest_path": str(manifest)}}
    return Request(suite=suite, overrides={**tables, **(overrides or {})}, base=base)


def test_paths_are_found_from_any_folder(exported):
    data = choose_data(request(exported.manifest.name, base=exported.manifest.parent))
    assert str(exported.manifest) == data.config.dataset.manifest_path


def test_a_single_category_is_loaded_alone(exported):
    data = choose_data(request(exported.manifest, categories=("nut",)))
    assert ("nut", ("nut",)) == (data.config.dataset.category, data.categories)
    assert ["nut"] == [each.split.category for each in prepare_data(data, SilentProgress()).categories]


def test_several_seeds_are_refused(exported):
    with pytest.raises(UsageError, match="one seed"):
        choose_data(request(exported.manifest, seeds=(1, 2)))


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"model": {"name": "padim"}}, r"\$\.model"),
        ({"dataset": {"tiling": {}}}, r"\$\.dataset\.tiling"),
        ({"dataset": {"regions": {"*": "a.png"}}}, r"\$\.dataset\.regions"),
    ],
)
def test_what_the_artifact_decides_is_refused(exported, overrides, named):
    with pytest.raises(UsageError, match=f"{named}: the artifact decides that"):
        choose_data(request(exported.manifest, overrides=overrides))


def test_a_category_that_the_data_lack_is_refused(exported):
    with pytest.raises(ConfigError, match="'gear' is none of 'bolt', 'nut'"):
        choose_data(request(exported.manifest, categories=("gear",)))


def rows_of(manifest, keep):
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    return [
        {**row, "image_path": str(manifest.parent / row["image_path"]), "mask_path": None}
        for row in rows
        if keep(row)
    ]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_data_without_train_images_will_do(exported, tmp_path):
    rows = rows_of(exported.manifest, lambda row: row["category"] == "nut")
    rows = [{**row, "split": "test", "label": row.get("label", 0)} for row in rows]
    data = choose_data(request(write(tmp_path / "tests.jsonl", rows)))
    (category,) = prepare_data(data, SilentProgress()).categories
    assert (0, 18) == (len(category.split.train), len(category.split.test))


def test_data_with_errors_are_refused(exported, tmp_path):
    rows = rows_of(exported.manifest, lambda row: row["category"] == "nut")
    with pytest.raises(DataError, match="the data set has errors"):
        prepare_data(choose_data(request(write(tmp_path / "twice.jsonl", rows * 2))), SilentProgress())


def test_a_category_without_test_images_is_refused(exported, tmp_path):
    rows = [{**row, "split": "train"} for row in rows_of(exported.manifest, lambda row: "label" not in row)]
    data = choose_data(request(write(tmp_path / "train.jsonl", rows)))
    with pytest.raises(UsageError, match="category 'bolt', 'nut' has no test images"):
        prepare_data(data, SilentProgress())

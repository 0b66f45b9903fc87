"""A config's data set becomes samples, whatever its layout."""

import pytest

from pyimgano_core.contracts.config import DatasetConfig
from pyimgano_core.errors import ConfigError, DataError
from pyimgano_core.layouts import list_categories, load_dataset


@pytest.fixture
def base(tmp_path):
    for name in (
        "bolt/train/good/0.png",
        "bolt/test/bent/1.png",
        "nut/train/good/0.png",
        "empty/train/x.txt",
    ):
        path = tmp_path / "parts" / name
        path.parent.mkdir(parents=True)
        path.touch()
    lines = [f'{{"image_path": "{c}/train/good/0.png", "category": "{c}"}}\n' for c in ("nut", "bolt")]
    (tmp_path / "parts" / "manifest.jsonl").write_text("".join(lines))
    return tmp_path


def mvtec(**changes):
    return DatasetConfig(name="mvtec", root="parts", **changes)


def test_layout_and_manifest_find_the_same_files_relative_to_the_base(base):
    by_manifest = load_dataset(DatasetConfig(manifest_path="parts/manifest.jsonl"), base)
    by_layout = load_dataset(mvtec(), base)

    assert [s.image for s in by_manifest.samples] == [
        base / "parts" / "nut/train/good/0.png",
        base / "parts" / "bolt/train/good/0.png",
    ]
    assert {s.image for s in by_manifest.samples} < {s.image for s in by_layout.samples}
    assert all(s.image.is_file() for s in by_layout.samples)


def test_manifest_s_images_are_also_looked_for_under_root(base):
    (base / "parts" / "manifest.jsonl").rename(base / "m.jsonl")

    loaded = load_dataset(DatasetConfig(manifest_path="m.jsonl", root="parts"), base)

    assert all(s.image.is_file() for s in loaded.samples)


def test_one_category_keeps_its_own_issues_and_those_of_none(base):
    (base / "parts" / "readme.txt").touch()

    loaded = load_dataset(mvtec(category="bolt"), base)

    assert {s.record.category for s in loaded.samples} == {"bolt"}
    assert [i.paths for i in loaded.issues] == [("manifest.jsonl", "readme.txt")]


def test_unknown_category_lists_the_choices(base):
    with pytest.raises(ConfigError) as caught:
        load_dataset(mvtec(category="bolts"), base)

    assert caught.value.problems == ("$.dataset.category: 'bolts' is none of 'bolt', 'nut' or 'all'",)


def test_category_without_images_can_be_asked_for_and_says_so(base):
    loaded = load_dataset(mvtec(category="empty"), base)

    assert loaded.samples == ()
    assert "PF703" in {i.code for i in loaded.issues}


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (DatasetConfig(), "$.dataset.manifest_path: "),
        (DatasetConfig(name="mvtec"), "$.dataset.root: "),
        (DatasetConfig(name="custom"), "$.dataset.root: "),
    ],
)
def test_missing_setting_names_its_key(tmp_path, config, key):
    with pytest.raises(ConfigError) as caught:
        load_dataset(config, tmp_path)

    assert caught.value.problems[0].startswith(key)


def test_categories_are_listed_sorted_and_whatever_the_config_chose(base):
    assert list_categories(DatasetConfig(manifest_path="parts/manifest.jsonl"), base) == ("bolt", "nut")
    assert list_categories(mvtec(category="nut"), base) == ("bolt", "nut")


def test_no_categories_is_an_error_with_its_reason(tmp_path):
    with pytest.raises(DataError, match="does not exist") as caught:
        list_categories(mvtec(), tmp_path)

    assert [i.code for i in caught.value.issues] == ["PF711"]

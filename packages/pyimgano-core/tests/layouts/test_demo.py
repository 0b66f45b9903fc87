"""The demo data set is whole, exact, repeatable, and not to be solved by a trivial score."""

import itertools

import numpy as np
import pytest

from pyimgano_core.contracts.config import DatasetConfig
from pyimgano_core.errors import MachineError, UsageError
from pyimgano_core.images import read_image, read_mask_for
from pyimgano_core.layouts import build_records, demo_root, load_dataset, write_demo
from pyimgano_core.layouts._demo_images import CATEGORIES, Part, draw_parts

NAMES = [category.name for category in CATEGORIES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_demo(tmp_path_factory.mktemp("cache") / "demo")


@pytest.fixture(scope="module")
def samples(folder):
    loaded = load_dataset(DatasetConfig(name="demo", root=folder.name), folder.parent)
    assert loaded.issues == ()
    return loaded.samples


def auroc(labels, scores):
    positives = [score for label, score in zip(labels, scores, strict=True) if label]
    negatives = [score for label, score in zip(labels, scores, strict=True) if not label]
    wins = [(p > n) + 0.5 * (p == n) for p, n in itertools.product(positives, negatives)]
    return float(np.mean(wins))


def test_each_category_has_its_share_of_images(samples):
    for name in NAMES:
        records = [s.record for s in samples if s.record.category == name]
        counts = [
            sum((r.split, r.label) == kind for r in records)
            for kind in (("train", 0), ("test", 0), ("test", 1))
        ]
        assert counts == [40, 12, 16]
        assert len({r.defect for r in records if r.label}) >= 3


def test_every_anomaly_has_a_mask_of_a_small_part_of_its_image(samples):
    for sample in samples:
        assert (sample.mask is not None) == (sample.record.label == 1)
        if sample.mask is not None:
            size = read_image(sample.image).shape[:2]
            assert 0.001 < read_mask_for(sample.mask, size).mean() < 0.1, sample.mask


@pytest.mark.parametrize("name", NAMES)
def test_trivial_scores_do_not_solve_a_category(samples, name):
    mine = [s for s in samples if s.record.category == name]
    train = np.mean([read_image(s.image) for s in mine if s.record.split == "train"], axis=0)
    test = [s for s in mine if s.record.split == "test"]
    labels = [s.record.label for s in test]
    pixels = [read_image(s.image).astype(np.float64) for s in test]

    by_brightness = auroc(labels, [p.mean() for p in pixels])
    by_difference = auroc(labels, [np.abs(p - train).mean() for p in pixels])

    assert max(by_brightness, 1 - by_brightness) < 0.75
    assert max(by_difference, 1 - by_difference) < 0.75


@pytest.mark.parametrize("category", CATEGORIES, ids=NAMES)
def test_mask_is_where_the_image_differs_from_its_flawless_twin(category):
    defects = list(category.defects)
    bad = [Part(split="test", defect=defect, number=0) for defect in defects]
    good = [Part(split="test", defect=None, number=0) for _ in defects]
    pairs = zip(draw_parts(category, bad, (7, 1)), draw_parts(category, good, (7, 1)), strict=True)

    for (_, image, mask), (_, twin, no_mask) in pairs:
        change = np.abs(image.astype(int) - twin).reshape(*mask.shape, -1).max(axis=2)
        assert change[~mask].max() < 5
        assert (change[mask] >= 5).mean() > 0.7
        assert not no_mask.any()


def test_same_seed_gives_the_same_pixels_and_another_gives_others():
    part = [Part(split="test", defect="stain", number=0)]

    first, again, other = (next(draw_parts(CATEGORIES[0], part, (seed,)))[1] for seed in (0, 0, 1))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_finished_demo_is_used_again(folder):
    before = (folder / "manifest.jsonl").stat().st_mtime_ns

    assert write_demo(folder) == folder
    assert (folder / "manifest.jsonl").stat().st_mtime_ns == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_demo_is_also_a_data_set_in_folders(folder, samples):
    found = build_records("mvtec", folder)

    assert {r.image_path: r.mask_path for r in found.records} == {
        s.record.image_path: s.record.mask_path for s in samples
    }


def test_other_contents_are_never_overwritten(tmp_path, folder):
    (tmp_path / "precious.txt").touch()

    with pytest.raises(UsageError, match="something else"):
        write_demo(tmp_path)
    with pytest.raises(UsageError, match="something else"):
        write_demo(folder, seed=1)


def test_unwritable_place_is_the_machine_s_fault(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(MachineError, match="PYIMGANO_CACHE"):
        write_demo(tmp_path / "file" / "demo")


def test_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PYIMGANO_CACHE", str(tmp_path))
    assert demo_root().parent == tmp_path

    monkeypatch.delenv("PYIMGANO_CACHE")
    assert demo_root().parent.name == "pyimgano"

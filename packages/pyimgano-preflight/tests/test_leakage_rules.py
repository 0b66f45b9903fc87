"""Near-duplicates, half-grouped categories and neighbouring frames, on real files."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._inspection import Inspection
from pyimgano_preflight.checks import near_duplicates, similar
from pyimgano_preflight.checks.residuals import SmallPictures
from pyimgano_preflight.checks.similar import find_close
from pyimgano_preflight.checks.uses import Uses
from pyimgano_preflight.facts import FactStore, read_picture
from pyimgano_preflight.runner import run_preflight

SIDE = 128


def scene(seed, blur=4):
    """A smooth picture, unlike that of any other seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE), np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(blur)).point(lambda value: value * 4 - 384)


def brighter(image, levels=6):
    return image.point(lambda value: value // 2 + 60 + levels), image.point(lambda value: value // 2 + 60)


def with_defect(image):
    spoilt = image.copy()
    spoilt.paste(0, (40, 40, 60, 60))
    return spoilt


def part_in_fixture(seed):
    """One of many parts in front of a camera that does not move: a bright disc and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:384, :384] - 192
    disc = np.where(x**2 + y**2 < 130**2, 160.0, 60.0) + x / 12 + y / 20
    gain = 1 + rng.normal(0, 0.001)
    pixels = disc * gain + rng.normal(0, 3, disc.shape)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def put(data, path, image, **fields):
    """Add a record and its image."""
    data.add(path, **fields)
    image.save(data.file(path), quality=90)


@pytest.fixture
def scenes(dataset):
    """Sixteen different train images and four test images of each label."""
    dataset.rows.clear()
    for number in range(16):
        put(dataset, f"train/a{number}.png", scene(number), split="train")
    for number in range(4):
        put(dataset, f"good/b{number}.png", scene(100 + number), split="test", label=0)
        put(dataset, f"bad/c{number}.png", scene(200 + number), split="test", label=1)
    return dataset


def issues(data, *codes, depth="deep"):
    data.save()
    report = run_preflight(data.config(), data.folder, SilentProgress(), depth=depth)
    return [issue for issue in report.issues if issue.code in codes]


def near(data, depth="deep"):
    return issues(data, "PF604", "PF605", "PF904", depth=depth)


def test_different_pictures_are_no_near_duplicates(scenes):
    assert [] == near(scenes)


def test_a_tested_image_saved_again_as_jpeg_is_a_leak_of_its_source(scenes):
    put(scenes, "good/again.jpg", scene(3), split="test", label=0)
    (issue,) = near(scenes)
    assert ("PF605", "warning") == (issue.code, issue.severity)
    assert ("good/again.jpg", "train/a3.png") == issue.paths
    assert "part" == issue.category
    assert 0 < issue.data["residual"] < 1
    assert (2, 1) == (issue.data["count"], issue.data["tested"])
    assert "'train/a3.png' (normal, train of 'part')" in issue.message


def test_near_duplicates_are_looked_for_in_the_deep_profile_alone(scenes):
    put(scenes, "good/again.jpg", scene(3), split="test", label=0)
    assert [] == near(scenes, depth="standard")


def test_a_brighter_copy_on_the_same_side_is_information(scenes):
    bright, plain = brighter(scene(50))
    put(scenes, "train/plain.png", plain, split="train")
    put(scenes, "train/bright.png", bright, split="train")
    (issue,) = near(scenes)
    assert ("PF604", "info") == (issue.code, issue.severity)
    assert {"train/plain.png", "train/bright.png"} == set(issue.paths)


def test_a_copy_with_a_visible_defect_is_no_near_duplicate(scenes):
    put(scenes, "bad/spoilt.png", with_defect(scene(3)), split="test", label=1)
    assert [] == near(scenes)


def specks(seed):
    pixels = np.zeros((320, 320), np.uint8)
    for row, column in np.random.default_rng(seed).integers(0, 310, (6, 2)):
        pixels[row : row + 8, column : column + 8] = 10
    return Image.fromarray(pixels)


def test_dark_fields_with_other_specks_are_no_near_duplicates(scenes):
    put(scenes, "good/one.png", specks(0), split="test", label=0)
    put(scenes, "train/other.png", specks(1), split="train")
    assert [] == near(scenes)
    paths = [str(scenes.folder / path) for path in ("good/one.png", "train/other.png")]
    assert SmallPictures(dict(enumerate(map(read_picture, paths)))).residual(0, 1) < 1
    put(scenes, "train/again.jpg", specks(0), split="train")
    assert ["PF605"] == [issue.code for issue in near(scenes)]


def test_equal_bytes_are_told_once_and_by_another_rule(scenes):
    put(scenes, "good/equal.png", scene(3), split="test", label=0)
    assert ["PF602"] == [issue.code for issue in issues(scenes, "PF602", "PF604", "PF605")]


def test_a_leak_is_found_across_categories(scenes):
    put(scenes, "other/again.jpg", scene(3), split="test", label=0, category="other")
    (issue,) = near(scenes)
    assert "PF605" == issue.code
    assert issue.category is None


def test_copies_of_copies_are_one_set(scenes):
    for quality in (70, 80):
        put(scenes, f"train/again{quality}.jpg", scene(3), split="train")
        scene(3).save(scenes.folder / f"train/again{quality}.jpg", quality=quality)
    put(scenes, "good/again.jpg", scene(3), split="test", label=0)
    (issue,) = near(scenes)
    assert ("PF605", 4, 1) == (issue.code, issue.data["count"], issue.data["tested"])
    assert 4 == len(issue.paths)


def test_a_near_duplicate_of_the_other_label_asks_which_label_is_right(scenes):
    put(scenes, "bad/again.jpg", scene(3), split="test", label=1)
    (issue,) = near(scenes)
    assert [0, 1] == issue.data["labels"]
    assert "one label may be wrong" in issue.message


def test_parts_in_a_rigid_fixture_have_like_hashes_and_are_no_near_duplicates(dataset):
    dataset.rows.clear()
    for number in range(12):
        put(dataset, f"train/{number}.png", part_in_fixture(number), split="train")
        put(dataset, f"good/{number}.png", part_in_fixture(100 + number), split="test", label=0)
    assert [] == near(dataset)
    paths = [str(dataset.folder / row["image_path"]) for row in dataset.rows]
    pictures = SmallPictures(dict(enumerate(map(read_picture, paths))))
    pairs = list(combinations(range(len(paths)), 2))
    assert all(pictures.residual(*pair) < 1 for pair in pairs)
    close = find_close(Uses.of(inspected(dataset)).hashes)
    assert len(close.first) > len(pairs) / 2


def test_a_jpeg_copy_is_found_in_a_rigid_fixture(dataset):
    dataset.rows.clear()
    for number in range(12):
        put(dataset, f"train/{number}.png", part_in_fixture(number), split="train")
    put(dataset, "good/again.jpg", part_in_fixture(5), split="test", label=0)
    (issue,) = near(dataset)
    assert ("good/again.jpg", "train/5.png") == issue.paths


def inspected(data):
    data.save()
    facts = FactStore("deep", SilentProgress())
    prepared = inspect_dataset(data.config(), data.folder, SilentProgress(), facts)
    return Inspection(
        config=data.config(), base=data.folder, prepared=prepared, facts=facts, progress=SilentProgress()
    )


def test_pairs_that_can_not_be_read_again_are_told(scenes):
    put(scenes, "good/again.jpg", scene(3), split="test", label=0)
    inspection = inspected(scenes)
    scenes.file("train/a3.png")
    (issue,) = near_duplicates.near_duplicate_issues(inspection)
    assert "PF904" == issue.code
    assert issue.data["looked_at"] < issue.data["candidates"]


def test_more_pairs_than_are_read_are_told(scenes, monkeypatch):
    for number in range(6):
        put(scenes, f"good/again{number}.jpg", scene(number), split="test", label=0)
    monkeypatch.setattr(near_duplicates, "_MOST_READ", 6)
    found = near(scenes)
    assert ["PF605"] * 3 + ["PF904"] == [issue.code for issue in found]


def rows(count, seed, flips):
    """Hashes that stem from three, each with a few bits flipped."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (3, 240))[rng.integers(0, 3, count)]
    for row in bits:
        row[rng.integers(0, 240, rng.integers(0, flips + 1))] ^= 1
    return np.packbits(bits.astype(np.uint8), axis=1)


def close_by_looking(hashes):
    bits = np.unpackbits(hashes, axis=1)
    return {
        (i, j)
        for j in range(len(bits))
        for i in range(j)
        if (bits[i] != bits[j]).sum() <= 24
        and any((bits[i, at : at + 30] == bits[j, at : at + 30]).all() for at in range(0, 240, 30))
    }


@given(st.integers(0, 30), st.integers(0, 1000), st.integers(0, 40))
def test_close_pairs_are_those_that_comparing_all_pairs_finds(count, seed, flips):
    hashes = rows(count, seed, flips)
    close = find_close(hashes)
    assert close_by_looking(hashes) == set(zip(close.first.tolist(), close.second.tolist(), strict=True))
    assert (0, False) == (close.crowded, close.is_full)


def test_close_pairs_come_closest_first():
    hashes = rows(30, 1, 12)
    close = find_close(hashes)
    bits = np.unpackbits(hashes, axis=1)
    distances = (bits[close.first] != bits[close.second]).sum(axis=1)
    assert len(distances) > 50
    assert sorted(distances) == distances.tolist()


def test_too_many_like_hashes_are_counted(monkeypatch):
    monkeypatch.setattr(similar, "_COMPARISONS_PER_BAND", 0)
    close = find_close(np.zeros((40, 30), np.uint8))
    assert 40 == close.crowded
    assert 32 * 40 - 32 * 33 // 2 == len(close.first)


def test_of_more_pairs_than_are_kept_the_closest_are_kept_and_it_is_told(monkeypatch):
    hashes = rows(40, 1, 12)
    every = find_close(hashes)
    monkeypatch.setattr(similar, "_MOST_PAIRS", 20)
    close = find_close(hashes)
    assert (False, True) == (every.is_full, close.is_full)
    assert every.first[:20].tolist() == close.first.tolist()
    assert every.second[:20].tolist() == close.second.tolist()


def test_a_half_grouped_category_is_told(dataset):
    dataset.row("train/0.png")["group_id"] = "part 7"
    (issue,) = issues(dataset, "PF608", depth="quick")
    assert "info" == issue.severity
    assert {"without": 31, "count": 32} == issue.data


@pytest.mark.parametrize("grouped", [True, False])
def test_a_category_that_is_grouped_or_not_as_a_whole_is_in_order(dataset, grouped):
    for row in dataset.rows if grouped else ():
        row["group_id"] = row["image_path"]
    assert [] == issues(dataset, "PF608", depth="quick")

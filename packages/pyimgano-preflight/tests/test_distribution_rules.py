"""Drift between normal images, and features that give the label away, on real files."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.runner import run_preflight


def picture(seed, size=(40, 40), mean=120.0, spread=8.0):
    """A grey picture of the given (height, width)."""
    values = np.random.default_rng(seed).normal(mean, spread, size)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def put(data, path, image, **fields):
    data.add(path, **fields)
    image.save(data.file(path))


def fill(data, learn, good, bad=picture, folders=("train", "good", "bad"), count=12):
    """Write 24 train images, and `count` test images of each label, from functions of a seed."""
    data.rows.clear()
    for number in range(24):
        put(data, f"{folders[0]}/{number}.png", learn(number), split="train")
    for number in range(count):
        put(data, f"{folders[1]}/{number}.png", good(100 + number), split="test", label=0)
        put(data, f"{folders[2]}/{number}.png", bad(200 + number), split="test", label=1)


def issues(data, code, depth="deep"):
    data.save()
    report = run_preflight(data.config(), data.folder, SilentProgress(), depth=depth)
    return [issue for issue in report.issues if issue.code == code]


def of_size(height, width):
    return lambda seed: picture(seed, (height, width))


def of_any_size(seed):
    return picture(seed, tuple(np.random.default_rng(seed).integers(36, 90, 2)))


def of_two_sizes(seed):
    return picture(seed, (40, 40) if seed % 2 else (50, 50))


def in_colour(seed):
    return picture(seed).convert("RGB")


def mostly_grey(seed):
    return picture(seed).convert("RGB") if seed == 100 else picture(seed)


def around(mean, jitter=6.0):
    """Images whose mean brightness scatters, as that of real parts does."""
    return lambda seed: picture(seed, mean=np.random.default_rng(seed).normal(mean, jitter))


def test_normal_test_images_of_another_size_are_told(dataset):
    fill(dataset, of_size(40, 40), of_size(40, 60))
    (issue,) = issues(dataset, "PF801", depth="quick")
    assert ("warning", "part", "size") == (issue.severity, issue.category, issue.data["trait"])
    assert ({"40x40": 24}, {"60x40": 12}) == (issue.data["train"], issue.data["test"])
    assert "100% against 0% are 40x40" in issue.message


def test_normal_test_images_in_another_mode_are_told(dataset):
    fill(dataset, picture, in_colour)
    (issue,) = issues(dataset, "PF801", depth="quick")
    assert ("mode", {"L": 24}, {"RGB": 12}) == tuple(issue.data[key] for key in ("trait", "train", "test"))


@pytest.mark.parametrize("good", [picture, mostly_grey])
def test_one_odd_image_is_no_drift(dataset, good):
    fill(dataset, picture, good)
    assert [] == issues(dataset, "PF801", depth="quick")


@pytest.mark.parametrize("make", [of_any_size, of_two_sizes])
def test_sizes_that_vary_alike_are_no_drift(dataset, make):
    fill(dataset, make, make)
    assert [] == issues(dataset, "PF801", depth="quick")


def test_the_size_of_defective_images_is_no_drift(dataset):
    fill(dataset, picture, picture, of_size(60, 60))
    assert [] == issues(dataset, "PF801", depth="quick")


def test_brighter_normal_test_images_are_told(dataset):
    fill(dataset, around(110), around(135))
    (issue,) = issues(dataset, "PF802")
    assert "brighter" in issue.message
    assert 15 < issue.data["shift"] < 35
    assert issue.data["auroc"] > 0.95


def test_darker_normal_test_images_are_told_as_darker(dataset):
    fill(dataset, around(135), around(110))
    (issue,) = issues(dataset, "PF802")
    assert "darker" in issue.message
    assert issue.data["shift"] < -15


def test_brightness_is_compared_in_the_deep_profile_alone(dataset):
    fill(dataset, around(110), around(135))
    assert [] == issues(dataset, "PF802", depth="standard")


@pytest.mark.parametrize(
    ("learn", "good", "bad", "count"),
    [
        (around(120), around(120), around(60), 12),  # defects may be dark
        (around(120, 0.1), around(123, 0.1), picture, 12),  # always in this order, and never seen
        (around(120, 12), around(126, 12), picture, 12),  # a shift within what is usual
        (around(110), around(135), picture, 7),  # too few to say
    ],
    ids=["dark defects", "tiny", "usual", "few"],
)
def test_brightness_that_says_nothing_of_drift_is_silent(dataset, learn, good, bad, count):
    fill(dataset, learn, good, bad, count=count)
    assert [] == issues(dataset, "PF802")


def features(data, depth="deep"):
    return {name for issue in issues(data, "PF803", depth) for name in issue.data["features"]}


def test_a_size_that_tells_the_label_is_a_shortcut(dataset):
    fill(dataset, picture, picture, of_size(40, 44))
    (issue,) = issues(dataset, "PF803", depth="quick")
    assert ("warning", "part") == (issue.severity, issue.category)
    assert 1.0 == issue.data["features"]["width"]
    assert "height" not in issue.data["features"]


def test_a_mode_that_tells_the_label_is_a_shortcut(dataset):
    fill(dataset, picture, picture, in_colour)
    assert "format" in features(dataset, depth="quick")


def test_a_brightness_that_tells_the_label_is_a_shortcut_of_the_deep_profile(dataset):
    fill(dataset, around(120), around(120), around(80))
    assert {"brightness"} == features(dataset)
    assert set() == features(dataset, depth="standard")


def test_blurred_anomalies_are_a_shortcut(dataset):
    fill(dataset, picture, picture, lambda seed: picture(seed, spread=3.0))
    assert {"sharpness", "contrast"} <= features(dataset)


def test_defects_that_darken_parts_a_little_are_no_shortcut(dataset):
    fill(dataset, around(120), around(120), around(114))
    assert set() == features(dataset)


def test_fewer_than_ten_of_a_label_are_no_shortcut(dataset):
    fill(dataset, picture, picture, of_size(40, 44), count=9)
    assert set() == features(dataset)


@pytest.mark.parametrize("folders", [("train", "good", "bad"), ("train", "test/ok/a", "test/nok/crack/b")])
def test_folders_that_hold_the_label_are_no_shortcut(dataset, folders):
    fill(dataset, picture, picture, folders=folders)
    assert set() == features(dataset)


def in_folders(data, normal, anomalous):
    """Spread the test images over folders that are functions of their numbers."""
    fill(data, picture, picture)
    for row in data.rows[24:]:
        number = int(row["image_path"].split("/")[1].removesuffix(".png"))
        path = f"{(anomalous if row['label'] else normal)(number)}/{row['label']}{number}.png"
        (data.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (data.folder / row["image_path"]).rename(data.folder / path)
        row["image_path"] = path


def test_sessions_that_tell_the_label_are_a_shortcut(dataset):
    in_folders(dataset, lambda n: f"day{n % 2}/good", lambda n: f"day{2 + n % 2}/bad")
    assert {"folder"} == features(dataset)


def test_sessions_that_hold_both_labels_are_in_order(dataset):
    in_folders(dataset, lambda n: f"day{n % 2}/good", lambda n: f"day{n % 2}/bad")
    assert set() == features(dataset)


def test_kinds_of_defects_in_folders_of_their_own_are_in_order(dataset):
    in_folders(dataset, lambda _: "good", lambda n: f"kind{n % 3}")
    assert set() == features(dataset)


def test_a_folder_for_each_image_is_in_order(dataset):
    in_folders(dataset, lambda n: f"part{n}", lambda n: f"part{n + 20}")
    assert set() == features(dataset)

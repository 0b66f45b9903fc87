"""What decoded images look like: a fault among usual images, and scenes that are as they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.layouts.demo import write_demo
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.checks.usual import FEATURES, FEWEST_NORMALS, Look, find_usual
from pyimgano_preflight.facts import PixelFacts
from pyimgano_preflight.rules import find_rule
from pyimgano_preflight.runner import run_preflight

SIDE = 64
RELATIVE = {"PF404", "PF405", "PF406", "PF407", "PF408"}
OF_CONTENT = {"PF403", *RELATIVE, "PF409"}


def part(seed, *, ground=60.0, noise=2.0, side=SIDE):
    """Return grey values (side, side) of a textured disc that lies about the middle, in light that varies."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] - side / 2 + rng.uniform(-3, 3, (2, 1, 1))
    disc = np.hypot(rows, columns) < side / 3
    texture = 150 + 25 * np.sin(columns * 1.2) + 25 * np.sin(rows * 0.9)
    return rng.uniform(0.9, 1.1) * np.where(disc, texture, ground) + rng.normal(0, noise, (side, side))


def saved(grey, path):
    Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).save(path)


def blurred(grey, radius):
    image = Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float64)


def flat(grey, share):
    return grey.mean() + (grey - grey.mean()) * share


def with_band(grey, share, noise=0.0):
    """Return the image with its lower end black, but for the noise of a camera."""
    banded = grey.copy()
    band = banded[round(len(grey) * (1 - share)) :]
    band[:] = 10 * noise + np.random.default_rng(0).normal(0, noise, band.shape)
    return banded


def with_shadow(grey):
    shaded = grey.copy()
    shaded[:, : len(grey) // 2] *= 0.3
    return shaded


def fill(dataset, change=lambda grey: grey, folder="", **scene):
    """Write a part into every image, or those of a folder."""
    for number, row in enumerate(dataset.rows):
        if row["image_path"].startswith(folder):
            saved(change(part(number, **scene)), dataset.file(row["image_path"]))


@pytest.fixture
def parts(dataset):
    fill(dataset)
    for row in dataset.rows:
        row.pop("mask_path", None)
    return dataset


def check(dataset, depth="deep"):
    dataset.save()
    return run_preflight(dataset.config(), dataset.folder, SilentProgress(), depth=depth)


def told(dataset):
    """Return the codes of content that are told, each with its paths."""
    issues = check(dataset).issues
    return [(issue.code, *issue.paths) for issue in issues if issue.code in OF_CONTENT]


def twelve_bit(dataset):
    for number, row in enumerate(dataset.rows):
        Image.fromarray((part(number) * 16).astype(np.uint16)).save(dataset.file(row["image_path"]))


def floats(dataset, value):
    grey = part(0).astype(np.float32)
    grey[3, 4:6] = value
    Image.fromarray(grey).save(dataset.file("train/0.tif"))
    dataset.row("train/0.png")["image_path"] = "train/0.tif"


def woven(number, radius=0.0):
    """Return fine cloth in uneven light, whose contrast is nearly all in threads that blur takes away."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    threads = 30 * np.sin(columns * 1.2) * np.sin(rows) + 8 * np.sin((rows + columns) / 20)
    return blurred(120 + rng.uniform(0.9, 1.1) * threads, radius) + rng.normal(0, 2, (SIDE, SIDE))


FAULTS = {
    "black frame": ("PF403", lambda grey: grey * 0),
    "saturated frame": ("PF403", lambda grey: grey * 0 + 255),
    "light failed": ("PF404", lambda grey: grey * 0.2),
    "closed lens": (
        "PF404",
        lambda _: part(0, ground=0) * 0 + np.random.default_rng(0).normal(5, 1, (64, 64)),
    ),
    "over-exposed": ("PF405", lambda grey: grey * 4),
    "out of focus": ("PF406", lambda grey: blurred(grey, 2)),
    "in motion": ("PF406", lambda grey: np.mean([np.roll(grey, step, axis=1) for step in range(5)], axis=0)),
    "fog": ("PF407", lambda grey: flat(grey, 0.2)),
    "lower third missing": ("PF408", lambda grey: with_band(grey, 0.3)),
    "right third missing": ("PF408", lambda grey: with_band(grey.T, 0.3).T),
    "upper third missing": ("PF408", lambda grey: with_band(grey[::-1], 0.3)[::-1]),
    "nearly all missing, in grey": ("PF408", lambda grey: np.where(np.arange(SIDE) < SIDE - 6, 128, grey)),
}
NEAR_MISSES = {
    "dimmer": lambda grey: grey * 0.5,
    "brighter": lambda grey: grey * 1.5,
    "a little soft": lambda grey: blurred(grey, 0.4),
    "half the contrast": lambda grey: flat(grey, 0.5),
    "in the shadow by half": with_shadow,
    "a black line at the border": lambda grey: with_band(grey, 0.03),
    "a black tray below, as a camera sees it": lambda grey: with_band(grey, 0.3, noise=1),
}
SCENES = {
    "dark field": {"change": lambda grey: grey * 0.12},
    "bright field": {"change": lambda grey: 255 - (255 - grey) * 0.12},
    "soft optics": {"change": lambda grey: blurred(grey, 3)},
    "low contrast": {"change": lambda grey: flat(grey, 0.2)},
    "clipped black background": {"ground": -50.0},
    "clipped white background": {"ground": 350.0},
    "a frame that the camera draws": {"change": lambda grey: with_band(grey, 0.2)},
    "noise": {"noise": 60.0},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_image_unlike_its_category_is_told_once(parts, fault):
    code, spoil = FAULTS[fault]
    saved(spoil(part(0)), parts.file("train/0.png"))
    assert [(code, "train/0.png")] == told(parts)


@pytest.mark.parametrize("near_miss", NEAR_MISSES)
def test_a_near_miss_is_silent(parts, near_miss):
    saved(NEAR_MISSES[near_miss](part(0)), parts.file("train/0.png"))
    assert [] == told(parts)


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_that_is_so_in_all_images_is_no_fault(parts, scene):
    fill(parts, **SCENES[scene])
    assert [] == told(parts)


@pytest.mark.parametrize("code", ["PF404", "PF405", "PF406", "PF407", "PF408"])
def test_what_more_than_a_tenth_of_the_images_are_is_no_fault(parts, code):
    spoil = next(spoil for found, spoil in FAULTS.values() if found == code)
    fill(parts, spoil, folder="val/")  # 4 of 28 normal images
    assert code not in {found for found, _ in told(parts)}


def test_blur_is_found_where_it_takes_all_the_contrast(parts):
    for number, row in enumerate(parts.rows):
        saved(woven(number), parts.file(row["image_path"]))
    assert [] == told(parts)
    saved(woven(0, radius=3), parts.file("train/0.png"))
    assert [("PF406", "train/0.png")] == told(parts)


def test_numbers_and_severity_are_in_the_issue(parts):
    saved(part(0) * 0.2, parts.file("train/0.png"))
    (issue,) = [issue for issue in check(parts).issues if issue.code == "PF404"]
    assert find_rule("IMAGE_TOO_DARK").severity == issue.severity
    assert issue.data["value"] < issue.data["lowest"] < issue.data["usual"]
    assert "train/0.png: is dark: its mean grey value is 1" in issue.message


def test_images_are_compared_within_their_category_only(parts):
    for row in list(parts.rows):
        path = f"dark/{row['image_path']}"
        parts.add(path).update({**row, "image_path": path, "category": "dark"})
    fill(parts, lambda grey: grey * 0.12, folder="dark/")
    assert [] == told(parts)


def test_anomalous_images_do_not_shape_what_is_usual(parts):
    for number in range(60):
        parts.add(f"bad/more{number}.png", split="test", label=1)
    fill(parts, lambda grey: grey * 0.15, folder="bad/")
    found = told(parts)
    assert {("PF404", "bad")} == {(code, path.split("/")[0]) for code, path in found}
    assert 64 == len(found)


def keep_normals(dataset, count):
    bad = [row for row in dataset.rows if row.get("label") == 1]
    dataset.rows = [*[row for row in dataset.rows if row not in bad][:count], *bad]


def test_too_few_normal_images_silence_all_but_constant_images_and_that_is_said(parts):
    for path, spoil in (("train/0.png", 0.1), ("train/1.png", 0.0)):
        saved(part(0) * spoil, parts.file(path))
    keep_normals(parts, FEWEST_NORMALS)  # of which one is constant
    issues = check(parts).issues
    assert {"PF403"} == {issue.code for issue in issues if issue.code in OF_CONTENT}
    assert [{"normals": FEWEST_NORMALS - 1}] == [issue.data for issue in issues if issue.code == "PF902"]


def test_just_enough_normal_images_are_judged(parts):
    saved(part(0) * 0.1, parts.file("train/0.png"))
    keep_normals(parts, FEWEST_NORMALS)
    report = check(parts)
    assert {"PF404"} == {issue.code for issue in report.issues} & OF_CONTENT
    assert "PF902" not in report.summary["by_code"]


def test_blur_is_judged_among_images_of_one_size_and_others_are_said(parts):
    saved(blurred(part(0, side=80), 3), parts.file("train/0.png"))
    issues = check(parts).issues
    assert set() == {issue.code for issue in issues} & OF_CONTENT
    assert [{"images": 1}] == [issue.data for issue in issues if issue.code == "PF902"]


def test_twelve_bits_read_as_sixteen_are_told_once_for_the_category(parts):
    twelve_bit(parts)
    assert [("PF407",)] == told(parts)


def test_twelve_bits_read_as_twelve_are_silent(parts):
    twelve_bit(parts)
    parts.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "sixteen_bit_range": [0, 4095]})
    assert [] == told(parts)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_are_told(parts, value):
    floats(parts, value)
    issues = [issue for issue in check(parts).issues if issue.code in {"PF315", "PF409"}]
    assert ["PF409"] == [issue.code for issue in issues]
    assert "has 2 pixels that are NaN or infinite" in issues[0].message


def test_floats_that_are_numbers_are_of_an_unsupported_mode_only(parts):
    floats(parts, 1.0)
    assert {"PF315"} == {issue.code for issue in check(parts).issues} & {"PF315", *OF_CONTENT}


def test_content_is_looked_at_in_the_deep_profile_only_and_that_is_said(parts):
    saved(part(0) * 0, parts.file("train/0.png"))
    report = check(parts, depth="standard")
    assert set() == set(report.summary["by_code"]) & OF_CONTENT
    states = {state.code: state.state for state in report.checks}
    assert {"skipped"} == {states[code] for code in OF_CONTENT}


def look(*, coarse=20.0, **changes):
    usual = {"mean": 100.0, "std": 40.0, "sharpness": 400.0, "contrast": 150.0, "blank_share": 0.0}
    rest = {"minimum": 0.0, "maximum": 255.0, "dark_share": 0.0, "bright_share": 0.0, "difference_hash": ""}
    sample = Sample(record=Record(image_path="a.png", category="part"), image=Path("a.png"))
    pixels = PixelFacts(**{**usual, **rest, **changes})
    return Look(sample=sample, pixels=pixels, size=(9, 9), coarse_variance=coarse**2)


def unlike(one, usual):
    return {feature.code for feature in FEATURES if usual.deviation(feature, one) is not None}


PIXELS = st.builds(
    look,
    coarse=st.floats(0, 128),
    mean=st.floats(0, 255),
    std=st.floats(0, 128),
    sharpness=st.floats(0, 1e5),
    contrast=st.integers(0, 255).map(float),
    blank_share=st.floats(0, 1),
)


@given(st.lists(PIXELS, min_size=FEWEST_NORMALS, max_size=30))
@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])
def test_never_more_than_a_tenth_of_the_normal_images_are_unlike_the_others(looks):
    usual = find_usual(looks)
    for feature in FEATURES:
        assert sum(feature.code in unlike(one, usual) for one in looks) <= len(looks) / 10


@given(st.lists(st.floats(1.0, 2.9), min_size=FEWEST_NORMALS, max_size=40))
def test_a_factor_below_three_between_images_is_never_a_fault(factors):
    looks = [
        look(mean=80 * f, std=20 * f, coarse=9 * f, sharpness=90 * f * f, contrast=60 * f) for f in factors
    ]
    usual = find_usual(looks)
    # Sharpness goes with the square of the light, and must fall relative to it, too.
    assert set() == {code for one in looks for code in unlike(one, usual)} - {"PF405"}


@given(st.floats(0.01, 1.0))
def test_dim_light_is_never_taken_for_blur(gain):
    looks = [look(std=40 + number, sharpness=400 + number) for number in range(FEWEST_NORMALS)]
    dim = look(mean=100 * gain, std=40 * gain, coarse=20 * gain, sharpness=400 * gain**2)
    assert "PF406" not in unlike(dim, find_usual(looks))


def test_the_built_in_data_set_is_sound(tmp_path):
    write_demo(tmp_path / "demo")
    config = structure_config({"dataset": {"name": "mvtec", "root": "demo"}}, RunConfig)
    report = run_preflight(config, tmp_path, SilentProgress(), depth="deep")
    assert set() == set(report.summary["by_code"]) & {*OF_CONTENT, "PF902"}


@pytest.mark.real_data
@pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set")
@pytest.mark.parametrize("name", ["aliens", "cookies", "ballscrew_pitting"])
def test_real_sets_are_sound(name):
    folder = Path(os.environ["PYIMGANO_REAL_DATA"]) / name
    config = structure_config({"dataset": {"manifest_path": "manifest.jsonl"}}, RunConfig)
    report = run_preflight(config, folder, SilentProgress(), depth="deep")
    assert set() == set(report.summary["by_code"]) & OF_CONTENT

"""Every rule about masks on a real file that breaks it, and on a near miss that must stay silent."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.facts import FactStore, FileError, FileFacts
from pyimgano_preflight.rules import find_rule
from pyimgano_preflight.runner import check_dataset, run_preflight

SIDE = 40


def drawn(value=255, region=np.s_[4:10, 4:10], background=0, size=(SIDE, SIDE)):
    pixels = np.full(size, background, np.uint8)
    pixels[region] = value
    return Image.fromarray(pixels)


def soft_border():
    image = drawn()
    image.putpixel((20, 20), 128)
    return image


def class_numbers():
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[4:8], pixels[20:24] = 1, 4
    return Image.fromarray(pixels)


def full_rows(count):
    return lambda: drawn(region=np.s_[:count])


def many_values():
    return Image.fromarray((np.arange(SIDE * SIDE) % 100).astype(np.uint8).reshape(SIDE, SIDE))


def save(image, path="masks/0.png", **options):
    return lambda data: image().save(data.file(path), **options)


def saved_as(name, image=drawn, **options):
    def spoil(data):
        data.row("bad/0.png")["mask_path"] = name
        image().save(data.file(name), **options)

    return spoil


def change(path, **fields):
    return lambda data: data.row(path).update(fields)


def large_with(region):
    """Return a spoiler that makes one image and its mask 1000 pixels wide."""

    def spoil(data):
        Image.effect_noise((1000, 1000), 90).save(data.file("bad/0.png"))
        save(lambda: drawn(region=region, size=(1000, 1000)))(data)

    return spoil


def image_copied_to_mask(data):
    shutil.copy(data.folder / "train/3.png", data.file("masks/0.png"))


def image_with_one_more_pixel(data):
    pixels = np.array(Image.open(data.folder / "bad/0.png"))
    pixels[0, 0] = 0
    Image.fromarray(pixels).save(data.file("masks/0.png"))


def image_linked_as_mask(data):
    os.link(data.folder / "bad/0.png", data.file("masks/0.png"))


def one_mask_for_all_normals(data):
    save(lambda: drawn(0), "masks/none.png")(data)
    for number in range(4):
        data.row(f"good/{number}.png")["mask_path"] = "masks/none.png"


def only_masked(count):
    """Return a spoiler that leaves only so many anomalous images, all with a mask."""

    def spoil(data):
        kept = {f"bad/{number}.png" for number in range(count)}
        data.rows = [row for row in data.rows if row["split"] != "test" or row["label"] == 0] + [
            row for row in data.rows if row["image_path"] in kept
        ]

    return spoil


CASES = {
    "PF501": (lambda d: d.file("masks/0.png"), change("bad/0.png", mask_path="masks//0.png")),
    "PF502": (change("bad/0.png", mask_path=None), change("good/0.png", mask_path=None)),
    "PF503": (save(lambda: drawn(size=(20, 20))), save(lambda: drawn(region=np.s_[:4]))),
    "PF504": (save(lambda: drawn(0)), save(lambda: drawn(region=np.s_[0, 0]))),
    "PF505": (change("good/0.png", mask_path="masks/0.png"), one_mask_for_all_normals),
    "PF506": (save(soft_border), save(lambda: drawn(200))),
    "PF507": (save(class_numbers), save(lambda: drawn(128))),
    "PF508": (saved_as("masks/0.jpg", quality=95), saved_as("masks/0.bmp")),
    "PF509": (image_copied_to_mask, image_with_one_more_pixel),
    "PF510": (change("bad/0.png", mask_path="masks/1.png"), one_mask_for_all_normals),
    "PF511": (save(full_rows(39)), save(full_rows(38))),
    "PF512": (save(lambda: drawn().convert("RGBA")), save(lambda: drawn().quantize())),
    "PF513": (large_with(np.s_[:3, :5]), large_with(np.s_[:4, :4])),
    "PF514": (
        lambda d: (d.folder / "masks/0.png").write_bytes((d.folder / "masks/1.png").read_bytes()[:40]),
        save(lambda: drawn().convert("1")),
    ),
    "PF714": (only_masked(3), only_masked(4)),
}
# What a near miss of one rule is guilty of instead; all others are quite sound.
NEAR_MISS_BREAKS = {"PF509": {"PF506", "PF511", "PF512"}}


def codes_about_masks(report):
    """Return the codes found, less those on images, which the spoilers that draw images also break."""
    return {issue.code for issue in report.issues if issue.code[:3] in ("PF5", "PF7")}


def found(dataset, code, **options):
    dataset.save()
    report = run_preflight(dataset.config(), dataset.folder, SilentProgress(), **options)
    return [issue for issue in report.issues if issue.code == code]


@pytest.mark.parametrize("code", CASES)
def test_a_mask_that_breaks_the_rule_is_told_once(dataset, code):
    CASES[code][0](dataset)
    issues = found(dataset, code)
    assert [find_rule(code).severity] == [issue.severity for issue in issues]


@pytest.mark.parametrize("code", CASES)
def test_a_near_miss_of_the_rule_is_silent(dataset, code):
    CASES[code][1](dataset)
    assert NEAR_MISS_BREAKS.get(code, set()) == codes_about_masks(dataset.report())


@pytest.mark.parametrize("code", CASES)
def test_the_gate_is_the_one_that_training_sees(dataset, code):
    CASES[code][0](dataset)
    dataset.save()
    config, silent = dataset.config(), SilentProgress()
    seen = inspect_dataset(config, dataset.folder, silent, FactStore("standard", silent))
    trained = inspect_dataset(config, dataset.folder, silent)
    assert [category.gate for category in trained.categories] == [
        category.gate for category in seen.categories
    ]
    assert [category.masks for category in trained.categories] == [
        category.masks for category in seen.categories
    ]


def test_a_fault_of_a_mask_is_at_the_mask_of_its_line(dataset):
    save(class_numbers)(dataset)
    (issue,) = found(dataset, "PF507")
    line = 1 + [row["image_path"] for row in dataset.rows].index("bad/0.png")
    assert (line, "mask_path") == (issue.location.line, issue.location.field)
    assert ("masks/0.png",) == issue.paths
    assert {"values": [0, 1, 4], "value_count": 3} == issue.data


def test_more_values_than_are_listed_are_never_taken_for_class_numbers(dataset):
    save(many_values)(dataset)
    assert [100] == [issue.data["value_count"] for issue in found(dataset, "PF506")]
    assert [] == found(dataset, "PF507")


def test_a_mask_of_one_bit_or_of_16_bits_is_binary(dataset):
    save(lambda: drawn().convert("1"))(dataset)
    sixteen = np.zeros((SIDE, SIDE), np.uint16)
    sixteen[4:10, 4:10] = 65535
    save(lambda: Image.fromarray(sixteen), "masks/1.png")(dataset)
    assert set() == codes_about_masks(dataset.report())


def test_class_numbers_in_16_bits_look_black_too(dataset):
    sixteen = np.zeros((SIDE, SIDE), np.uint16)
    sixteen[4:10, 4:10] = 3
    save(lambda: Image.fromarray(sixteen))(dataset)
    assert {"PF507"} == codes_about_masks(dataset.report())


def test_an_image_that_is_its_own_mask_is_found_without_its_bytes(dataset):
    dataset.row("bad/0.png")["mask_path"] = "bad/0.png"
    (issue,) = found(dataset, "PF509", depth="quick")
    assert "'bad/0.png'" in issue.message


def test_a_link_to_an_image_is_no_mask(dataset):
    image_linked_as_mask(dataset)
    assert {"PF509"} == codes_about_masks(dataset.report())


def test_every_copy_of_an_image_among_the_masks_is_told(dataset):
    for number in range(2):
        shutil.copy(dataset.folder / "train/3.png", dataset.file(f"masks/{number}.png"))
    assert ["masks/0.png", "masks/1.png"] == [issue.paths[0] for issue in found(dataset, "PF509")]


def test_the_needed_size_shows_one_pixel_of_the_defect(dataset):
    large_with(np.s_[:3, :5])(dataset)
    (issue,) = found(dataset, "PF513")
    height, width = issue.data["needed_resize"]
    assert (height - 1) * (width - 1) * 15 < 1000 * 1000 <= height * width * 15


def test_a_larger_input_keeps_the_defect(dataset):
    large_with(np.s_[:3, :5])(dataset)
    settings = {"name": "manifest", "manifest_path": "manifest.jsonl", "resize": [260, 260]}
    dataset.set(dataset=settings)
    assert [] == found(dataset, "PF513")


def test_tiles_keep_the_defect(dataset):
    large_with(np.s_[:3, :5])(dataset)
    dataset.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "tiling": {}})
    assert [] == found(dataset, "PF513")


def coloured(colour, mode, **shape):
    """A mask that marks with one colour on black, or on what does not show."""
    image = Image.new(mode, (SIDE, SIDE))
    image.paste(colour, (4, 4, 10, 10))
    return image if not shape else image.resize((SIDE, SIDE), box=(0.5, 0, SIDE - 0.5, SIDE), **shape)


DARK, BRIGHT, MEDIUM = (128, 0, 0), (255, 255, 255), (200, 250, 0)
SMOOTH = {"resample": Image.Resampling.BILINEAR}


def palette_of(colours):
    """A mask of class numbers with the colours of a palette, as segmentation data sets have them."""
    image = Image.new("P", (SIDE, SIDE))
    image.putpalette([0, 0, 0, *(value for colour in colours for value in colour)])
    for number in range(len(colours)):
        image.paste(number + 1, (4, 4 * number, 30, 4 * number + 3))
    return image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (palette_of([BRIGHT]), set()),
        (palette_of([DARK]), {"PF507"}),
        (palette_of([(0, 0, 1)]), {"PF507"}),
        (palette_of([BRIGHT, MEDIUM]), {"PF506"}),
        (coloured(BRIGHT, "RGB"), {"PF512"}),
        (coloured(MEDIUM, "RGB"), {"PF512"}),
        (coloured(DARK, "RGB"), {"PF512", "PF507"}),
        (coloured(BRIGHT, "RGB", **SMOOTH), {"PF512", "PF506"}),
        (coloured((*BRIGHT, 255), "RGBA"), {"PF512"}),
        (coloured((*DARK, 255), "RGBA"), {"PF512", "PF507"}),
        (coloured((*DARK, 200), "RGBA"), {"PF512", "PF507"}),
        (coloured((0, 0, 0, 255), "RGBA"), {"PF512"}),
        (coloured((0, 0, 0, 100), "RGBA"), {"PF512", "PF507"}),
        (coloured((255, 200), "LA"), {"PF512"}),
        (drawn().convert("1"), set()),
    ],
)
def test_what_a_palette_colours_and_alpha_mark_is_judged_by_its_brightness(dataset, image, expected):
    image.save(dataset.file("masks/0.png"))
    assert expected == codes_about_masks(dataset.report())


def test_what_does_not_show_is_no_value_of_a_mask(dataset):
    image = coloured((*BRIGHT, 255), "RGBA")
    image.paste((90, 90, 90, 0), (20, 20, 30, 30))
    image.save(dataset.file("masks/0.png"))
    assert {"PF512"} == codes_about_masks(dataset.report())


def test_masks_of_train_images_are_looked_at(dataset):
    save(lambda: drawn(0), "masks/none.png")(dataset)
    dataset.row("train/0.png")["mask_path"] = "masks/none.jpg"
    save(lambda: drawn(0), "masks/none.jpg")(dataset)
    assert {"PF508"} == codes_about_masks(dataset.report())


def test_the_profile_quick_says_nothing_of_what_masks_mark(dataset):
    save(lambda: drawn(0))(dataset)
    save(full_rows(40), "masks/1.png")(dataset)
    save(class_numbers, "masks/2.png")(dataset)
    report = run_preflight(dataset.config(), dataset.folder, SilentProgress(), depth="quick")
    assert set() == codes_about_masks(report)


def test_the_profile_quick_trusts_the_masks_of_normal_images(dataset):
    one_mask_for_all_normals(dataset)
    dataset.save()
    report = run_preflight(dataset.config(), dataset.folder, SilentProgress(), depth="quick")
    assert set() == codes_about_masks(report)
    assert report.categories[0].pixel_metrics_status.enabled


class FailingStore(FactStore):
    """Facts of a disk that fails at one mask, which no test can have for real."""

    def __init__(self, code):
        super().__init__("standard", SilentProgress())
        self.error = FileError(code=code, message="could not be read")

    def mask(self, sample):
        is_broken = sample.record.mask_path == "masks/0.png"
        return FileFacts(path=str(sample.mask), error=self.error) if is_broken else super().mask(sample)


@pytest.mark.parametrize(("code", "expected"), [("storage_error", "PF901"), ("changed", "PF214")])
def test_what_the_storage_did_is_no_fault_of_the_mask(dataset, code, expected):
    dataset.save()
    outcome = check_dataset(dataset.config(), dataset.folder, SilentProgress(), FailingStore(code))
    assert [expected] == [issue.code for issue in outcome.issues if "masks/0.png" in issue.paths]

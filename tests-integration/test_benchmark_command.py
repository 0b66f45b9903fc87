"""What a user of `pyimgano-benchmark` meets: folders as data sets come, missing masks, and refusals."""

import csv
import json
import shutil
from html import unescape

import numpy as np
import pytest
from PIL import Image

from pyimgano_bench.cli import benchmark
from pyimgano_core.cli.app import run
from pyimgano_workbench.cli import train

SIDE = 32
QUICK = ("--detector", "subspace", "--resize", SIDE, SIDE, "--workers", 0)
NO_MASKS = "none of 2 anomalous test images has a mask"
INCOMPLETE = '1 of 2 anomalous test images has no mask: add it, or set evaluation.pixel_subset = "masked"'


@pytest.fixture
def command(capfd, tmp_path, monkeypatch):
    """Run a command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, program=benchmark):
        with pytest.raises(SystemExit) as caught:
            run(program, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


class Folder:
    """Writes the images of a data set where its layout wants them."""

    def __init__(self, root):
        self.root = root
        self.rng = np.random.default_rng(5)

    def add(self, name, *, defect=False, mask=None):
        image = self.rng.normal(110, 8, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
        if defect:
            image[10:20, 8:22] = 200
        self.write(name, image)
        if mask is not None:
            marked = np.zeros((SIDE, SIDE), np.uint8)
            marked[10:20, 8:22] = 255
            self.write(mask, marked)

    def write(self, name, pixels):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)

    def add_category(self, category, normal="good", defect="scratch", mask="{}_mask.png", masks=2, normals=2):
        """Add a category of a folder tree: 6 images to fit, and tests of which the first few have masks."""
        for number in range(6):
            self.add(f"{category}/train/{normal}/{number:03}.png")
        for number in range(normals):
            self.add(f"{category}/test/{normal}/{number:03}.png")
        for number in range(2):
            file = f"{category}/ground_truth/{defect}/{mask.format(f'{number:03}')}"
            path = f"{category}/test/{defect}/{number:03}.png"
            self.add(path, defect=True, mask=file if number < masks else None)


def add_mvtec(folder):
    for category in ("bottle", "Maß & Übergröße"):
        folder.add_category(category)


def add_btad(folder):
    for category in ("01", "02"):
        folder.add_category(category, "ok", "ko", "{}.png")


def add_visa(folder):
    """Write the table that VisA is published with; its folders tell nothing."""
    rows = ["object,split,label,image,mask"]
    for category in ("candle", "pcb1"):
        for number in range(8):
            image = f"{category}/Data/Images/Normal/{number:04}.JPG"
            folder.add(image)
            rows.append(f"{category},{'train' if number < 6 else 'test'},normal,{image},")
        for number in range(2):
            image = f"{category}/Data/Images/Anomaly/{number:03}.JPG"
            mask = f"{category}/Data/Masks/Anomaly/{number:03}.png"
            folder.add(image, defect=True, mask=mask)
            rows.append(f"{category},test,anomaly,{image},{mask}")
    (folder.root / "split_csv").mkdir()
    (folder.root / "split_csv" / "1cls.csv").write_text("\n".join(rows) + "\n")


def add_custom(folder):
    for category in ("bolt", "nut"):
        folder.add_category(category, "normal", "anomaly", "{}.png")


@pytest.mark.parametrize(
    ("asked", "add", "categories"),
    [
        (("--suite", "mvtec-ad"), add_mvtec, ["Maß & Übergröße", "bottle"]),
        (("--suite", "btad"), add_btad, ["01", "02"]),
        (("--suite", "visa"), add_visa, ["candle", "pcb1"]),
        (("--dataset", "custom"), add_custom, ["bolt", "nut"]),
    ],
)
def test_a_data_set_in_its_own_folders_is_measured_with_its_masks(command, tmp_path, asked, add, categories):
    add(Folder(tmp_path / "data set"))
    source = (*asked, "--root", "data set")
    assert (0, categories) == (0, command(*source, "--list-categories")[1].splitlines())
    code, _, err = command(*source, *QUICK, "--output-dir", "out")
    assert (0, "") == (code, err)
    rows = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["rows"]
    assert [(name, 2, 2) for name in categories] == [
        (row["category"], row["normal_count"], row["anomaly_count"]) for row in rows
    ]
    assert all(row["pixel_auroc"] is not None for row in rows)


def test_a_folder_that_is_not_in_the_layout_is_a_data_error_that_says_what_is_missing(command, tmp_path):
    add_mvtec(Folder(tmp_path / "data"))
    code, out, err = command("--suite", "btad", "--root", "data", *QUICK)
    assert (2, "") == (code, out)
    assert "bottle/train/good: is named none of ko, ok" in err


@pytest.mark.parametrize(
    ("masks", "reason", "words"), [(0, "no_masks", NO_MASKS), (1, "missing_masks", INCOMPLETE)]
)
def test_pixels_that_can_not_be_measured_are_told_everywhere_and_as_in_training(
    command, tmp_path, masks, reason, words
):
    Folder(tmp_path / "data").add_category("bottle", masks=masks)
    source = ("--dataset", "mvtec", "--root", "data")
    code, out, _ = command(*source, *QUICK, "--pixel", "--output-dir", "out")
    assert 0 == code
    note = f"mvtec/bottle: no pixel metrics: {words}".replace("mvtec", "data")
    assert f"- {note}" in out
    written = tmp_path / "out"
    assert note in (written / "results.md").read_text("utf-8").replace("\\", "")
    assert words in unescape((written / "leaderboard.html").read_text("utf-8"))
    document = json.loads((written / "results.json").read_text("utf-8"))
    assert note in document["notes"]
    (row,) = document["rows"]
    pixels = ("pixel_auroc", "pixel_ap", "pixel_f1_max", "aupro", "aupimo")
    assert dict.fromkeys(pixels) == {name: row[name] for name in pixels}
    assert dict.fromkeys(pixels, reason) == {name: row["reasons"][name] for name in pixels}
    with (written / "results.csv").open(newline="") as stream:
        (line,) = csv.DictReader(stream)
    assert ("", f"pixel_auroc: {reason}") == (line["pixel_auroc"], line["reasons"].split("; ")[0])

    settings = ("model.name=subspace", f"dataset.resize=[{SIDE},{SIDE}]", "evaluation.pixel_metrics=true")
    settings = [argument for setting in settings for argument in ("--set", setting)]
    code, out, _ = command(*source, *settings, program=train)
    assert 0 == code
    assert words in out


def test_json_and_a_second_run_that_computes_nothing_tell_of_missing_pixels_too(command, tmp_path):
    Folder(tmp_path / "data").add_category("bottle", masks=0)
    again = ("--dataset", "mvtec", "--root", "data", *QUICK, "--pixel", "--output-dir", "out")
    first, second = command(*again, "--json"), command(*again)
    assert (0, 0) == (first[0], second[0])
    assert any(NO_MASKS in note for note in json.loads(first[1])["notes"])
    assert NO_MASKS in second[1]
    assert "1 of 1 cell was there before" in second[1]


@pytest.mark.parametrize(
    "asked",
    [
        ("--save-maps",),
        ("--preflight",),
        ("--dry-run",),
        ("--export-infer-config",),
        ("--set", "output.save_maps=true"),
    ],
)
def test_what_only_training_does_is_refused_with_its_command(command, tmp_path, asked):
    code, out, err = command("--dataset", "demo", *asked, "--output-dir", "out")
    assert (64, "") == (code, out)
    (told,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert "can't run in benchmark mode" in told
    assert "pyimgano-train" in told
    assert not (tmp_path / "out").exists()


def test_a_data_set_without_test_images_is_refused_with_the_command_for_it(command, tmp_path):
    Folder(tmp_path / "data").add_category("bottle")
    shutil.rmtree(tmp_path / "data" / "bottle" / "test")
    shutil.rmtree(tmp_path / "data" / "bottle" / "ground_truth")
    code, _, err = command("--dataset", "mvtec", "--root", "data", *QUICK, "--output-dir", "out")
    assert 64 == code
    (told,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert "can't run in benchmark mode; use the workbench: pyimgano-train" in told
    (cell,) = [json.loads(path.read_text()) for path in (tmp_path / "out" / "cells").glob("*.json")]
    assert "pyimgano-train" in cell["error"]["message"]


def test_a_category_without_tests_is_in_nobody_s_way_who_did_not_ask_for_it(command, tmp_path):
    folder = Folder(tmp_path / "data")
    for category in ("bolt", "nut", "washer"):
        folder.add_category(category)
    shutil.rmtree(tmp_path / "data" / "washer" / "test")
    chosen = ("--category", "bolt", "--category", "nut")
    code, _, err = command("--dataset", "mvtec", "--root", "data", *chosen, *QUICK, "--output-dir", "out")
    assert (0, "") == (code, err)


def test_a_category_without_anomalies_and_one_torn_image_cost_nothing_else(command, tmp_path):
    folder = Folder(tmp_path / "data")
    for category in ("good only", "torn", "whole"):
        folder.add_category(category)
    shutil.rmtree(tmp_path / "data" / "good only" / "test" / "scratch")
    (tmp_path / "data" / "torn" / "test" / "scratch" / "000.png").write_bytes(b"torn")
    code, out, _ = command("--dataset", "mvtec", "--root", "data", *QUICK, "--output-dir", "out")
    assert 4 == code
    assert "data/good only: no pixel metrics: there are no anomalous test images" in out
    assert "data/torn: 1 image could not be used, the first: " in out
    rows = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["rows"]
    assert ["ok"] * 3 == [row["status"] for row in rows]
    assert [None, 1, 2] == [row["anomaly_count"] or None for row in rows]

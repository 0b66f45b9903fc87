"""The workbench and the benchmark run the same function, so all that they say of a category is the same.

A manifest holds a category for every combination of explicit, automatic and mixed splits, `val` records,
groups, and the states that masks can be in, and some odd ones. Each command runs all of it once.
"""

import json
from itertools import product

import numpy as np
import pytest
from attrs import define, evolve
from click.testing import CliRunner
from PIL import Image

from pyimgano_bench.cli import benchmark
from pyimgano_core.cli.app import run
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.structuring import structure
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_workbench.cli import train

FAILED = 4  # the exit code where some inputs failed
SEED = 3
SIZE = (40, 48)  # of the images
SIDE = 32  # of the model's input
ANOMALIES = 3
# How records name their splits: all of them do, none does, or every second one.
SPLITS = ("explicit", "automatic", "mixed")
# What is wrong with the masks, and why there are no pixel metrics then.
MASKS = {
    "complete": None,
    "incomplete": "missing_masks",
    "none": "no_masks",
    "unreadable": "unusable_masks",
    "of another size": "unusable_masks",
    "lost": "missing_masks",
    "empty": "empty_masks",
    "on normals": "mask_on_normal",
}
ALWAYS = 4  # so many of them meet every combination of the others


@define(frozen=True)
class Case:
    """A category."""

    split: str
    val: bool
    groups: bool
    masks: str

    @property
    def category(self):
        marks = ["val"] * self.val + ["groups"] * self.groups
        return " ".join([self.split, *marks, "masks", self.masks])


CASES = [
    *(Case(*axes) for axes in product(SPLITS, (True, False), (True, False), [*MASKS][:ALWAYS])),
    *(Case("explicit", val=False, groups=False, masks=masks) for masks in [*MASKS][ALWAYS:]),
]
ODD = ("no anomalies", "no normal tests", "unreadable images", "Maß & Übergröße")
CATEGORIES = sorted([*(case.category for case in CASES), *ODD])
# What else can move a split, a threshold, a metric or a verdict; on one category.
SETTINGS = {
    "calibration": ["threshold.method=gaussian", "threshold.k=2.5", "threshold.pixel_minimum_area=4"],
    "fixed": ["threshold.method=fixed", "threshold.value=0.5"],
    "limits": ["evaluation.aupro_limit=0.1", "evaluation.saturation=0.5", "evaluation.interval_level=0.8"],
    "masked subset": ["evaluation.pixel_subset=masked"],
    "no pixels": ["evaluation.pixel_metrics=false"],
    "region": ["dataset.regions.*={folder}/region.png"],
    "review band": ["threshold.review.method=quantile", "threshold.review.quantile=0.5"],
    "split policy": ["dataset.split_policy.seed=8", "dataset.split_policy.test_normal_fraction=0.5"],
    "tiles": ["dataset.tiling.overlap=0.25"],
}
VARIED = Case("automatic", val=False, groups=True, masks="incomplete").category


class Writer:
    """Writes images, masks and the lines of a manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.rng = np.random.default_rng(11)
        self.rows = []

    def add(self, category, split, *, anomalous=False, mask=None, group=None, readable=True):
        name = f"{len(self.rows):04d}"
        image = self.rng.normal(110, self.rng.uniform(4, 12), (*SIZE, 3)).clip(0, 255).astype(np.uint8)
        if anomalous:
            image[12:22, 16:30] += np.uint8(self.rng.integers(2, 9))
        Image.fromarray(image).save(self.folder / f"{name}.png")
        if not readable:
            (self.folder / f"{name}.png").write_bytes(f"torn {name}".encode())
        row = {"image_path": f"{name}.png", "category": category, "meta": {"number": len(self.rows)}}
        if split is not None:
            row["split"] = split
        if group is not None:
            row["group_id"] = group
        if anomalous or split == "test":
            row["label"] = int(anomalous)
        if mask is not None:
            row["mask_path"] = f"{name}_mask.png"
            self.write_mask(mask, self.folder / row["mask_path"])
        self.rows.append(row)

    def write_mask(self, state, path):
        mask = np.zeros(SIZE if state != "of another size" else (8, 8), np.uint8)
        if state != "empty":
            mask[12:22, 16:30] = 255
        if state == "unreadable":
            path.write_bytes(b"torn")
        elif state != "lost":
            Image.fromarray(mask).save(path)

    def add_case(self, case):
        roles = ["train"] * 6 + ["val"] * (2 * case.val) + ["test"] * 2
        for place, role in enumerate(roles):
            self.add(
                case.category,
                role if role == "val" or names_split(case, place) else None,
                mask="complete" if case.masks == "on normals" and role == "test" else None,
                group=f"lot {place // 2}" if case.groups else None,
            )
        for place in range(ANOMALIES):
            self.add(
                case.category,
                "test" if names_split(case, place) else None,
                anomalous=True,
                mask=mask_of(case.masks, place),
                group=f"bad lot {place // 2}" if case.groups else None,
            )

    def add_odd(self, category):
        splits = ["train"] * 6 + ["val"] * 2 + ["test"] * (2 if category != "no normal tests" else 0)
        for place, split in enumerate(splits):
            self.add(category, split, readable=category != "unreadable images" or place % 2 == 0)
        for place in range(2 if category != "no anomalies" else 0):
            readable = category != "unreadable images" or place == 0
            self.add(category, "test", anomalous=True, mask="complete", readable=readable)

    def write(self):
        text = "".join(f"{json.dumps(row)}\n" for row in self.rows)
        (self.folder / "parts.jsonl").write_text(text, encoding="utf-8")


def names_split(case, place):
    return case.split == "explicit" or (case.split == "mixed" and place % 2 == 0)


def mask_of(state, place):
    """Return the state of an anomalous image's mask: of most states, only the last one is at fault."""
    if state in {"empty", "complete"}:
        return state
    if state == "none" or (state == "incomplete" and place > 0):
        return None
    return state if place == ANOMALIES - 1 else "complete"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder with the manifest and what both commands made of it."""
    folder = tmp_path_factory.mktemp("equal")
    writer = Writer(folder)
    for case in CASES:
        writer.add_case(case)
    for category in ODD:
        writer.add_odd(category)
    writer.write()
    writer.write_mask("ok", folder / "region.png")
    run_both(folder, "all", code=FAILED)  # of one category, some images
    return folder


def run_both(folder, name, category="all", settings=(), *, workers=0, code=0):
    """Run both commands on the manifest, to `run NAME` and `bench NAME`, and return what they said."""
    manifest, chosen = folder / "parts.jsonl", ("--category", category)
    own = (f"dataset.manifest_path={manifest}", f"dataset.resize=[{SIDE},{SIDE}]", "model.name=subspace")
    own = [argument for setting in (*own, f"seed={SEED}") for argument in ("--set", setting)]
    names = ("--detector", "subspace", "--resize", SIDE, SIDE, "--seed", SEED, "--workers", workers)
    given = [*chosen, *(argument for setting in settings for argument in ("--set", setting))]
    bench = ("--manifest-path", manifest, "--output-dir", folder / f"bench {name}")
    return (
        call(train, *own, *given, "--output-dir", folder / f"run {name}", code=code),
        call(benchmark, *names, *given, *bench, code=code),
    )


def call(command, *arguments, code):
    """Run a command that is to end with `code`, and return what it said on stderr."""
    with CliRunner().isolation() as (_, stderr, _), pytest.raises(SystemExit) as ended:
        run(command, [str(argument) for argument in arguments])
    said = stderr.getvalue().decode()
    assert code == ended.value.code, said
    return said


def trained_folders(folder, name="all"):
    """Return the folder that the workbench made for each category."""
    reports = (folder / f"run {name}" / "categories").glob("*/report.json")
    return {read(path)["category"]: path.parent for path in reports}


def benchmark_cells(folder, name="all"):
    """Return the benchmark's cell of each category."""
    cells = map(read, (folder / f"bench {name}" / "cells").glob("*.json"))
    return {cell["category"]: cell for cell in cells}


def read(path):
    return json.loads(path.read_text("utf-8"))


def check_reports(folder, name, category):
    """Compare what both commands report of a category: there is no time in it, so nothing is left out."""
    expected = read(trained_folders(folder, name)[category] / "report.json")
    found = benchmark_cells(folder, name)[category]["report"]
    assert set(expected) == set(found)
    assert {} == {key: (expected[key], found[key]) for key in expected if expected[key] != found[key]}


def check_lines(folder, name, category):
    trained, cell = trained_folders(folder, name)[category], benchmark_cells(folder, name)[category]
    lines = folder / f"bench {name}" / "cells" / cell["per_image"]["path"]
    assert (trained / "per_image.jsonl").read_bytes() == lines.read_bytes()


def test_both_run_every_category(folder):
    assert CATEGORIES == sorted(trained_folders(folder)) == sorted(benchmark_cells(folder))


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_key_of_the_report_is_equal(folder, category):
    check_reports(folder, "all", category)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_line_per_image_is_equal(folder, category):
    check_lines(folder, "all", category)


@pytest.mark.parametrize("name", SETTINGS)
def test_other_settings_are_followed_alike(folder, name):
    run_both(folder, name, VARIED, [text.format(folder=folder) for text in SETTINGS[name]])
    check_reports(folder, name, VARIED)
    check_lines(folder, name, VARIED)
    usual, moved = (read(trained_folders(folder, run)[VARIED] / "report.json") for run in ("all", name))
    assert usual != moved


def test_a_category_alone_and_in_a_process_of_its_own_is_what_it_is_among_all(folder):
    run_both(folder, "alone", VARIED, workers=1)
    check_reports(folder, "alone", VARIED)
    check_lines(folder, "alone", VARIED)
    assert benchmark_cells(folder, "alone")[VARIED]["report"] == benchmark_cells(folder)[VARIED]["report"]


def test_a_data_set_with_errors_is_refused_alike(tmp_path):
    writer = Writer(tmp_path)
    writer.add_odd("bolt")
    writer.add("bolt", "train", anomalous=True)
    writer.add("nut", None, anomalous=True)
    writer.write()
    trained, benchmarked = run_both(tmp_path, "refused", code=2)
    assert "PF705" in trained
    assert "PF706" in trained
    assert benchmarked.endswith(trained)


def test_the_images_that_are_fitted_calibrate_and_are_tested_are_the_same_in_their_order(folder):
    """The fingerprint of a split knows no order and no names, and a cell keeps no list of its images."""
    config = structure(benchmark_cells(folder)[VARIED]["config"], RunConfig, known_only=True)
    everything = evolve(config, dataset=evolve(config.dataset, category="all"))
    folders = trained_folders(folder)
    for prepared in prepare_dataset(everything, folder, SilentProgress()).categories:
        trained = folders[prepared.split.category]
        roles = [
            [role, sample.record.image_path] for role, samples in prepared.split.by_role for sample in samples
        ]
        assert [[line["role"], line["input"]] for line in read_lines(trained / "data.jsonl")] == roles
        scored = [line["input"] for line in read_lines(trained / "calibration.jsonl")]
        assert scored == [image for role, image in roles if role == "calibration"]


def read_lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_categories_differ_as_they_are_meant_to(folder):
    """Equal reports prove little unless splits, calibration, gates and scores really are of several kinds."""
    reports = {name: read(path / "report.json") for name, path in trained_folders(folder).items()}
    for case in CASES:
        report = reports[case.category]
        provenance, gate = report["threshold"]["provenance"], report["pixel_metrics_status"]
        assert ("val" if case.val else "train_holdout") == provenance["source"]
        assert case.groups == bool(provenance["calibration_groups"])
        assert (MASKS[case.masks], MASKS[case.masks] is None) == (gate["reason"], gate["enabled"])
        assert gate["enabled"] == (report["results"]["pixel_metrics"] is not None)
    assert len(CATEGORIES) == len({report["split_fingerprint"]["sha256"] for report in reports.values()})
    assert len({report["results"]["auroc"] for report in reports.values()}) > 3
    assert "no_test_anomalies" == reports["no anomalies"]["pixel_metrics_status"]["reason"]
    assert "no_negatives" == reports["no normal tests"]["results"]["reasons"]["auroc"]
    assert {"train", "calibration", "test"} == {
        failure["role"] for failure in reports["unreadable images"]["failures"]
    }

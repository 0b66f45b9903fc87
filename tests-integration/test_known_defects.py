"""Defects of an older tool of this kind, each with the tests that show that ours does not have it.

Tests without a file are in this one; `core`, `preflight` and so on mean that package's `tests` folder.

 1. a config that preflight passes dies in training and leaves half a run
    - test_what_preflight_passes_can_be_trained
    - test_what_can_not_be_trained_fails_preflight_and_leaves_no_run
    - test_the_first_config_of_the_documentation_trains
 2. preflight opens no pixels
    - test_one_preflight_tells_every_bad_file_by_code_and_name
    - preflight/test_runner.py::test_pixels_and_masks_are_looked_at_and_the_file_is_named
 3. one file in train and test, or with two labels, is a warning only
    - test_data_with_errors_is_refused_by_preflight_and_by_training
    - preflight/test_runner.py::test_the_same_file_with_conflicting_labels_is_an_error
 4. torn masks, masks of 0 and 1 and labels such as 0.9 corrupt the metrics silently
    - test_masks_of_0_and_1_are_measured_like_any_other
    - test_a_torn_mask_closes_the_gate
    - test_data_with_errors_is_refused_by_preflight_and_by_training
 5. NaN in JSON, in scores and in maps
    - test_every_json_file_of_a_run_is_json
    - core/metrics/test_image.py::test_a_score_that_is_not_finite_is_an_error_that_names_the_first_image
    - core/metrics/test_pixel.py::test_a_refused_map_leaves_the_accumulator_as_it_was
    - infer/test_run.py::test_a_score_that_is_not_finite_is_an_error_and_never_normal
 6. a manifest without splits is called unready, with exit code 0 and no issue
    - test_preflight_says_of_every_category_what_training_does
 7. preflight and loader disagree: backslashes, `meta.group_id`, calibration counts
    - test_preflight_says_of_every_category_what_training_does
    - preflight/test_runner.py::test_counts_and_gate_are_those_of_training
 8. a byte order mark, a bad byte or a missing config breaks the report
    - test_a_bad_byte_costs_its_line_and_json_is_printed
    - preflight/test_cli.py::test_the_document_is_printed_whatever_happens
 9. three commands, three thresholds, one of them from test labels
    - test_workbench_equals_bench.py::test_every_key_of_the_report_is_equal
    - core/pipeline/test_category.py::test_the_threshold_is_of_the_calibration_images_alone
10. a benchmark writes nothing, or says that pixels were measured and they were not
    - bench/test_cli.py::test_a_benchmark_leaves_tables_in_every_form
    - bench/test_cli.py::test_no_pixel_leaves_the_pixels_unmeasured_and_says_so
    - test_pixels_are_measured_where_the_gate_is_open_and_only_there
11. a category writes outside the run directory
    - test_data_with_errors_is_refused_by_preflight_and_by_training
    - workbench/test_training.py::test_a_hostile_category_name_stays_inside_the_run_directory
12. a checkpoint runs code, or is swapped unnoticed
    - test_a_checkpoint_that_was_changed_gives_no_verdict
    - infer/test_config.py::test_a_pickled_checkpoint_is_refused_with_the_way_to_an_onnx_one
13. the threshold stands in two places, may be NaN or missing
    - test_the_one_threshold_of_the_config_decides
    - infer/test_config.py::test_a_threshold_that_is_no_finite_number_is_refused
14. inference fits the shipped model again, and regions need that
    - test_inference_can_not_fit
    - test_regions_come_from_the_exported_config_alone
15. one bad image or mixed sizes cost all results; a wrong category is ignored
    - test_bad_images_and_mixed_sizes_cost_no_other_image
    - infer/test_categories.py::test_a_wrong_category_is_refused_with_the_choices
16. maps of two categories share a file
    - test_every_image_of_every_category_has_its_own_map
17. a second run mixes with the first; the printed path is wrong
    - test_the_printed_run_directory_is_there_and_is_never_mixed
    - workbench/test_cli.py::test_a_finished_run_is_refused_and_not_mixed
18. the input size is reported and not used, and not exported
    - test_the_input_size_is_the_graph_s_and_travels_with_it
19. typing errors in a config are ignored
    - test_a_mistyped_config_is_refused_by_every_command
    - workbench/test_cli.py::test_every_config_mistake_is_named_with_its_path_and_no_traceback
20. fingerprints are of paths; groups and copies are not seen across categories or in calibration
    - workbench/test_training.py::test_moved_data_keeps_its_fingerprint_and_changed_pixels_change_it
    - core/test_splits.py::test_calibration_takes_whole_groups
    - core/test_splits.py::test_a_group_of_two_categories_on_different_sides_is_a_warning
    - core/test_duplicates.py::test_a_copy_in_another_categorys_test_set_is_a_leak
21. the exported config holds test results; every line of inference repeats a summary
    - test_the_exported_config_and_the_lines_hold_no_more_than_they_need
22. few calibration images flag most normals, and nothing warns; a recipe cuts the border
    - test_too_few_calibration_images_are_told_by_all
    - core/thresholds/test_order.py::test_exactly_the_scores_above_the_rank_are_flagged
    - test_a_defect_at_the_border_is_seen
23. one exit code for bad data, bad configs and bugs
    - test_each_kind_of_failure_has_its_exit_code
    - core/cli/test_app.py::test_every_end_has_its_exit_code_and_no_traceback
"""

import json
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.scoring import OnnxScorer

ROOT = Path(__file__).parents[1]
SIZE = (72, 96)  # height, width of the images
RESIZE = [64, 48]
LONGEST_LINE = 500
FEW_CALIBRATION = "VAL_TOO_SMALL"


class Finished:
    """What a command left."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(command, *arguments, cwd, code=0):
    """Run a command as a user does; whatever it says, it is no traceback."""
    script = Path(sys.executable).with_name(command)
    process = subprocess.run(
        [script, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )
    assert "Traceback" not in process.stderr, process.stderr
    assert code == process.returncode, process.stderr
    return Finished(process)


class Data:
    """A data set that is written image by image: every category's files have the same names."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.rng = np.random.default_rng(5)

    def add(self, category, name, *, square=None, mask=255, size=SIZE, **fields):
        """Add an image; `square` is the corner of its defect, whose mask has the value `mask`."""
        path = f"{category}/{name}.png"
        (self.folder / category).mkdir(parents=True, exist_ok=True)
        image = self.rng.normal(110, 6, (*size, 3)).clip(0, 255).astype(np.uint8)
        row = {"image_path": path, "category": category, **fields}
        if square is not None:
            marked = np.zeros(size, np.uint8)
            part = np.s_[square[0] : square[0] + 12, square[1] : square[1] + 12]
            image[part], marked[part] = 235, mask
            row |= {"label": 1, "mask_path": f"{category}/{name}_mask.png"}
            Image.fromarray(marked).save(self.folder / row["mask_path"])
        Image.fromarray(image).save(self.folder / path)
        self.rows.append(row)
        return row

    def add_category(self, category, *, train=6, normals=2, anomalies=2, mask=255, split="test"):
        for index in range(train):
            self.add(category, f"train{index}", **({"split": "train"} if split else {}))
        for index in range(normals):
            self.add(category, f"good{index}", label=0, **({"split": split} if split else {}))
        for index in range(anomalies):
            square = (10 + 8 * index, 20 + 10 * index)
            self.add(category, f"bad{index}", square=square, mask=mask, **({"split": split} if split else {}))

    def write(self, *, bom=False, end="\n", extra=b""):
        path = self.folder / "parts.jsonl"
        text = "".join(json.dumps(row) + end for row in self.rows)
        path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode() + extra)
        return path


def tear(path):
    path.write_bytes(path.read_bytes()[:60])


def write_config(folder, *, name="run.toml", extra="", manifest="data/parts.jsonl", output="runs/one"):
    path = folder / name
    path.write_text(
        f"""
        [dataset]
        manifest_path = "{manifest}"
        resize = {RESIZE}
        [model]
        name = "padim"
        [output]
        output_dir = "{output}"
        save_maps = true
        {extra}
        """,
        encoding="utf-8",
    )
    return path


@pytest.fixture
def data(tmp_path):
    """A small sound category with its config; nothing is trained on it unless a test says so."""
    data = Data(tmp_path / "data")
    data.add_category("part")
    data.write()
    write_config(tmp_path)
    return data


CATEGORIES = ("automatic", "border", "normals", "torn", "val", "zero_one")


def write_all_kinds(folder):
    """Write a category of each kind, in a manifest as some editors save it: byte order mark, CRLF."""
    data = Data(folder / "data")
    data.add_category("val")
    for index in range(3):
        data.add("val", f"val{index}", split="val")
    for number in range(9):
        data.add("automatic", f"image{number}", meta={"group_id": f"lot {number // 2}"})
    for number in range(2):
        data.add("automatic", f"bad{number}", square=(20, 30), meta={"group_id": "bad lot"})
    data.add_category("normals", anomalies=0)
    data.add_category("zero_one", mask=1)
    data.add_category("torn")
    tear(folder / "data/torn/bad0_mask.png")
    data.add_category("border", anomalies=0)
    data.add("border", "bad0", square=(0, 0), split="test")
    data.add("border", "bad1", square=(60, 84), split="test")
    for row in data.rows:
        row["image_path"] = row["image_path"].replace("/", "\\")
    data.write(bom=True, end="\r\n")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with `runs/one` over all kinds of categories, and what the commands printed on the way."""
    folder = tmp_path_factory.mktemp("defects")
    write_all_kinds(folder)
    config = write_config(folder)
    checked = run("pyimgano-train", "--config", config, "--preflight", cwd=folder, code=2)  # the torn mask
    result = run("pyimgano-train", "--config", config, "--export-infer-config", cwd=folder)
    return folder, json.loads(checked.out)["preflight"], result


@pytest.fixture(scope="module")
def reports(trained):
    return read_reports(trained[0] / "runs/one")


def read_reports(run_folder):
    paths = (run_folder / "categories").glob("*/report.json")
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}


def lines_of(run_folder, category):
    path = run_folder / "categories" / category / "per_image.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def model(trained, tmp_path):
    """A packed copy of the exported config, which a test may spoil."""
    config = trained[0] / "runs/one/artifacts/infer_config.json"
    run("pyimgano-infer", "--infer-config", config, "--pack", tmp_path / "pack", cwd=tmp_path)
    return tmp_path / "pack" / "infer_config.json"


def edit(path, change):
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def source_of(file):
    package, slash, inner = file.partition("/")
    if slash:
        return ROOT / "packages" / f"pyimgano-{package}" / "tests" / inner
    return Path(__file__).with_name(file or Path(__file__).name)


def test_every_defect_has_tests_and_each_is_where_it_is_said_to_be():
    listed = re.split(r"^ ?(\d+)\. ", __doc__, flags=re.MULTILINE)[1:]
    assert [str(number) for number in range(1, 24)] == listed[::2]
    for names in listed[1::2]:
        tests = re.findall(r"^    - (?:(\S+)::)?(test_\w+)$", names, flags=re.MULTILINE)
        assert tests
        for file, name in tests:
            assert f"def {name}(" in source_of(file).read_text("utf-8"), (file, name)


# 1, 6, 7: what preflight says is what training does


def test_what_preflight_passes_can_be_trained(trained, reports):
    folder, checked, _ = trained
    errors = [
        (issue["category"], issue["code"]) for issue in checked["issues"] if issue["severity"] == "error"
    ]
    assert [("torn", "PF514")] == errors  # which closes the gate and keeps nothing from training
    assert set(CATEGORIES) == set(reports)
    assert not (folder / "runs/one.partial").exists()


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("model.name=patchcor", 64),
        ("model.features.backbone=resnet18", 64),
        ("dataset.manifest_path=missing.jsonl", 2),
        ("dataset.category=missing", 64),
    ],
)
@pytest.mark.usefixtures("data")
def test_what_can_not_be_trained_fails_preflight_and_leaves_no_run(tmp_path, setting, code):
    command = ("pyimgano-train", "--config", "run.toml", "--set", setting)
    checked = subprocess.run(
        [Path(sys.executable).with_name(command[0]), *command[1:], "--preflight"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode in {2, 64}
    assert "error" == json.loads(checked.stdout)["preflight"]["status"]
    run(*command, cwd=tmp_path, code=code)
    assert not (tmp_path / "runs").exists()


def test_the_first_config_of_the_documentation_trains(tmp_path):
    small = ("--category", "fabric", "--set", "dataset.resize=[32, 32]", "--set", "model.options.rank=8")
    demo = ("--config", ROOT / "configs/demo.toml", "--root", tmp_path / "demo", *small)
    checked = json.loads(run("pyimgano-train", *demo, "--preflight", cwd=tmp_path).out)["preflight"]
    assert 0 == checked["summary"]["by_severity"]["error"]
    run("pyimgano-train", *demo, "--output-dir", "run", cwd=tmp_path)
    assert (tmp_path / "run/report.json").is_file()


def test_preflight_says_of_every_category_what_training_does(trained, reports):
    _, checked, _ = trained
    told = {
        summary["category"]: (
            summary["train_count"],
            summary["calibration_count"],
            summary["test_count"],
            summary["test_anomaly_count"],
            summary["calibration_source"],
            summary["pixel_metrics_status"],
        )
        for summary in checked["categories"]
    }
    done = {
        name: (
            *(report["dataset_summary"][key] for key in ("train_count", "calibration_count", "test_count")),
            report["dataset_summary"]["test_anomaly_count"],
            report["threshold"]["provenance"]["source"],
            report["pixel_metrics_status"],
        )
        for name, report in reports.items()
    }
    assert told == done
    assert told["automatic"][0] > 0
    assert 2 == told["automatic"][3]


# 2, 3, 4, 8, 11, 19, 20, 23: data and configs that are wrong


def spoil_files(data):
    """Spoil a file or a row in each of the ways that were once let pass; return the codes by the file."""
    folder, rng = data.folder, data.rng
    data.add_category("part", train=12, normals=6, anomalies=6)
    rows = {row["image_path"]: row for row in data.rows}
    tear(folder / "part/train0.png")
    (folder / "part/train1.png").write_text("text")
    (folder / "part/train2.png").write_bytes(b"")
    (folder / "part/train3.png").unlink()
    (folder / "part/train3.png").mkdir()
    Image.fromarray(rng.integers(0, 60000, SIZE, dtype=np.uint16)).save(folder / "part/train4.png")
    Image.new("RGBA", (300, 200), (1, 2, 3, 4)).save(folder / "part/train5.png")
    shutil.copyfile(folder / "part/train6.png", folder / "part/good0.png")
    rows["part/train7.png"]["image_path"] = "../../../../../../../../etc/hostname"
    rows["part/train8.png"]["lable"] = 0
    for number, label in enumerate((0.9, True, "1")):
        rows[f"part/good{number + 1}.png"]["label"] = label
    Image.new("L", (10, 10), 255).save(folder / "part/bad0_mask.png")
    Image.new("L", SIZE[::-1], 0).save(folder / "part/bad1_mask.png")
    tear(folder / "part/bad2_mask.png")
    rows["part/good4.png"]["mask_path"] = "part/bad3_mask.png"
    data.add("single", "train0", split="train")
    data.add("single", "good0", split="test", label=0)
    return {
        ("PF302", "part/train0.png"), ("PF301", "part/train1.png"), ("PF211", "part/train2.png"),
        ("PF209", "part/train3.png"), ("PF308", "part/train4.png"), ("PF311", "part/train5.png"),
        ("PF602", "part/train6.png"), ("PF202", "../../../../../../../../etc/hostname"),
        ("PF503", "part/bad0_mask.png"), ("PF504", "part/bad1_mask.png"), ("PF514", "part/bad2_mask.png"),
        ("PF505", "part/bad3_mask.png"),
    }  # fmt: skip


def test_one_preflight_tells_every_bad_file_by_code_and_name(tmp_path):
    data = Data(tmp_path / "data")
    expected = spoil_files(data)
    result = run("pyimgano-preflight", "check", data.write(), "--json", cwd=tmp_path, code=2)
    issues = json.loads(result.out)["preflight"]["issues"]
    assert expected <= {(issue["code"], path) for issue in issues for path in issue["paths"]}
    fields = [(issue["code"], issue["location"]["field"]) for issue in issues if issue["location"]]
    assert 3 == fields.count(("PF108", "label"))
    assert ("PF109", "lable") in fields
    assert "single" in {issue["category"] for issue in issues if issue["code"] == "PF707"}


def share_a_file(data):
    data.rows[-3]["image_path"] = data.rows[0]["image_path"]


def copy_a_defect(data):
    shutil.copyfile(data.folder / "part/bad0.png", data.folder / "part/train0.png")


def label_by_a_fraction(data):
    data.rows[-1]["label"] = 0.9


def lead_out(data):
    for row in data.rows:
        row["category"] = "../../pwn"


def share_a_group(data):
    for row in (data.rows[0], data.rows[-1]):
        row["group_id"] = "lot"


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (share_a_file, {"PF112"}),
        (copy_a_defect, {"PF602", "PF603"}),
        (label_by_a_fraction, {"PF108"}),
        (lead_out, {"PF701"}),
        (share_a_group, {"PF606"}),
    ],
)
def test_data_with_errors_is_refused_by_preflight_and_by_training(data, tmp_path, spoil, codes):
    spoil(data)
    data.write()
    files = sorted(tmp_path.rglob("*"))
    checked = run("pyimgano-train", "--config", "run.toml", "--preflight", cwd=tmp_path, code=2)
    issues = json.loads(checked.out)["preflight"]["issues"]
    assert codes <= {issue["code"] for issue in issues if issue["severity"] == "error"}
    refused = run("pyimgano-train", "--config", "run.toml", cwd=tmp_path, code=2)
    assert all(code in refused.err for code in codes)
    assert files == sorted(tmp_path.rglob("*"))


def test_a_bad_byte_costs_its_line_and_json_is_printed(data, tmp_path):
    comment = b"#" + b"x" * 9000 + b"\n"
    manifest = data.write(extra=comment + b'{"image_path": "\xff.png", "category": "part"}\n')
    result = run("pyimgano-preflight", "check", manifest, "--json", cwd=tmp_path, code=2)
    report = json.loads(result.out)["preflight"]
    assert ["PF103"] == [issue["code"] for issue in report["issues"] if issue["severity"] == "error"]
    assert len(data.rows) == report["dataset"]["counts"]["samples"]
    missing = run("pyimgano-preflight", "check", "--config", "none.toml", "--json", cwd=tmp_path, code=64)
    assert "error" == json.loads(missing.out)["preflight"]["status"]


@pytest.mark.parametrize(
    "command",
    [
        ("pyimgano-train", "--dry-run", "--config"),
        ("pyimgano-train", "--preflight", "--config"),
        ("pyimgano-train", "--config"),
        ("pyimgano-preflight", "check", "--config"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("data")
def test_a_mistyped_config_is_refused_by_every_command(tmp_path, command):
    write_config(tmp_path, extra="[dataset.split_polcy]\n[threshold]\ncontaminaton = 0.1\n")
    result = run(*command, "run.toml", cwd=tmp_path, code=64)
    assert "$.dataset.split_polcy: unknown key; did you mean 'split_policy'?" in result.err
    assert "$.threshold.contaminaton: unknown key" in result.err


@pytest.mark.usefixtures("data")
def test_each_kind_of_failure_has_its_exit_code(model, tmp_path):
    image = tmp_path / "data/part/good0.png"
    infer = ("pyimgano-infer", "--infer-config", model, "--category", "val")
    run(*infer, image, cwd=tmp_path, code=0)
    run(*infer, image, "missing.png", cwd=tmp_path, code=4)
    run(*infer, cwd=tmp_path, code=64)
    run(*infer, image, "--threshold", "0", "--fail-on-anomaly", cwd=tmp_path, code=3)
    run(*infer, image, "--output", "/dev/null/x/lines.jsonl", cwd=tmp_path, code=74)
    tear(model)
    run(*infer, image, cwd=tmp_path, code=5)
    (tmp_path / "data/parts.jsonl").write_text("{}\n")
    run("pyimgano-preflight", "check", "data/parts.jsonl", cwd=tmp_path, code=2)


# 4, 5, 10, 16, 17, 18, 22: what a run leaves


def test_masks_of_0_and_1_are_measured_like_any_other(reports):
    values = reports["zero_one"]["results"]["pixel_metrics"]
    assert values["pixel_auroc"] > 0.95
    assert values["aupro"] > 0.9


def test_a_torn_mask_closes_the_gate(reports):
    status = reports["torn"]["pixel_metrics_status"]
    assert (False, "unusable_masks") == (status["enabled"], status["reason"])
    assert reports["torn"]["results"]["auroc"] is not None


def test_pixels_are_measured_where_the_gate_is_open_and_only_there(reports):
    opened = {name: report["pixel_metrics_status"]["enabled"] for name, report in reports.items()}
    measured = {name: bool(report["results"]["pixel_metrics"]) for name, report in reports.items()}
    assert opened == measured
    assert {True, False} == set(opened.values())


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def test_every_json_file_of_a_run_is_json(trained, reports):
    paths = [path for path in (trained[0] / "runs/one").rglob("*") if path.suffix in {".json", ".jsonl"}]
    for path in paths:
        text = path.read_text("utf-8")
        for document in text.splitlines() if path.suffix == ".jsonl" else [text]:
            json.loads(document, parse_constant=refuse)
    undefined = reports["normals"]["results"]
    assert (None, "no_positives") == (undefined["auroc"], undefined["reasons"]["auroc"])
    assert len(paths) > 3 * len(CATEGORIES)


def test_every_image_of_every_category_has_its_own_map(trained, reports):
    folder = trained[0] / "runs/one"
    maps = []
    for category in reports:
        for line in lines_of(folder, category):
            path = (folder / "categories" / category / line["anomaly_map"]["path"]).resolve(strict=True)
            assert SIZE == np.load(path, allow_pickle=False).shape
            maps.append(path)
    assert sum(report["dataset_summary"]["test_count"] for report in reports.values()) == len(set(maps))
    assert len(maps) == len(set(maps)) == len(list((folder / "artifacts/maps").rglob("*.npy")))


def test_the_printed_run_directory_is_there_and_is_never_mixed(trained):
    folder, _, result = trained
    (printed,) = [
        line.split(": ", 1)[1] for line in result.out.splitlines() if line.startswith("run directory")
    ]
    assert (folder / "runs/one").samefile(folder / printed.strip())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = ("--config", "run.toml", "--set", "seed=1", "--export-infer-config")
    assert "exists" in run("pyimgano-train", *again, cwd=folder, code=64).err
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_input_size_is_the_graph_s_and_travels_with_it(trained, reports):
    folder = trained[0] / "runs/one"
    exported = json.loads((folder / "artifacts/infer_config.json").read_text("utf-8"))["per_category"]
    for category, report in reports.items():
        scorer = OnnxScorer((folder / report["checkpoint"]["path"]).read_bytes())
        assert RESIZE == list(scorer.size)
        assert RESIZE == report["preprocessing"]["resize"] == exported[category]["preprocessing"]["resize"]


def test_too_few_calibration_images_are_told_by_all(trained, reports):
    _, checked, result = trained
    told = {issue["category"] for issue in checked["issues"] if issue["name"] == FEW_CALIBRATION}
    assert set(CATEGORIES) == told
    for report in reports.values():
        assert FEW_CALIBRATION in {issue["name"] for issue in report["issues"]}
        [step] = report["threshold"]["provenance"]["fallbacks"]
        assert ("conformal", "too_few_normals", 99) == (step["method"], step["reason"], step["needed"])
    assert "conformal at alpha 0.01 needs 99 calibration normals" in result.out


def test_a_defect_at_the_border_is_seen(trained, reports):
    lines = lines_of(trained[0] / "runs/one", "border")
    assert {"anomalous"} == {line["label"] for line in lines if line["y_true"] == 1}
    assert reports["border"]["results"]["pixel_metrics"]["aupro"] > 0.8


# 12 to 15, 21: the exported config on another host


def checkpoint_of(model, category):
    document = json.loads(model.read_text("utf-8"))
    return model.parent / document["per_category"][category]["checkpoint"]["path"]


def swap(model):
    shutil.copyfile(checkpoint_of(model, "torn"), checkpoint_of(model, "val"))


class Payload:
    """What runs a command where it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return subprocess.call, (self.command,)


def put_a_pickle(model):
    checkpoint_of(model, "val").write_bytes(pickle.dumps(Payload(["touch", str(model.parent / "ran")])))


def put_a_pickle_and_its_size(model):
    put_a_pickle(model)
    size = checkpoint_of(model, "val").stat().st_size
    edit(model, lambda document: document["per_category"]["val"]["checkpoint"].update(size_bytes=size))


@pytest.mark.parametrize("spoil", [swap, put_a_pickle, put_a_pickle_and_its_size])
def test_a_checkpoint_that_was_changed_gives_no_verdict(trained, model, tmp_path, spoil):
    spoil(model)
    image = trained[0] / "data/val/bad0.png"
    arguments = ("--infer-config", model, "--category", "val", image)
    assert "" == run("pyimgano-infer", *arguments, cwd=tmp_path, code=5).out
    assert not (model.parent / "ran").exists()


def test_the_one_threshold_of_the_config_decides(trained, model, tmp_path):
    document = json.loads(model.read_text("utf-8"))
    entry = document["per_category"]["val"]
    assert 2 == json.dumps(entry).count('"value":')  # of the image, and of the pixels
    assert "threshold" not in document
    arguments = ("--infer-config", model, "--category", "val", trained[0] / "data/val/bad0.png")
    (before,) = run("pyimgano-infer", *arguments, cwd=tmp_path).lines
    assert ("anomalous", entry["threshold"]["value"]) == (before["label"], before["threshold"])
    edit(model, lambda d: d["per_category"]["val"]["threshold"].update(value=before["score"] + 1))
    (after,) = run("pyimgano-infer", *arguments, cwd=tmp_path).lines
    assert ("normal", before["score"]) == (after["label"], after["score"])
    edit(model, lambda d: d["per_category"]["val"].pop("threshold"))
    assert "threshold" in run("pyimgano-infer", *arguments, cwd=tmp_path, code=5).err


def test_inference_can_not_fit(trained, model, tmp_path):
    folder = trained[0]
    help_text = run("pyimgano-infer", "--help", cwd=tmp_path).out
    assert "train" not in help_text.lower()
    before = {path: path.read_bytes() for path in model.parent.rglob("*") if path.is_file()}
    arguments = ("--infer-config", model, folder / "data/parts.jsonl")
    lines = {
        (line["category"], line["input"]): (line["score"], line["label"])
        for line in run("pyimgano-infer", *arguments, cwd=tmp_path).lines
    }
    for category in CATEGORIES:
        for line in lines_of(folder / "runs/one", category):
            assert (line["score"], line["label"]) == lines[category, line["input"]]
    assert before == {path: path.read_bytes() for path in model.parent.rglob("*") if path.is_file()}


def test_regions_come_from_the_exported_config_alone(trained, model, tmp_path):
    arguments = ("--infer-config", model, "--category", "val", "--regions")
    (line,) = run("pyimgano-infer", *arguments, trained[0] / "data/val/bad0.png", cwd=tmp_path).lines
    left, top, right, bottom = line["regions"][0]["bbox_xyxy"]
    assert left < 26 < right  # the middle of the defect at column 20 and row 10
    assert top < 16 < bottom


def test_bad_images_and_mixed_sizes_cost_no_other_image(trained, model, tmp_path):
    (tmp_path / "in").mkdir()
    sources = trained[0] / "data/val"
    for name in ("good0.png", "bad0.png"):
        shutil.copyfile(sources / name, tmp_path / "in" / name)
    Image.new("L", (31, 207), 90).save(tmp_path / "in/c_other_size.png")
    shutil.copyfile(sources / "good1.png", tmp_path / "in/a_torn.png")
    tear(tmp_path / "in/a_torn.png")
    arguments = ("--infer-config", model, "--category", "val", "--output", "lines.jsonl", "in")
    run("pyimgano-infer", *arguments, cwd=tmp_path, code=4)
    lines = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text("utf-8").splitlines()]
    assert ["error", "ok", "ok", "ok"] == [line["status"] for line in lines]
    trained_scores = {
        Path(line["input"].replace("\\", "/")).name: line["score"]
        for line in lines_of(trained[0] / "runs/one", "val")
    }
    scores = {Path(line["input"]).name: line["score"] for line in lines}
    assert {name: trained_scores[name] for name in ("good0.png", "bad0.png")} == {
        name: scores[name] for name in ("good0.png", "bad0.png")
    }


def test_the_exported_config_and_the_lines_hold_no_more_than_they_need(trained, model):
    text = model.read_text("utf-8")
    assert [] == [word for word in ("auroc", "results", "per_image", str(trained[0])) if word in text]
    arguments = ("--infer-config", model, "--category", "val", "data/val")
    result = run("pyimgano-infer", *arguments, cwd=trained[0])
    assert LONGEST_LINE > max(len(line) for line in result.out.splitlines())

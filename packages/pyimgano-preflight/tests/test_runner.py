from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.artifacts import to_json
from pyimgano_core.cli.preflight_hook import preflight_runner
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ConfigError
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.runner import run_preflight

FILE_NAMED = {"PF202", "PF209", "PF211", "PF301", "PF302", "PF503", "PF504", "PF505", "PF514"}


def errors(report):
    return {issue.code for issue in report.issues if issue.severity is Severity.ERROR}


def mask(value=255, size=(40, 40)):
    image = Image.new("L", size)
    image.paste(value, (4, 4, 10, 10))
    return image


# what preflight says is what training does


def prepared(dataset):
    dataset.save()
    return inspect_dataset(dataset.config(), dataset.folder, SilentProgress())


def spoil_nothing(_dataset):
    pass


def without_val(dataset):
    dataset.rows = [row for row in dataset.rows if row["split"] != "val"]


def in_groups(dataset):
    for number, row in enumerate(dataset.rows):
        row.pop("split")
        row["group_id"] = f"lot {number // 3}"


def with_incomplete_masks(dataset):
    dataset.row("bad/0.png")["mask_path"] = None


def with_backslashes_and_group_in_meta(dataset):
    for number, row in enumerate(dataset.rows):
        row["image_path"] = row["image_path"].replace("/", "\\")
        row["meta"] = {"group_id": f"{row['split']} lot {number % 5}"}


VARIANTS = [spoil_nothing, without_val, in_groups, with_incomplete_masks, with_backslashes_and_group_in_meta]


@pytest.mark.parametrize("vary", VARIANTS)
def test_counts_and_gate_are_those_of_training(dataset, vary):
    vary(dataset)
    report = dataset.report()
    expected = [
        (
            category.split.category,
            len(category.split.train),
            len(category.split.calibration),
            category.split.calibration_source,
            len(category.split.test),
            sum(sample.record.label for sample in category.split.test),
            category.gate,
        )
        for category in prepared(dataset).categories
    ]
    told = [
        (
            summary.category,
            summary.train_count,
            summary.calibration_count,
            summary.calibration_source,
            summary.test_count,
            summary.test_anomaly_count,
            summary.pixel_metrics_status,
        )
        for summary in report.categories
    ]
    assert expected == told


@pytest.mark.parametrize("vary", VARIANTS)
def test_every_error_that_stops_training_is_in_the_report(dataset, vary):
    vary(dataset)
    dataset.rows[0].update(split="train", label=1)
    report = dataset.report()
    stopping = {issue.code for issue in prepared(dataset).errors}
    assert stopping
    assert stopping <= errors(report)


# faults that an earlier tool let pass


def spoil(dataset, code):
    """Break one file or record in the way that the rule is about; return the path of the file."""
    folder = dataset.folder
    good, bad_mask = "train/0.png", "masks/0.png"
    match code:
        case "PF302":
            Image.open(folder / good).convert("RGB").save(folder / "train/0.jpg")
            dataset.row(good)["image_path"] = good = "train/0.jpg"
            (folder / good).write_bytes((folder / good).read_bytes()[:-200])
        case "PF301":
            (folder / good).write_text("text")
        case "PF211":
            (folder / good).write_bytes(b"")
        case "PF209":
            (folder / good).unlink()
            (folder / good).mkdir()
        case "PF202":
            dataset.row(good)["image_path"] = good = "../../../../../../etc/hostname"
        case "PF503":
            mask(size=(20, 20)).save(folder / bad_mask)
        case "PF504":
            mask(0).save(folder / bad_mask)
        case "PF514":
            (folder / bad_mask).write_bytes((folder / bad_mask).read_bytes()[:60])
        case "PF505":
            dataset.row("good/0.png")["mask_path"] = bad_mask = "masks/good.png"
            mask().save(folder / bad_mask)
    return bad_mask if code.startswith("PF5") else good


@pytest.mark.parametrize("code", sorted(FILE_NAMED))
def test_pixels_and_masks_are_looked_at_and_the_file_is_named(dataset, code):
    path = spoil(dataset, code)
    (issue,) = [issue for issue in dataset.report().issues if issue.code == code]
    assert issue.severity is Severity.ERROR
    assert issue.paths == (path,)
    assert path in issue.message


@pytest.mark.parametrize("label", [0.9, True, "1", 1.0])
def test_a_label_that_is_no_0_or_1_is_an_error(dataset, label):
    dataset.row("bad/0.png")["label"] = label
    assert "PF108" in errors(dataset.report())


def test_a_misspelt_field_is_told_with_the_nearest_name(dataset):
    dataset.row("train/0.png")["lable"] = 0
    (issue,) = dataset.report().issues
    assert "'label'" in issue.message


def test_one_training_image_is_told(dataset):
    dataset.rows = [
        row for row in dataset.rows if row["split"] == "test" or row["image_path"] == "train/0.png"
    ]
    assert "PF707" in dataset.codes()


def test_sixteen_bits_and_transparency_are_told(dataset):
    Image.new("I;16", (40, 40)).save(dataset.folder / "train/0.png")
    Image.new("RGBA", (300, 200), (1, 2, 3, 4)).save(dataset.folder / "train/1.png")
    assert {"PF308", "PF311"} <= dataset.codes()


def test_the_same_file_in_train_and_test_is_told_once(dataset):
    dataset.row("good/0.png")["image_path"] = "train/0.png"
    assert {"PF112"} == errors(dataset.report())


def test_the_same_file_with_conflicting_labels_is_an_error(dataset):
    dataset.row("bad/0.png")["image_path"] = "good/0.png"
    assert {"PF112"} == errors(dataset.report())


def test_another_file_with_the_content_of_one_that_is_named_twice_is_told(dataset):
    dataset.row("good/0.png")["image_path"] = "train/0.png"
    copy_into(dataset, "train/0.png", "train/1.png")
    assert {"PF112", "PF602"} == errors(dataset.report())


def test_a_truncated_mask_turns_pixel_metrics_off(dataset):
    spoil(dataset, "PF514")
    (category,) = dataset.report().categories
    assert category.pixel_metrics_status.enabled is False
    assert category.pixel_metrics_status.reason == "unusable_masks"


def test_masks_of_0_and_1_are_full_masks(dataset):
    for number in range(4):
        mask(1).save(dataset.folder / f"masks/{number}.png")
    report = dataset.report()
    assert {issue.code for issue in report.issues} == {"PF507"}  # people see nothing in them
    assert report.categories[0].mask_count == 4


def test_a_manifest_without_splits_is_judged_by_the_splits_that_it_gets(dataset):
    for row in dataset.rows:
        row.pop("split")
    report = dataset.report()
    (category,) = report.categories
    assert errors(report) == set()
    assert category.train_count + category.calibration_count + category.test_count == len(dataset.rows)
    assert min(category.train_count, category.calibration_count, category.test_anomaly_count) > 0


def test_backslash_paths_find_their_images(dataset):
    with_backslashes_and_group_in_meta(dataset)
    assert errors(dataset.report()) == set()


def test_a_group_in_meta_is_a_group(dataset):
    for path in ("train/0.png", "good/0.png"):
        dataset.row(path)["meta"] = {"group_id": "lot"}
    assert errors(dataset.report()) == {"PF606"}


def test_calibration_images_are_not_counted_as_train_images(dataset):
    without_val(dataset)
    (category,) = dataset.report().categories
    assert (category.train_count, category.calibration_count) == (16, 4)


def test_a_byte_order_mark_costs_no_record(dataset):
    dataset.save()
    dataset.raw = b"\xef\xbb\xbf" + dataset.manifest.read_bytes()
    report = dataset.report()
    assert report.dataset["counts"]["samples"] == len(dataset.rows)
    assert errors(report) == set()


def test_a_bad_byte_far_into_the_manifest_costs_one_line(dataset):
    dataset.extra = b"# " + b"x" * 9000 + b"\n" + b'{"image_path": "\xff.png", "category": "part"}\n'
    report = dataset.report()
    (issue,) = report.issues
    assert (issue.code, issue.location.line) == ("PF103", len(dataset.rows) + 2)
    assert report.dataset["counts"]["samples"] == len(dataset.rows)


def test_a_category_that_leads_out_of_the_run_is_an_error(dataset):
    for row in dataset.rows:
        row["category"] = "../../pwn"
    assert "PF701" in errors(dataset.report())


def with_another_category(dataset):
    for row in list(dataset.rows):
        fields = {key: value for key, value in row.items() if key not in ("image_path", "category")}
        dataset.add(f"other/{row['image_path']}", **fields)["category"] = "other"


def test_a_copy_in_another_category_is_a_leak(dataset):
    with_another_category(dataset)
    shutil.copy(dataset.folder / "train/0.png", dataset.folder / "other/good/0.png")
    assert errors(dataset.report()) == {"PF602"}


def test_a_group_shared_with_another_category_is_told(dataset):
    with_another_category(dataset)
    for path in ("train/0.png", "other/good/0.png"):
        dataset.row(path)["group_id"] = "shared lot"
    found = [issue for issue in dataset.report().issues if issue.code == "PF606"]
    assert [Severity.WARNING] == [issue.severity for issue in found]


def test_the_manifest_hash_does_not_depend_on_where_the_set_lies(dataset, tmp_path):
    before = dataset.report().dataset
    dataset.folder = dataset.folder.rename(tmp_path / "moved")
    assert dataset.report().dataset == before


# eleven dirty inputs, all of them told


def lose_mask(dataset):
    (dataset.folder / "masks/0.png").unlink()


def copy_into(dataset, source, target):
    shutil.copy(dataset.folder / source, dataset.folder / target)


def repeat_a_line(dataset):
    dataset.extra = json.dumps(dataset.row("train/0.png")).encode()


PROBES = {
    "one mask of several missing": (lose_mask, "PF501", "masks/0.png"),
    "mask of another size": (lambda d: spoil(d, "PF503"), "PF503", "masks/0.png"),
    "mask that marks nothing": (lambda d: spoil(d, "PF504"), "PF504", "masks/0.png"),
    "same file in train and test": (
        lambda d: copy_into(d, "train/0.png", "good/0.png"),
        "PF602",
        "good/0.png",
    ),
    "defect copied into train": (lambda d: copy_into(d, "bad/0.png", "train/0.png"), "PF603", "train/0.png"),
    "corrupt image": (lambda d: spoil(d, "PF302"), "PF302", "train/0.jpg"),
    "missing file": (lambda d: (d.folder / "train/0.png").unlink(), "PF201", "train/0.png"),
    "same path twice": (repeat_a_line, "PF111", "train/0.png"),
    "mask path that does not exist": (
        lambda d: d.row("bad/0.png").update(mask_path="none.png"),
        "PF501",
        "none.png",
    ),
    "misspelt split": (lambda d: d.row("train/0.png").update(split="trian"), "PF108", None),
}


@pytest.mark.parametrize("probe", PROBES)
def test_dirty_input_is_an_error_that_names_the_file(dataset, probe):
    dirty, code, path = PROBES[probe]
    dirty(dataset)
    report = dataset.report()
    assert code in errors(report)
    named = [issue for issue in report.issues if issue.code == code]
    assert path is None or path in named[0].paths
    assert named[0].location.line


def test_one_of_several_defects_without_a_mask_is_quantified(dataset):
    with_incomplete_masks(dataset)
    found = {issue.code: issue for issue in dataset.report().issues}
    coverage, gate = found["PF502"], found["PF712"]
    assert (coverage.code, coverage.data["usable"], coverage.data["anomalous"]) == ("PF502", 3, 4)
    assert (gate.code, gate.data["reason"]) == ("PF712", "missing_masks")


def test_masks_of_other_images_are_not_taken_for_theirs(tree):
    masks = tree.folder / "part/ground_truth/scratch"
    for number in (1, 2):
        (masks / f"{number}_mask.png").rename(masks / f"{number}0_mask.png")
    report = tree.report()
    (orphans,) = [issue for issue in report.issues if issue.code == "PF213"]
    assert [path.rsplit("/", 1)[1] for path in orphans.paths] == ["10_mask.png", "20_mask.png"]
    assert report.categories[0].mask_count == 2


def test_all_faults_are_told_in_one_pass(dataset):
    for code in ("PF301", "PF505", "PF514"):
        spoil(dataset, code)
    dataset.row("train/1.png").update(label=True)
    dataset.row("train/2.png").update(image_path="none.png")
    assert errors(dataset.report()) == {"PF108", "PF201", "PF301", "PF505", "PF514"}


# the report


def test_the_runner_is_found_by_its_entry_point():
    assert preflight_runner() is run_preflight


def test_counts_are_exact_where_lists_are_cut(dataset):
    dataset.rows += [{"image_path": f"no/{i}.png", "category": "part", "split": "train"} for i in range(150)]
    report = dataset.report()
    assert report.summary["by_code"] == {"PF201": 150, "PF903": 1}
    assert report.summary["by_severity"] == {"error": 150, "warning": 0, "info": 1}
    assert Counter(issue.code for issue in report.issues) == {"PF201": 100, "PF903": 1}


def test_issues_follow_the_order_of_the_manifest(dataset):
    for number in (7, 3, 11):
        (dataset.folder / f"train/{number}.png").unlink()
    assert [issue.location.line for issue in dataset.report().issues] == [4, 8, 12]


def test_the_report_is_byte_identical_between_runs(dataset):
    for code in ("PF301", "PF514", "PF505"):
        spoil(dataset, code)
    assert to_json(dataset.report()) == to_json(dataset.report())


def test_a_data_set_that_cannot_be_opened_still_has_a_report(dataset):
    dataset.set(dataset={"name": "manifest", "manifest_path": "none.jsonl"})
    report = dataset.report()
    assert [issue.code for issue in report.issues] == ["PF101"]
    assert {check.state for check in report.checks if check.code != "PF101"} == {"skipped"}


def test_a_check_that_could_not_run_says_why(tree):
    states = {check.code: check for check in tree.report().checks}
    assert (states["PF106"].state, states["PF106"].reason) == ("skipped", "the data set has no manifest")
    assert (states["PF302"].state, states["PF302"].reason) == ("done", None)


def test_no_issue_comes_from_a_check_that_is_said_to_be_skipped(dataset):
    dataset.set(threshold={"method": "fixed", "value": 1.0})
    spoil(dataset, "PF301")
    report = dataset.report()
    skipped = {check.code for check in report.checks if check.state == "skipped"}
    assert "PF710" in skipped
    assert skipped & dataset.codes() == set()


def test_a_review_threshold_is_checked_where_the_threshold_is_fixed(dataset):
    dataset.set(threshold={"method": "fixed", "value": 1.0, "review": {"alpha": 0.01}})
    report = dataset.report()
    assert "done" == next(check.state for check in report.checks if check.code == "PF710")
    [issue] = [issue for issue in report.issues if issue.code == "PF710"]
    assert "threshold.review.alpha" in issue.message


def test_an_unknown_category_is_a_config_error(dataset):
    dataset.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "category": "pat"})
    with pytest.raises(ConfigError, match=r"\$\.dataset\.category"):
        dataset.report()


def test_nothing_is_written_into_the_data_set(dataset):
    dataset.save()
    before = sorted((path, path.stat().st_mtime_ns) for path in dataset.folder.rglob("*"))
    run_preflight(dataset.config(), dataset.folder, SilentProgress())
    assert before == sorted((path, path.stat().st_mtime_ns) for path in dataset.folder.rglob("*"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_never_stop_the_check(dataset, data):
    path = dataset.folder / data.draw(st.sampled_from(["train/0.png", "masks/0.png", "manifest.jsonl"]))
    dataset.save()
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=40))
    path.write_bytes(whole[:cut] + junk + whole[cut + data.draw(st.integers(0, 40)) :])
    try:
        report = run_preflight(dataset.config(), dataset.folder, SilentProgress())
    finally:
        path.write_bytes(whole)
    assert report.summary["by_severity"]["error"] == sum(i.severity is Severity.ERROR for i in report.issues)

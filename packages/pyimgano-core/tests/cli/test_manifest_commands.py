import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pyimgano_core.cli.manifest import manifest
from pyimgano_core.contracts.config import SplitPolicy
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.manifest import load_manifest
from pyimgano_core.splits import split_dataset


def run(*arguments):
    """Return what a command wrote to stdout; errors pass through, exit codes are the shared run's part."""
    result = CliRunner().invoke(manifest, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout, result.return_value


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(path, *records):
    lines = [json.dumps({"category": "bolt", **record}) for record in records]
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return path


def normals(count, **fields):
    return [{"image_path": f"{i}.png", **fields} for i in range(count)]


@pytest.fixture
def mvtec(tmp_path):
    for name in ("train/good/0", "train/good/1", "test/good/0", "test/dent/0", "ground_truth/dent/0_mask"):
        for category in ("bolt", "nut"):
            path = tmp_path / "images" / category / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(path)
    return tmp_path / "images"


def test_build_writes_a_manifest_that_finds_every_file(mvtec, tmp_path):
    output = tmp_path / "manifest.jsonl"
    stdout, _ = run("build", "--layout", "mvtec", "--root", mvtec, "--output", output)
    loaded = load_manifest(output)
    assert stdout == f"{output}: 8 images\n"
    assert (len(loaded.samples), loaded.issues) == (8, ())
    assert all(sample.image.is_file() for sample in loaded.samples)
    assert sum(sample.mask is not None and sample.mask.is_file() for sample in loaded.samples) == 2
    assert all(row["image_path"].startswith("images/") for row in rows(output))


def test_a_manifest_outside_the_images_folder_finds_them_too(mvtec, tmp_path):
    output = tmp_path / "lists" / "manifest.jsonl"
    run("build", "--layout", "mvtec", "--root", mvtec, "--output", output)
    assert all(sample.image.is_file() for sample in load_manifest(output).samples)
    assert rows(output)[0]["image_path"].startswith("../images/")


def test_a_manifest_in_a_linked_folder_finds_its_images(mvtec, tmp_path):
    (tmp_path / "deep" / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "real")
    output = tmp_path / "link" / "manifest.jsonl"
    run("build", "--layout", "mvtec", "--root", mvtec, "--output", output)
    assert all(sample.image.is_file() for sample in load_manifest(output).samples)


def test_build_may_take_one_category(mvtec, tmp_path):
    output = tmp_path / "manifest.jsonl"
    stdout, _ = run(
        "build", "--layout", "mvtec", "--root", mvtec, "--output", output, "--category", "nut", "--json"
    )
    assert json.loads(stdout) == {"manifest": str(output), "records": 4}
    assert {row["category"] for row in rows(output)} == {"nut"}


def test_categories_are_listed_without_an_output(mvtec, tmp_path):
    assert run("build", "--layout", "mvtec", "--root", mvtec, "--list-categories")[0] == "bolt\nnut\n"
    output = tmp_path / "manifest.jsonl"
    run("build", "--layout", "mvtec", "--root", mvtec, "--output", output)
    for command in ("split", "summary", "validate"):
        stdout, _ = run(command, "--manifest-path", output, "--list-categories", "--json")
        assert json.loads(stdout) == {"categories": ["bolt", "nut"]}


def test_a_folder_of_another_layout_writes_nothing(tmp_path):
    output = tmp_path / "manifest.jsonl"
    with pytest.raises(DataError) as raised:
        run("build", "--layout", "mvtec", "--root", tmp_path, "--output", output)
    assert raised.value.issues
    assert not output.exists()


@pytest.mark.parametrize(
    ("command", "folder", "count"), [(("build", "--layout", "mvtec"), "mvtec", 8), (("guess",), "photos", 3)]
)
def test_an_output_is_needed_and_not_replaced_unasked(command, folder, count, request, tmp_path):
    output = tmp_path / "manifest.jsonl"
    output.write_text("mine", encoding="utf-8")
    make = (*command, "--root", request.getfixturevalue(folder))
    with pytest.raises(UsageError, match="--output is missing"):
        run(*make)
    with pytest.raises(UsageError, match="exists"):
        run(*make, "--output", output)
    assert output.read_text(encoding="utf-8") == "mine"
    run(*make, "--output", output, "--force")
    assert len(rows(output)) == count


def test_a_folder_or_a_device_is_never_replaced(mvtec, tmp_path):
    for output in (tmp_path, *(["/dev/null"] if os.name == "posix" else [])):
        with pytest.raises(UsageError, match="is not a file"):
            run("build", "--layout", "mvtec", "--root", mvtec, "--output", output, "--force")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Images in folders of no known layout, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("OK/1", "OK/2", "NOK/scratch/3", "masks/scratch/3", "masks/scratch/8", "masks/scratch/9"):
        path = tmp_path / "photos" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(path)
    for name in ("notes.txt", "todo.txt"):
        (tmp_path / "photos" / name).write_text("")
    return tmp_path / "photos"


@pytest.mark.parametrize("output", ["manifest.jsonl", "lists/manifest.jsonl", "photos/manifest.jsonl"])
def test_guess_writes_a_manifest_that_finds_every_file(photos, output):
    run("guess", "--root", photos.name, "--output", output)
    loaded = load_manifest(photos.parent / output)
    assert loaded.issues == ()
    assert {
        Path(os.path.relpath(sample.image, photos)).as_posix(): sample.record.label
        for sample in loaded.samples
    } == {
        "NOK/scratch/3.png": 1,
        "OK/1.png": 0,
        "OK/2.png": 0,
    }
    assert [sample.mask.is_file() for sample in loaded.samples if sample.mask is not None] == [True]


def test_guess_tells_what_it_found_and_what_comes_next(photos, monkeypatch):
    monkeypatch.delenv("UV", raising=False)
    stdout, code = run("guess", "--root", photos, "--output", "manifest.jsonl")
    header, row, empty, *lines = stdout.splitlines()
    assert code is None
    assert header.split("  ")[0] == "category"
    assert row.split() == ["photos", "0", "0", "0", "1", "2", "1", "scratch"]
    assert empty == ""
    owner = "of one of several (scratch/1.png has masks/scratch/1.png, or 1_mask.png there)"
    assert lines == [
        f"left out (2), masks of no anomalous image, or {owner}: masks/scratch/8.png, masks/scratch/9.png",
        "left out (2), files that are no images, and links to folders: notes.txt, todo.txt",
        "written: manifest.jsonl",
        "look through it, then: pyimgano-preflight check manifest.jsonl",
    ]
    monkeypatch.setenv("UV", "/usr/bin/uv")
    stdout, _ = run("guess", "--root", photos, "--output", "a b.jsonl")
    quoted = '"a b.jsonl"' if os.name == "nt" else "'a b.jsonl'"  # as the shells there have it
    assert stdout.endswith(f"then: uv run pyimgano-preflight check {quoted}\n")


def test_guess_prints_one_json_document(photos):
    stdout, _ = run("guess", "--root", photos, "--output", "manifest.jsonl", "--json")
    assert json.loads(stdout) == {
        "manifest": "manifest.jsonl",
        "images": 3,
        "doubts": [],
        "lone_masks": ["masks/scratch/8.png", "masks/scratch/9.png"],
        "others": ["notes.txt", "todo.txt"],
    }


def test_guess_says_where_defects_may_be_taken_as_normal(tmp_path):
    for name in ("bolt/1.png", "Ausschuss A/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    stdout, _ = run("guess", "--root", tmp_path, "--output", tmp_path / "all.jsonl")
    remedy = "where defects are, call the folder nok or nok/scratch, or set their label to 1 in the manifest"
    doubts = [
        f"all images are taken as normal, for no folder is called nok or the like; {remedy}",
        f"taken as normal, though called after defects: Ausschuss A; {remedy}",
    ]
    assert stdout.splitlines()[4:6] == doubts
    stdout, _ = run("guess", "--root", tmp_path, "--output", tmp_path / "all.jsonl", "--force", "--json")
    assert json.loads(stdout)["doubts"] == doubts


def test_guess_names_a_few_of_many_files_that_are_left_out(photos):
    for number in range(7):
        (photos / f"{number}\u202e.txt").write_text("")
    stdout, _ = run("guess", "--root", photos, "--output", "manifest.jsonl")
    shown = ", ".join(f"{number}\\u202e.txt" for number in range(5))
    assert f"left out (9), files that are no images, and links to folders: {shown}, …\n" in stdout


def test_guess_writes_nothing_where_it_found_nothing(tmp_path):
    output = tmp_path / "manifest.jsonl"
    with pytest.raises(UsageError, match="is no folder"):
        run("guess", "--root", tmp_path / "none", "--output", output)
    with pytest.raises(DataError, match="holds no images"):
        run("guess", "--root", tmp_path, "--output", output)
    assert not output.exists()


def test_split_writes_down_what_a_run_would_do_by_itself(tmp_path):
    source = written(tmp_path / "source.jsonl", *normals(40), {"image_path": "bad.png", "label": 1})
    before = split_dataset(load_manifest(source).samples, SplitPolicy(), 3)
    for options in ([], ["--val"]):
        output = tmp_path / "output.jsonl"
        run("split", "--manifest-path", source, "--output", output, "--seed", 3, "--force", *options)
        after = split_dataset(load_manifest(output).samples, SplitPolicy(), 3)
        (was,), (now,) = before.categories, after.categories
        for (role, old), (_, new) in zip(was.by_role, now.by_role, strict=True):
            assert [sample.image for sample in old] == [sample.image for sample in new], role
        assert now.calibration_source == ("val" if options else "train_holdout")
        assert {row["split"] for row in rows(output)} == {"train", "test"} | ({"val"} if options else set())


def test_split_never_names_a_group_on_two_sides(tmp_path):
    group = normals(20, group_id="lot", split="train")
    source = written(tmp_path / "source.jsonl", *group, {"image_path": "t.png", "split": "test", "label": 0})
    output = tmp_path / "output.jsonl"
    run("split", "--manifest-path", source, "--output", output, "--val")
    assert [row["split"] for row in rows(output)] == ["train"] * 20 + ["test"]


def test_split_keeps_val_records(tmp_path):
    records = [*normals(20, split="train"), {"image_path": "v.png", "split": "val"}]
    records += [{"image_path": "t.png", "split": "test", "label": 0}]
    output = tmp_path / "output.jsonl"
    run("split", "--manifest-path", written(tmp_path / "source.jsonl", *records), "--output", output)
    assert rows(output)[20]["split"] == "val"


def test_split_stops_at_a_group_conflict_unless_it_is_allowed(tmp_path):
    records = [{**row, "split": "train" if i % 2 else "test"} for i, row in enumerate(normals(40, label=0))]
    source = written(tmp_path / "source.jsonl", *({**row, "group_id": "lot"} for row in records))
    output = tmp_path / "output.jsonl"
    split = ("split", "--manifest-path", source, "--output", output)
    with pytest.raises(DataError) as raised:
        run(*split)
    assert [issue.code for issue in raised.value.issues] == ["PF606"]
    assert not output.exists()
    run(*split, "--group-conflict", "allow")
    assert len(rows(output)) == 40


def test_summary_counts_images_masks_groups_and_defects(tmp_path):
    bad = {"image_path": "b.png", "split": "test", "label": 1, "mask_path": "m.png", "defect": "dent"}
    records = [*normals(3, split="train", group_id="lot"), bad, {"image_path": "free.png"}]
    source = written(tmp_path / "source.jsonl", *records)
    stdout, code = run("summary", "--manifest-path", source, "--json")
    document = json.loads(stdout)
    bolt = document["categories"]["bolt"]
    assert (code, bolt) == (None, document["total"])
    assert (bolt["images"], bolt["masks"], bolt["groups"], bolt["defects"]) == (5, 1, 1, {"dent": 1})
    assert bolt["splits"]["train"] == {"normal": 3, "anomalous": 0}
    assert bolt["splits"]["test"] == {"normal": 0, "anomalous": 1}
    assert bolt["splits"]["none"] == {"normal": 1, "anomalous": 0}
    table, _ = run("summary", "--manifest-path", source)
    assert table.splitlines()[1].split() == ["bolt", "3", "0", "0", "1", "1", "1", "1"]


def test_summary_counts_what_is_readable_and_ends_with_data_errors(tmp_path):
    source = written(
        tmp_path / "source.jsonl", {"image_path": "a.png"}, {"image_path": "b.png", "label": "x"}
    )
    stdout, code = run("summary", "--manifest-path", source, "--json")
    assert (code, json.loads(stdout)["errors"], json.loads(stdout)["total"]["images"]) == (2, 1, 1)


def test_validate_reports_every_fault_and_ends_with_data_errors(tmp_path):
    good = [*normals(30, split="train"), {"image_path": "t.png", "split": "test", "label": 0}]
    faults = [{"image_path": "t2.png", "label": 2}, {"image_path": "0.png", "split": "train"}, {"lable": 1}]
    source = written(tmp_path / "source.jsonl", *good, *faults)
    stdout, code = run("validate", "--manifest-path", source, "--json")
    document = json.loads(stdout)
    expected = {"PF108", "PF109", "PF111", "PF708"}
    assert (code, {issue["code"] for issue in document["issues"]}) == (2, expected)
    assert document["by_severity"] == {"error": 3, "warning": 2, "info": 0}
    text, _ = run("validate", "--manifest-path", source)
    assert f"{source}:32: error PF108 MANIFEST_INVALID_RECORD: label must be" in text
    assert f"{source}:1: error PF111 MANIFEST_DUPLICATE_IMAGE: " in text
    assert text.endswith("3 errors, 2 warnings\n")


def test_validate_prints_its_document_for_a_missing_manifest_too(tmp_path):
    stdout, code = run("validate", "--manifest-path", tmp_path / "none.jsonl", "--json")
    assert (code, [issue["code"] for issue in json.loads(stdout)["issues"]]) == (2, ["PF101"])


def test_validate_accepts_a_good_manifest(tmp_path):
    bad = {"image_path": "bad.png", "split": "test", "label": 1}
    source = written(tmp_path / "source.jsonl", *normals(40), bad)
    assert run("validate", "--manifest-path", source) == (f"{source}: 0 errors, 0 warnings\n", 0)


@pytest.mark.parametrize("command", ["summary", "validate", "split", "merge"])
def test_a_manifest_is_named_with_and_without_the_option_but_once(tmp_path, command):
    source = written(tmp_path / "manifest.jsonl", *normals(2))
    named = [run(command, *words, "--list-categories") for words in ([source], ["--manifest-path", source])]
    assert [("bolt\n", named[0][1])] * 2 == named
    with pytest.raises(UsageError, match="no manifest is named: give the path of one"):
        run(command)
    with pytest.raises(UsageError, match=r"two manifests are named, 'a' and --manifest-path 'b'; give one"):
        run(command, "a", "--manifest-path", "b")

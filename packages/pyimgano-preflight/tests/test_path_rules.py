"""Rules about paths and line ends: real files that break them, and near misses that stay silent."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.checks.listing import list_folder
from pyimgano_preflight.checks.names import fold_name, unportable_name
from pyimgano_preflight.rules import find_rule, load_rules
from pyimgano_preflight.runner import run_preflight

MINE = {"PF105", "PF202", "PF203", "PF204", "PF205", "PF206", "PF207", "PF213", "PF902"}
NOBODY = 65534
NFC, NFD = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
MANIFEST = {"name": "manifest", "manifest_path": "manifest.jsonl"}


def issues(data):
    return [issue for issue in data.report().issues if issue.code in MINE]


def codes(data):
    return sorted(issue.code for issue in issues(data))


def rename(data, name, path="train/0.png"):
    """Give a file and its record another name."""
    (data.folder / path).rename(data.folder / Path(path).with_name(name))
    data.row(path)["image_path"] = Path(path).with_name(name).as_posix()


def is_case_blind(folder):
    (folder / "case").touch()
    return (folder / "CASE").exists()


def test_a_sound_data_set_breaks_none_of_them(dataset):
    assert [] == issues(dataset)


def test_a_sound_folder_breaks_none_of_them(tree):
    assert [] == issues(tree)


def test_odd_line_ends_are_told_once_with_their_counts(dataset):
    dataset.save()
    dataset.raw = dataset.manifest.read_bytes().replace(b"\n", b"\r\n", 3) + b"\n"
    (issue,) = issues(dataset)
    assert ("PF105", "info", str(dataset.manifest)) == (issue.code, issue.severity, issue.location.manifest)
    assert {"lines": 33, "crlf": 3, "blank": 1} == issue.data


def test_a_carriage_return_within_text_is_no_line_end(dataset):
    dataset.row("train/0.png")["meta"] = {"note": "a\r\nb"}
    assert [] == issues(dataset)


def test_a_name_in_another_case_is_told_with_its_spelling_on_the_disk(dataset):
    dataset.row("train/0.png")["image_path"] = "train/0.PNG"
    (issue,) = issues(dataset)
    assert ("PF205", {"on_disk": "train/0.png"}, 1) == (issue.code, issue.data, issue.location.line)
    assert "train/0.PNG: is 'train/0.png' on the disk" in issue.message


def test_a_folder_in_another_case_is_told_for_each_of_its_files(dataset):
    for number in range(3):
        dataset.row(f"train/{number}.png")["image_path"] = f"Train/{number}.png"
    dataset.row("train/3.png")["image_path"] = "TRAIN/3.png"
    dataset.row("bad/0.png")["mask_path"] = "MASKS/0.PNG"
    found = issues(dataset)
    assert ["PF205"] * 5 == [issue.code for issue in found]
    assert [f"train/{number}.png" for number in range(4)] + ["masks/0.png"] == [
        issue.data["on_disk"] for issue in found
    ]


def test_a_folder_above_in_another_case_is_seen_from_far_below(dataset):
    dataset.add("deep/er/still/a.png", split="train")
    dataset.row("deep/er/still/a.png")["image_path"] = "Deep/er/Still/a.png"
    assert [{"on_disk": "deep/er/still/a.png"}] == [issue.data for issue in issues(dataset)]


def test_a_file_that_is_missing_in_any_case_is_not_a_matter_of_case(dataset):
    dataset.row("train/0.png")["image_path"] = "Train/none.png"
    dataset.file("train/0.png")
    assert [] == codes(dataset)


def test_paths_that_differ_by_case_only_collide(dataset):
    dataset.add("train/A.png", split="train")
    if not is_case_blind(dataset.folder):
        dataset.add("train/a.png", split="train")
        dataset.add("TRAIN/a.png", split="train")
    else:
        dataset.rows += [{**dataset.rows[-1], "image_path": path} for path in ("train/a.png", "TRAIN/a.png")]
    line = next(n for n, row in enumerate(dataset.rows, 1) if row["image_path"] == "train/A.png")
    collisions = [issue for issue in issues(dataset) if issue.code == "PF206"]
    assert [("train/a.png",), ("TRAIN/a.png",)] == [issue.paths for issue in collisions]
    assert {"other": "A.png", "other_line": line} == collisions[0].data


def test_equal_names_in_other_folders_and_equal_paths_do_not_collide(dataset):
    dataset.add("val/A.png", split="val")
    dataset.add("train/a.png", split="train")
    dataset.rows.append(dict(dataset.rows[-1]))
    assert [] == codes(dataset)


@on_posix
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("caf\udce9.png", "not UTF-8"),
        ("a\tb.png", "control character"),
        ("a\u2028b.png", "control character"),
        ("12:30:05.png", "':'"),
        ("a?.png", "'?'"),
        ("aux.png", "'aux'"),
        ("COM1.front.png", "'com1'"),
    ],
)
def test_a_name_that_other_systems_refuse_is_told(dataset, name, words):
    rename(dataset, name)
    dataset.raw = b"".join(json.dumps(row).encode() + b"\n" for row in dataset.rows)
    dataset.rows = []
    (issue,) = issues(dataset)
    assert ("PF207", "warning") == (issue.code, issue.severity)
    assert words in issue.message


@on_posix
@pytest.mark.parametrize("folder", ["lot 7.", "lot 7 ", "nul", "a|b"])
def test_a_folder_that_other_systems_refuse_is_told(dataset, folder):
    dataset.add(f"{folder}/a.png", split="train")
    assert ["PF207"] == codes(dataset)


@pytest.mark.parametrize(
    "name",
    [
        "auxiliary.png",
        "com10.png",
        "console.png",
        "ネジ 7.png",
        NFC,
        "a..b.png",
        " a.png",
        "a\u00a0b.png",
        "~$.png",
    ],
)
def test_an_unusual_name_that_works_everywhere_is_silent(dataset, name):
    rename(dataset, name)
    assert [] == codes(dataset)


def test_a_path_through_the_folder_itself_is_silent(dataset):
    dataset.row("train/0.png")["image_path"] = "./train/../train/0.png"
    assert "PF207" not in codes(dataset)


@on_posix
def test_two_forms_of_one_accent_are_told(dataset):
    for name in (NFC, NFD):
        dataset.add(f"train/{name}", split="train")
    twins = [issue for issue in issues(dataset) if issue.code == "PF207"]
    assert [(f"train/{NFD}",)] == [issue.paths for issue in twins]
    assert "accents" in twins[0].message


@on_posix
def test_a_name_that_the_disk_stores_in_another_form_is_told(dataset):
    dataset.add(f"train/{NFD}", split="train")
    dataset.row(f"train/{NFD}")["image_path"] = f"train/{NFC}"
    (issue,) = issues(dataset)
    assert ("PF207", {"on_disk": f"train/{NFD}"}) == (issue.code, issue.data)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("spoilt", ["file", "folder", "mask"])
def test_a_link_out_of_the_data_set_is_told(dataset, spoilt):
    path = {"file": "train/0.png", "folder": "val", "mask": "masks/0.png"}[spoilt]
    target = dataset.folder.parent / "elsewhere"
    shutil.move(dataset.folder / path, target)
    (dataset.folder / path).symlink_to(target)
    assert ["PF202"] * (4 if spoilt == "folder" else 1) == codes(dataset)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_within_the_data_set_and_a_linked_data_set_are_silent(dataset):
    shutil.move(dataset.folder / "val", dataset.folder / "store")
    (dataset.folder / "val").symlink_to("store")
    dataset.file("train/0.png").symlink_to("../good/0.png")
    dataset.save()
    link = dataset.folder.parent / "link"
    link.symlink_to(dataset.folder)
    dataset.folder = link
    assert [] == codes(dataset)


def test_a_path_that_goes_up_is_told_unless_the_root_holds_it(dataset):
    shutil.copy(dataset.folder / "train/0.png", dataset.folder.parent / "outside.png")
    dataset.file("train/0.png")
    dataset.row("train/0.png")["image_path"] = "../outside.png"
    assert ["PF202"] == codes(dataset)
    dataset.set(dataset={**MANIFEST, "root": ".."})
    assert [] == codes(dataset)


def test_images_that_no_record_names_are_one_bounded_fact(dataset):
    for number in range(30):
        shutil.copy(dataset.folder / "val/0.png", dataset.folder / f"val/more{number:02}.png")
    shutil.copy(dataset.folder / "masks/0.png", dataset.folder / "masks/more.PNG")
    (issue,) = issues(dataset)
    assert ("PF213", "info", {"count": 31, "folders": 2}) == (issue.code, issue.severity, issue.data)
    assert tuple(f"val/more{number:02}.png" for number in range(20)) == issue.paths


def test_other_files_and_other_folders_are_not_missed(dataset):
    (dataset.folder / "train/notes.txt").touch()
    (dataset.folder / "train/.hidden.png").touch()
    (dataset.folder / "train/folder.png").mkdir()
    shutil.copy(dataset.folder / "val/0.png", dataset.folder / "preview.png")
    (dataset.folder / "raw").mkdir()
    shutil.copy(dataset.folder / "val/0.png", dataset.folder / "raw/0.png")
    assert [] == codes(dataset)


def test_one_category_alone_does_not_tell_what_is_unused(dataset):
    dataset.add("train/other.png", split="train").update(category="other")
    dataset.set(dataset={**MANIFEST, "category": "part"})
    report = dataset.report()
    assert "PF213" not in {issue.code for issue in report.issues}
    assert ["skipped"] == [check.state for check in report.checks if check.code == "PF213"]


def is_open_to_others(folder):
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no file permissions of this kind")
@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0 and not is_open_to_others(Path(sys.prefix).resolve()),
    reason="another user can't read the packages that are installed here",
)
def test_a_folder_that_may_not_be_listed_is_said_and_its_links_are_followed(dataset):
    shutil.move(dataset.folder / "val/0.png", dataset.folder.parent / "outside.png")
    (dataset.folder / "val/0.png").symlink_to(dataset.folder.parent / "outside.png")
    assert ["PF202"] == codes(dataset)  # which has also loaded all that is needed
    with tempfile.TemporaryDirectory() as open_folder:  # pytest's own is closed to others
        copied = shutil.copytree(dataset.folder, Path(open_folder) / "set", symlinks=True)
        Path(open_folder).chmod(0o755)
        (copied / "val").chmod(0o711)
        user = os.geteuid()
        try:
            if user == 0:  # who may read everything
                os.seteuid(NOBODY)
            report = run_preflight(dataset.config(), copied, SilentProgress())
        finally:
            os.seteuid(user)
            (copied / "val").chmod(0o755)
    assert ["PF202", "PF902"] == [issue.code for issue in report.issues if issue.code in MINE]


@given(st.text("aAéÉßsİ\u0131\u0301", max_size=4))
def test_a_fold_is_equal_for_all_cases_and_forms_of_a_name(name):
    folded = fold_name(name)
    assert folded == fold_name(folded)
    for form in ("NFC", "NFD"):
        assert folded == fold_name(unicodedata.normalize(form, name))


def test_the_first_unused_names_do_not_depend_on_the_order_of_the_folder(tmp_path):
    names = [f"{number:04}.png" for number in range(2500)]
    for name in random.Random(1).sample(names, len(names)):
        (tmp_path / name).touch()
    listing = list_folder(str(tmp_path), {"0003.png"}, {"0003.png"})
    assert (2499, frozenset({"0003.png"})) == (listing.orphan_count, listing.found)
    assert (*names[:3], *names[4:21]) == listing.orphans


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_any_name_is_judged(name):
    reason = unportable_name(name)
    assert reason is None or "rename it" in reason


@pytest.mark.parametrize(
    "code", sorted({rule.code for rule in load_rules() if "PF100" < rule.code < "PF208"})
)
def test_a_rule_says_why_it_matters_and_shows_its_fault(code):
    rule = find_rule(code)
    assert all([rule.meaning, rule.why, rule.remedy, rule.example])


def test_a_folder_that_can_not_be_listed_is_named_as_a_record_would(dataset, monkeypatch):
    real = os.scandir

    def scandir(folder):
        if Path(folder).name == "good":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)  # root may list any folder
    (issue,) = [issue for issue in dataset.report().issues if "can't be listed" in issue.message]
    assert issue.message.startswith("good: can't be listed: Permission denied")

"""Folder trees of MVTec AD's kind become records; whatever else lies there is named."""

import pytest

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import UsageError
from pyimgano_core.layouts import build_records


def grow(root, *paths):
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    return root


def rows(found):
    return [(r.image_path, r.category, r.split, r.label, r.mask_path, r.defect) for r in found.records]


def codes(found):
    return [(issue.code, issue.name, issue.severity) for issue in found.issues]


def test_mvtec_tree_becomes_sorted_records_with_masks(tmp_path):
    grow(
        tmp_path,
        "nut/train/good/000.png",
        "bolt/train/good/001.png",
        "bolt/train/good/000.PNG",
        "bolt/test/scratch/000.png",
        "bolt/test/good/000.png",
        "bolt/ground_truth/scratch/000_mask.png",
    )

    found = build_records("mvtec", tmp_path)

    assert rows(found) == [
        ("bolt/train/good/000.PNG", "bolt", "train", 0, None, None),
        ("bolt/train/good/001.png", "bolt", "train", 0, None, None),
        ("bolt/test/good/000.png", "bolt", "test", 0, None, None),
        ("bolt/test/scratch/000.png", "bolt", "test", 1, "bolt/ground_truth/scratch/000_mask.png", "scratch"),
        ("nut/train/good/000.png", "nut", "train", 0, None, None),
    ]
    assert found.issues == ()


def test_what_a_file_system_keeps_for_itself_is_no_category(tmp_path):
    grow(tmp_path, "nut/train/good/000.png", "$RECYCLE.BIN/train/good/001.png")

    found = build_records("mvtec", tmp_path)

    assert ["nut/train/good/000.png"] == [record.image_path for record in found.records]


def test_mask_belongs_to_exactly_its_own_name(tmp_path):
    grow(
        tmp_path,
        "c/test/bent/1.png",
        "c/test/bent/10.png",
        "c/ground_truth/bent/10_mask.png",
        "c/ground_truth/bent/100_mask.png",
    )

    found = build_records("mvtec", tmp_path)

    assert [r.mask_path for r in found.records] == [None, "c/ground_truth/bent/10_mask.png"]
    assert found.ignored == ("c/ground_truth/bent/100_mask.png",)


def test_mask_of_another_kind_is_not_taken(tmp_path):
    grow(tmp_path, "c/test/bent/1.png", "c/test/cut/1.png", "c/ground_truth/cut/1_mask.png")

    masks = {r.defect: r.mask_path for r in build_records("mvtec", tmp_path).records}

    assert masks == {"bent": None, "cut": "c/ground_truth/cut/1_mask.png"}


def test_btad_masks_have_the_image_s_name_and_any_extension(tmp_path):
    grow(tmp_path, "01/train/ok/0.bmp", "01/test/ko/1.bmp", "01/ground_truth/ko/1.png")

    found = build_records("btad", tmp_path)

    assert rows(found)[1] == ("01/test/ko/1.bmp", "01", "test", 1, "01/ground_truth/ko/1.png", "ko")
    assert found.issues == ()


@pytest.mark.parametrize("normal", ["normal", "good", "ok"])
@pytest.mark.parametrize("anomalous", ["anomaly", "anomalous", "bad", "ko", "defect"])
@pytest.mark.parametrize("mask", ["7.png", "7_mask.bmp"])
def test_custom_root_is_one_category_with_names_of_choice(tmp_path, normal, anomalous, mask):
    grow(tmp_path, f"train/{normal}/1.jpg", f"test/{anomalous}/7.jpg", f"ground_truth/{anomalous}/{mask}")

    found = build_records("custom", tmp_path)

    assert rows(found) == [
        (f"train/{normal}/1.jpg", "custom", "train", 0, None, None),
        (f"test/{anomalous}/7.jpg", "custom", "test", 1, f"ground_truth/{anomalous}/{mask}", anomalous),
    ]
    assert found.issues == ()


def test_custom_root_may_hold_categories(tmp_path):
    grow(tmp_path, "left/train/normal/1.png", "right/val/normal/2.png")

    assert [(r.category, r.split) for r in build_records("custom", tmp_path).records] == [
        ("left", "train"),
        ("right", "val"),
    ]


def test_custom_kind_of_unknown_name_is_an_error_that_names_the_known(tmp_path):
    grow(tmp_path, "train/normal/1.png", "test/misc/2.png")

    found = build_records("custom", tmp_path)

    assert codes(found) == [("PF711", "CUSTOM_DATASET_INVALID_STRUCTURE", Severity.ERROR)]
    assert "anomaly" in found.issues[0].message
    assert found.issues[0].paths == ("test/misc",)


@pytest.mark.parametrize(("split", "is_told"), [("test", True), ("train", False)])
def test_a_folder_that_may_be_named_after_a_defect_is_told_of_the_layout_that_takes_it(
    tmp_path, split, is_told
):
    grow(tmp_path, "train/normal/1.png", f"{split}/scratch/2.png")

    message = build_records("custom", tmp_path).issues[0].message

    assert ("layout mvtec, <category>/test/<defect>" in message) is is_told


def test_anomalies_in_train_are_an_error_and_no_records(tmp_path):
    grow(tmp_path, "c/train/good/1.png", "c/train/scratch/2.png")

    found = build_records("mvtec", tmp_path)

    assert codes(found) == [("PF705", "ANOMALY_IN_TRAIN", Severity.ERROR)]
    assert len(found.records) == 1


def test_files_that_are_no_part_of_the_layout_are_named(tmp_path):
    grow(
        tmp_path,
        "readme.txt",
        "papers/a.pdf",
        "c/license.txt",
        "c/train/stray.png",
        "c/train/good/0.png",
        "c/train/good/Thumbs.db",
        "c/train/good/._0.png",
        "c/train/good/more/1.png",
        "c/ground_truth/stray.png",
    )

    found = build_records("mvtec", tmp_path)

    assert len(found.records) == 1
    assert set(codes(found)) == {("PF213", "ORPHAN_FILE", Severity.INFO)}
    assert found.ignored == (
        "papers",
        "readme.txt",
        "c/license.txt",
        "c/ground_truth/stray.png",
        "c/train/stray.png",
        "c/train/good/._0.png",
        "c/train/good/Thumbs.db",
        "c/train/good/more",
    )


def test_category_without_images_is_an_error(tmp_path):
    (tmp_path / "c" / "train" / "good").mkdir(parents=True)

    found = build_records("mvtec", tmp_path)

    assert codes(found) == [("PF703", "DATASET_CATEGORY_EMPTY", Severity.ERROR)]
    assert found.issues[0].category == "c"


@pytest.mark.parametrize("name", ["mvtec", "visa", "btad", "custom"])
def test_missing_root_is_an_issue(tmp_path, name):
    found = build_records(name, tmp_path / "nowhere")

    assert codes(found) == [("PF711", "DATASET_ROOT_MISSING", Severity.ERROR)]


def test_root_without_categories_is_an_error(tmp_path):
    grow(tmp_path, "a/b.png")

    assert codes(build_records("custom", tmp_path))[-1][:2] == ("PF711", "CUSTOM_DATASET_INVALID_STRUCTURE")
    assert codes(build_records("mvtec", tmp_path))[-1][:2] == ("PF711", "DATASET_CATEGORY_LIST_FAILED")
    assert "pyimgano-core manifest guess makes" in build_records("mvtec", tmp_path).issues[-1].message


def test_root_that_is_itself_a_category_gets_a_hint(tmp_path):
    grow(tmp_path, "train/good/1.png")

    assert "give the folder that holds the categories" in build_records("mvtec", tmp_path).issues[-1].message


def test_unknown_layout_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="mvtec"):
        build_records("mvtech", tmp_path)

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.layouts import guess_records
from pyimgano_core.layouts._guess_names import ANOMALOUS_NAMES, NORMAL_NAMES


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()  # no image is opened
    return root


def told(found):
    """Category, split, label and defect of each image."""
    return {r.image_path: (r.category, r.split, r.label, r.defect) for r in found.records}


def test_images_in_one_folder_are_normal_and_of_one_category(tmp_path):
    root = make(tmp_path / "bolts", "2.png", "1.png")
    assert {"1.png": ("bolts", None, 0, None), "2.png": ("bolts", None, 0, None)} == told(guess_records(root))


def test_folders_beside_good_are_defects(tmp_path):
    root = make(tmp_path / "bolts", "good/1.png", "scratch/2.png", "bad/3.png")
    assert {
        "bad/3.png": ("bolts", "test", 1, None),
        "good/1.png": ("bolts", None, 0, None),
        "scratch/2.png": ("bolts", "test", 1, "scratch"),
    } == told(guess_records(root))


def test_folders_in_an_anomalous_one_are_defects(tmp_path):
    root = make(tmp_path / "bolts", "ok/1.png", "NOK/scratch/2.png", "NOK/3.png", "crack/deep/4.png")
    assert {
        "NOK/3.png": ("bolts", "test", 1, None),
        "NOK/scratch/2.png": ("bolts", "test", 1, "scratch"),
        "crack/deep/4.png": ("bolts", "test", 1, "crack_deep"),
        "ok/1.png": ("bolts", None, 0, None),
    } == told(guess_records(root))


def test_folders_in_an_anomalous_one_that_normal_images_have_too_are_categories(tmp_path):
    root = make(tmp_path / "parts", "ok/bolt/1.png", "ok/nut/1.png", "nok/bolt/2.png", "nok/nut/crack/3.png")
    assert {
        "nok/bolt/2.png": ("bolt", "test", 1, None),
        "nok/nut/crack/3.png": ("nut", "test", 1, "crack"),
        "ok/bolt/1.png": ("bolt", None, 0, None),
        "ok/nut/1.png": ("nut", None, 0, None),
    } == told(guess_records(root))


def test_an_anomalous_category_without_normal_images_stays_one(tmp_path):
    root = make(tmp_path / "parts", "ok/bolt/1.png", "nok/nut/2.png")
    assert ("nut", "test", 1, None) == told(guess_records(root))["nok/nut/2.png"]


def test_a_bad_folder_beside_images_is_anomalous(tmp_path):
    root = make(tmp_path / "bolts", "1.png", "bad/2.png")
    assert ("bolts", "test", 1, None) == told(guess_records(root))["bad/2.png"]
    assert ("bolts", None, 0, None) == told(guess_records(root))["1.png"]


def test_masks_may_leave_out_the_folder_that_only_says_anomalous(tmp_path):
    names = ("ok/1.png", "nok/crack/2.png", "masks/crack/2.png", "nok/dent/3.png", "masks/nok/dent/3.png")
    masks = [record.mask_path for record in guess_records(make(tmp_path / "bolt", *names)).records]
    assert ["masks/crack/2.png", "masks/nok/dent/3.png", None] == masks


def masks_of(root):
    return {record.image_path: record.mask_path for record in guess_records(root).records if record.mask_path}


def test_masks_in_no_folder_of_a_defect_are_told_by_their_names(tmp_path):
    names = ("ok/1.png", "crack/1.png", "crack/2.png", "dent/3.png", "masks/1_mask.png", "masks/3.png")
    root = make(tmp_path / "bolt", *names)
    assert {"crack/1.png": "masks/1_mask.png", "dent/3.png": "masks/3.png"} == masks_of(root)


def test_a_mask_that_may_be_of_two_images_is_of_none(tmp_path):
    root = make(tmp_path / "bolt", "ok/9.png", "crack/1.png", "dent/1.png", "masks/1.png")
    assert {} == masks_of(root)
    assert ("masks/1.png",) == guess_records(root).lone_masks


@pytest.mark.parametrize(
    "names",
    [
        ("nok/1.png", "bad/1.png", "masks/nok/1.png", "masks/bad/1.png"),
        ("test/nok/1.png", "val/nok/1.png", "test/masks/nok/1.png", "val/masks/nok/1.png"),
        ("nok/1.png", "masks/1.png", "masks/1_mask.png"),
        ("nok/1.png", "nok/1.bmp", "masks/1.png"),
        ("nok/1.png", "scratch/1.png", "masks/1.png"),
        ("nok/1.png", "nok/scratch/1.png", "masks/1_mask.png"),
        ("nok/1.png", "scratch/1.png", "masks/1.png", "masks/nok/1.png"),
    ],
    ids=["two kinds", "two splits", "two masks", "two images", "a defect", "a defect inside", "two places"],
)
def test_no_mask_goes_to_an_image_that_may_be_another_s_and_none_is_lost(tmp_path, names):
    root = make(tmp_path / "bolt", "ok/9.png", *names)
    assert {} == masks_of(root)
    assert sorted(name for name in names if "masks" in name) == sorted(guess_records(root).lone_masks)


def test_a_mask_in_the_folder_of_its_defect_goes_before_one_beside_it(tmp_path):
    root = make(tmp_path / "bolt", "ok/9.png", "crack/1.png", "masks/1.png", "masks/crack/1.png")
    assert {"crack/1.png": "masks/crack/1.png"} == masks_of(root)
    assert ("masks/1.png",) == guess_records(root).lone_masks


@pytest.mark.parametrize("mask", ["masks/nok/1.png", "nok/masks/1_mask.png"])
def test_a_mask_in_a_folder_that_says_anomalous_is_of_the_image_there(tmp_path, mask):
    root = make(tmp_path / "bolt", "ok/9.png", "nok/1.png", "scratch/1.png", mask)
    assert {"nok/1.png": mask} == masks_of(root)


def test_a_mask_is_of_the_only_image_of_its_name_that_has_no_other(tmp_path):
    names = ("ok/9.png", "nok/1.png", "scratch/1.png", "masks/1.png", "masks/scratch/1.png")
    expected = {"nok/1.png": "masks/1.png", "scratch/1.png": "masks/scratch/1.png"}
    assert expected == masks_of(make(tmp_path / "bolt", *names))


KINDS = ["nok", "scratch", "nok/scratch", "nok/dent"]
IMAGES = [f"{kind}/{name}" for kind in KINDS for name in ("1.png", "2.png")]
MASKS = [
    f"masks/{kind}{name}" for kind in ("", *(f"{kind}/" for kind in KINDS)) for name in ("1.png", "2.png")
]


def name_and_defect(path):
    *folders, name = path.split("/")
    return name, [folder for folder in folders if folder not in {"masks", "nok"}]


def could_be_of(mask, image):
    (of_mask, marked), (of_image, shown) = name_and_defect(mask), name_and_defect(image)
    return of_mask == of_image and marked in ([], shown)


@settings(max_examples=60)
@given(images=st.sets(st.sampled_from(IMAGES), min_size=1), masks=st.sets(st.sampled_from(MASKS)))
def test_no_mask_goes_to_an_image_where_another_without_one_could_have_it(images, masks):
    with TemporaryDirectory() as folder:
        found = guess_records(make(Path(folder) / "bolt", "ok/9.png", *images, *masks))
    matched = {record.image_path: record.mask_path for record in found.records if record.mask_path}
    assert sorted(masks) == sorted([*matched.values(), *found.lone_masks])
    for image, mask in matched.items():
        assert could_be_of(mask, image)
        others = [other for other in images - matched.keys() if could_be_of(mask, other)]
        assert mask == f"masks/{image}" or others == []


def test_folders_that_would_be_one_category_are_refused_by_their_names(tmp_path):
    root = make(tmp_path / "parts", "a/b/1.png", "a_b/2.png", "nut/3.png", "c/d_e/4.png", "c_d/e/5.png")
    told = "'a/b' and 'a_b' ('a_b'); 'c/d_e' and 'c_d/e' ('c_d_e'); rename all but one"
    with pytest.raises(DataError, match=re.escape(f"{root}: folders would be one category: {told}")):
        guess_records(root)


def test_a_folder_that_is_called_as_the_whole_is_no_part_of_it(tmp_path):
    root = make(tmp_path / "bolt", "ok/1.png", "bolt/ok/2.png")
    with pytest.raises(DataError, match=re.escape("'.' and 'bolt' ('bolt')")):
        guess_records(root)


def test_a_category_may_lie_in_several_splits(tmp_path):
    root = make(tmp_path / "parts", "train/a/b/ok/1.png", "test/a/b/ok/2.png", "a/b/ok/3.png")
    assert {"a_b"} == {record.category for record in guess_records(root).records}


def test_folders_without_good_are_categories_and_nothing_is_called_anomalous(tmp_path):
    root = make(tmp_path / "parts", "bolt/1.png", "nut/1.png", "top/left/1.png")
    assert {
        "bolt/1.png": ("bolt", None, 0, None),
        "nut/1.png": ("nut", None, 0, None),
        "top/left/1.png": ("top_left", None, 0, None),
    } == told(guess_records(root))


@pytest.mark.parametrize("category", ["", "bolt/"], ids=["one category", "a folder of categories"])
def test_the_layouts_of_public_data_sets_are_understood(tmp_path, category):
    names = ("train/good/1.png", "test/good/2.png", "test/scratch/3.png", "ground_truth/scratch/3_mask.png")
    found = guess_records(make(tmp_path / "bolt", *(f"{category}{name}" for name in names)))
    assert {
        f"{category}train/good/1.png": ("bolt", "train", 0, None),
        f"{category}test/good/2.png": ("bolt", "test", 0, None),
        f"{category}test/scratch/3.png": ("bolt", "test", 1, "scratch"),
    } == told(found)
    (mask,) = [record.mask_path for record in found.records if record.mask_path]
    assert f"{category}ground_truth/scratch/3_mask.png" == mask


def test_a_test_folder_without_good_images_still_holds_kinds(tmp_path):
    root = make(tmp_path / "bolt", "train/good/1.png", "test/crack/2.png")
    assert ("bolt", "test", 1, "crack") == told(guess_records(root))["test/crack/2.png"]


def test_what_is_left_out_is_named(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png", "crack/2.png", "masks/crack/9.png", ".hidden/3.png")
    (root / "notes.txt").write_text("")
    found = guess_records(root)
    assert (("masks/crack/9.png",), ("notes.txt",)) == (found.lone_masks, found.others)
    assert ["crack/2.png", "good/1.png"] == [record.image_path for record in found.records]


def test_what_a_file_system_keeps_for_itself_is_no_category(tmp_path):
    root = make(tmp_path / "disk", "bolt/good/1.png", "lost+found/2.png", "$RECYCLE.BIN/good/3.png")
    assert ["bolt/good/1.png"] == list(told(guess_records(root)))


def test_pictures_of_a_run_are_no_images(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png", "runs/a/categories/bolt/pictures/1.png")
    (root / "runs/a/run.json").write_text("{}")
    assert ["good/1.png"] == [record.image_path for record in guess_records(root).records]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        *(("OK", bad.capitalize()) for bad in sorted(ANOMALOUS_NAMES)),
        *((good.upper(), "NG") for good in sorted(NORMAL_NAMES)),
        *(("iO", "niO"), ("pass", "fail"), ("i.O.", "n.i.O."), ("in Ordnung", "nicht in Ordnung")),
        *(("OK Teile", "NOK-Teile"), ("Gutteile", "Schlechtteile"), ("good_images", "not ok")),
        *(("OK Bilder", "NG-Bilder"), ("Gutteile", "Ausschuss"), ("良品", "不良品")),
    ],
)
def test_what_people_call_good_and_bad_is_understood(tmp_path, good, bad):
    root = make(tmp_path / "bolts", f"{good}/1.png", f"{bad}/2.png", f"{bad}/scratch/3.png")
    assert {
        f"{good}/1.png": ("bolts", None, 0, None),
        f"{bad}/2.png": ("bolts", "test", 1, None),
        f"{bad}/scratch/3.png": ("bolts", "test", 1, "scratch"),
    } == told(guess_records(root))


def test_a_name_that_only_contains_one_of_those_is_a_category(tmp_path):
    root = make(tmp_path / "parts", "pass-1/1.png", "pass-2/2.png", "failsafe/3.png")
    assert [("failsafe", 0), ("pass-1", 0), ("pass-2", 0)] == [
        (record.category, record.label) for record in guess_records(root).records
    ]


def test_names_that_sound_like_defects_but_are_categories_are_doubtful(tmp_path):
    root = make(tmp_path / "parts", "bolt/1.png", "Ausschuss A/2.png", "nok-old/3.png", "nokia/4.png")
    guessed = guess_records(root)
    assert {0} == {record.label for record in guessed.records}
    assert ("Ausschuss A", "nok-old") == guessed.doubtful


@pytest.mark.parametrize(
    ("whole", "doubtful"), [("metal anomaly detection", ()), ("NOK", ("NOK",)), ("scrap metal", ())]
)
def test_a_whole_is_doubtful_only_where_its_name_says_nothing_else(tmp_path, whole, doubtful):
    assert doubtful == guess_records(make(tmp_path / whole, "1.png")).doubtful


@pytest.mark.parametrize("folder", ["scrap metal/ok", "no defects B", "non-defective", "ohne Fehler 2/Serie"])
def test_images_that_are_called_normal_or_no_defects_are_not_doubtful(tmp_path, folder):
    assert () == guess_records(make(tmp_path / "parts", f"{folder}/1.png")).doubtful


def test_defects_that_are_numbered_keep_their_names_and_masks(tmp_path):
    names = ("test/good/9.png", "test/defect_1/1.png", "test/defect_2/1.png")
    masks = ("ground_truth/defect_1/1_mask.png", "ground_truth/defect_2/1_mask.png")
    root = make(tmp_path / "bolt", *names, *masks)
    assert dict(zip(names[1:], masks, strict=True)) == masks_of(root)
    assert {None, "defect_1", "defect_2"} == {record.defect for record in guess_records(root).records}


def test_numbered_codes_are_parts(tmp_path):
    root = make(tmp_path / "boards", "IO1/1.png", "IO2/2.png", "CPU/3.png", "pass 2/4.png")
    assert {("CPU", 0), ("IO1", 0), ("IO2", 0), ("pass 2", 0)} == {
        (record.category, record.label) for record in guess_records(root).records
    }


@pytest.mark.parametrize("split", ["train", "test"])
def test_pass_may_be_said_of_images(tmp_path, split):
    names = (f"{split}/pass images/1.png", "test/fail images/2.png")
    assert {
        names[0]: ("bolt", split, 0, None),
        names[1]: ("bolt", "test", 1, None),
    } == told(guess_records(make(tmp_path / "bolt", *names)))


def test_gt_is_a_product_where_nothing_says_that_kinds_are_there(tmp_path):
    root = make(tmp_path / "cars", "GT/good/1.png", "GT/bad/2.png", "GT/gt/2.png", "RS/good/3.png")
    assert {
        "GT/bad/2.png": ("GT", "test", 1, None),
        "GT/good/1.png": ("GT", None, 0, None),
        "RS/good/3.png": ("RS", None, 0, None),
    } == told(guess_records(root))
    assert {"GT/bad/2.png": "GT/gt/2.png"} == masks_of(root)


def test_valid_beside_invalid_is_no_split(tmp_path):
    root = make(tmp_path / "parts", "valid/1.png", "Invalid/2.png")
    assert {("Invalid", None), ("valid", None)} == {
        (record.category, record.split) for record in guess_records(root).records
    }


def test_a_defect_that_is_called_so_is_not_doubtful(tmp_path):
    root = make(tmp_path / "parts", "ok/1.png", "nok big/2.png")
    assert (("parts", "test", 1, "nok big"), ()) == (
        told(guess_records(root))["nok big/2.png"],
        guess_records(root).doubtful,
    )


@pytest.mark.parametrize(
    ("name", "split"), [("Training", "train"), ("validation", "val"), ("VALID", "val"), ("Testing", "test")]
)
def test_splits_may_be_written_out(tmp_path, name, split):
    root = make(tmp_path / "bolt", f"{name}/good/1.png")
    assert ("bolt", split, 0, None) == told(guess_records(root))[f"{name}/good/1.png"]


@pytest.mark.parametrize("name", ["Masken", "Ground Truth", "ground-truth", "GT", "Mask"])
def test_masks_may_be_called_otherwise(tmp_path, name):
    root = make(tmp_path / "bolt", "gut/9.png", "schlecht/Kratzer/1.png", f"{name}/Kratzer/1.png")
    assert {"schlecht/Kratzer/1.png": f"{name}/Kratzer/1.png"} == masks_of(root)


def test_a_lone_normal_folder_says_nothing_of_folders_elsewhere(tmp_path):
    root = make(tmp_path / "parts", "bolt/pass/1.png", "nut/2.png")
    assert {
        "bolt/pass/1.png": ("bolt", None, 0, None),
        "nut/2.png": ("nut", None, 0, None),
    } == told(guess_records(root))


@pytest.mark.parametrize("split", ["train", "val"])
def test_anomalous_images_are_for_test_wherever_they_lie(tmp_path, split):
    root = make(tmp_path / "bolt", f"{split}/good/1.png", f"{split}/bad/2.png")
    assert {
        f"{split}/bad/2.png": ("bolt", "test", 1, None),
        f"{split}/good/1.png": ("bolt", split, 0, None),
    } == told(guess_records(root))


def test_a_link_to_a_folder_is_not_followed(tmp_path):
    root = make(tmp_path / "bolt", "good/1.png")
    (root / "good" / "up").symlink_to(root, target_is_directory=True)
    guessed = guess_records(root)
    assert (["good/1.png"], ("good/up",)) == (
        [record.image_path for record in guessed.records],
        guessed.others,
    )


def test_a_link_that_is_called_ok_still_says_that_its_neighbours_are_defects(tmp_path):
    root = make(tmp_path / "bolt", "scratch/1.png")
    (root / "OK").symlink_to(make(tmp_path / "elsewhere", "2.png"), target_is_directory=True)
    assert {"scratch/1.png": ("bolt", "test", 1, "scratch")} == told(guess_records(root))


def test_a_file_that_is_called_ok_says_nothing(tmp_path):
    root = make(tmp_path / "parts", "bolt/1.png")
    (root / "OK").write_text("")
    assert {"bolt/1.png": ("bolt", None, 0, None)} == told(guess_records(root))


def test_categories_may_lie_in_the_splits(tmp_path):
    names = ("train/bolt/good/1.png", "test/bolt/good/2.png", "test/bolt/scratch/3.png", "test/nut/bad/4.png")
    root = make(tmp_path / "parts", *names, "test/bolt/masks/scratch/3.png")
    assert {
        "test/bolt/good/2.png": ("bolt", "test", 0, None),
        "test/bolt/scratch/3.png": ("bolt", "test", 1, "scratch"),
        "test/nut/bad/4.png": ("nut", "test", 1, None),
        "train/bolt/good/1.png": ("bolt", "train", 0, None),
    } == told(guess_records(root))
    assert {"test/bolt/scratch/3.png": "test/bolt/masks/scratch/3.png"} == masks_of(root)


def test_images_of_train_that_lie_in_the_folder_of_a_category_are_normal(tmp_path):
    names = ("train/bolt/1.png", "train/bent/2.png", "test/bolt/good/3.png", "test/bolt/bent/4.png")
    assert {
        "test/bolt/bent/4.png": ("bolt", "test", 1, "bent"),
        "test/bolt/good/3.png": ("bolt", "test", 0, None),
        "train/bent/2.png": ("parts", "test", 1, "bent"),
        "train/bolt/1.png": ("bolt", "train", 0, None),
    } == told(guess_records(make(tmp_path / "parts", *names)))


def test_what_holds_good_images_beside_good_ones_is_a_category(tmp_path):
    root = make(tmp_path / "parts", "good/1.png", "nut/ok/2.png", "nut/bent/3.png", "scratch/bad/4.png")
    assert {
        "good/1.png": ("parts", None, 0, None),
        "nut/bent/3.png": ("nut", "test", 1, "bent"),
        "nut/ok/2.png": ("nut", None, 0, None),
        "scratch/bad/4.png": ("parts", "test", 1, "scratch"),
    } == told(guess_records(root))


def test_of_nested_splits_the_innermost_counts(tmp_path):
    root = make(tmp_path / "bolt", "train/train/ok/1.png", "train/val/ok/2.png", "test/test/nok/3.png")
    assert {
        "test/test/nok/3.png": ("bolt", "test", 1, None),
        "train/train/ok/1.png": ("bolt", "train", 0, None),
        "train/val/ok/2.png": ("bolt", "val", 0, None),
    } == told(guess_records(root))


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match="holds no images"):
        guess_records(tmp_path)
    for path in (tmp_path / "none", tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match="is no folder"):
            guess_records(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_all_names_that_no_category_may_have_are_told_at_once(tmp_path):
    root = make(tmp_path / "parts", "a\nb/1.png", "c\td/2.png", "nut/3.png")
    with pytest.raises(DataError, match=r"no category can be called 'a\\nb', 'c\\td'; rename"):
        guess_records(root)

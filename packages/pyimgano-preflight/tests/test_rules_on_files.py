"""Every rule on a real file that breaks it, and on a near miss that must stay silent."""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import sys
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._select import RuleSettings, make_selection
from pyimgano_preflight.checks.files import IMAGE_RULES
from pyimgano_preflight.facts import FactStore, read_facts
from pyimgano_preflight.rules import find_rule, load_rules
from pyimgano_preflight.runner import CheckSettings, check_dataset, run_preflight

try:
    import resource
except ImportError:  # Windows
    resource = None

NOBODY = 65534
RNG = np.random.default_rng(7)


def noise(size=(40, 40), channels=3):
    return RNG.integers(0, 256, (*size, channels), np.uint8)


def replace(name, image=None, **options):
    """Return a spoiler that replaces an image file of the set."""

    def spoil(data):
        row = data.row("train/0.png")
        row["image_path"] = f"train/{name}"
        data.file("train/0.png")
        made = Image.fromarray(noise()) if image is None else image()
        made.save(data.file(f"train/{name}"), **options)

    return spoil


def content(data, raw, path="train/0.png"):
    data.file(path).write_bytes(raw)


def line(data, text):
    data.extra = text if isinstance(text, bytes) else text.encode()


def record(**fields):
    return json.dumps({"image_path": "train/0.png", "category": "part", **fields})


def change(path, **fields):
    return lambda data: data.row(path).update(fields)


def drop(data, *folders):
    data.rows = [row for row in data.rows if not row["image_path"].startswith(folders)]


def all_rows(data, folder, **fields):
    for row in data.rows:
        if row["image_path"].startswith(folder):
            row.update(fields)


def copy(source, target):
    return lambda data: shutil.copy(data.folder / source, data.file(target))


def nearly_copy(source, target):
    def spoil(data):
        pixels = np.array(Image.open(data.folder / source))
        pixels[0, 0, 0] ^= 1
        Image.fromarray(pixels).save(data.file(target))

    return spoil


def link(target, path="train/0.png"):
    return lambda data: data.file(path).symlink_to(target)


def hard_link(source, target):
    return lambda data: data.file(target).hardlink_to(data.folder / source)


def every_second(change_image):
    """Return a spoiler of half of the normal images, in every split alike."""

    def spoil(data):
        rows = [row for row in data.rows if not row["image_path"].startswith("bad")]
        for row in rows[::2]:
            path = data.folder / row["image_path"]
            with Image.open(path) as image:
                made = change_image(image)
            made.save(path)

    return spoil


def truncated(data, path="train/0.png"):
    raw = (data.folder / path).read_bytes()
    content(data, raw[: len(raw) // 2], path)


def truncated_jpeg(data):
    replace("0.jpg")(data)
    truncated(data, "train/0.jpg")


def flipped_bit(data):
    raw = bytearray((data.folder / "train/0.png").read_bytes())
    raw[len(raw) // 2] ^= 16
    content(data, bytes(raw))


def bomb(data):
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b""))]
    raw = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        raw += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    content(data, raw)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def outside(data):
    shutil.move(data.folder / "train/0.png", data.folder.parent / "outside.png")
    data.row("train/0.png")["image_path"] = "../outside.png"


def outside_by_link(data):
    (data.folder / "train/0.png").rename(data.folder.parent / "outside.png")
    link("../../outside.png")(data)


def outside_but_below_root(data):
    outside(data)
    data.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "root": ".."})


def only_below_root(data):
    (data.folder / "images").mkdir()
    (data.folder / "train").rename(data.folder / "images/train")
    data.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "root": "images"})


def folder_as_image(data):
    data.file("train/0.png").mkdir()


def pipe_as_image(data):
    os.mkfifo(data.file("train/0.png"))


def wrong_name(data):
    shutil.move(data.folder / "train/0.png", data.folder / "train/0.jpg")
    data.row("train/0.png")["image_path"] = "train/0.jpg"


def upper_case_name(data):
    moved = shutil.move(data.folder / "train/0.png", data.folder / "moved.png")
    shutil.move(moved, data.folder / "train/0.PNG")
    data.row("train/0.png")["image_path"] = "train/0.PNG"


def unsplit_anomaly_in_train_group(data):
    data.row("train/0.png")["group_id"] = "lot"
    row = data.row("bad/0.png")
    row.update(group_id="lot")
    del row["split"]


def one_group(data, *names):
    drop(data, "val")
    for number, row in enumerate(row for row in data.rows if row["image_path"].startswith("train")):
        row["group_id"] = names[number % len(names)]


def unsplit_normals(data):
    drop(data, "good", "val")
    for row in data.rows:
        if row["image_path"].startswith("train"):
            del row["split"]


def missing_images(data, count):
    data.rows += [{"image_path": f"none/{i}.png", "category": "part", "split": "train"} for i in range(count)]


def other_category(name):
    def spoil(data):
        for row in list(data.rows):
            path = f"{name}/{row['image_path']}"
            data.add(path).update({**row, "image_path": path, "category": name})

    return spoil


def no_masks(data):
    all_rows(data, "bad", mask_path=None)


def keep_train(data, count):
    trains = [row for row in data.rows if row["image_path"].startswith("train")]
    data.rows = [row for row in data.rows if row not in trains[count:]]


def nothing(data):
    data.save()


def sixteen_bit():
    return Image.fromarray(RNG.integers(0, 65536, (40, 40)).astype(np.uint16))


def several(data, **options):
    frames = [Image.fromarray(noise()) for _ in range(2)]
    data.row("train/0.png")["image_path"] = "train/0.tif"
    data.file("train/0.png")
    frames[0].save(data.file("train/0.tif"), append_images=frames[1:], **options)


COPY = record(split="train")
CASES = {
    "PF101": (lambda d: d.set(dataset={"manifest_path": "other.jsonl"}), nothing),
    "PF102": (lambda d: setattr(d, "raw", b"# nothing\n\n"), lambda d: line(d, "# a comment\n\n")),
    "PF103": (
        lambda d: line(d, b'{"image_path": "train/\xe9.png", "category": "part"}'),
        change("train/0.png", meta={"name": "caf\u00e9"}),
    ),
    "PF104": (
        lambda d: d.rows and setattr(d, "raw", b"\xef\xbb\xbf# a manifest\n"),
        change("train/0.png", meta={"mark": "\ufeff"}),
    ),
    "PF105": (
        lambda d: line(d, "# a comment\r\n"),
        change("train/0.png", meta={"text": "a\r\nb"}),
    ),
    "PF106": (
        lambda d: line(d, '{"image_path": "a", "category": "part", "meta": {"x": NaN}}'),
        change("train/0.png", meta={"x": "NaN"}),
    ),
    "PF107": (
        lambda d: line(d, '{"image_path": "a", "image_path": "b", "category": "part"}'),
        change("train/0.png", meta={"image_path": "b"}),
    ),
    "PF108": (change("bad/0.png", label=True), change("bad/0.png", meta={"label": True})),
    "PF109": (change("train/0.png", lable=0), change("train/0.png", meta={"lable": 0})),
    "PF110": (
        lambda d: line(d, '{"meta": ' + "[" * 3000 + "]" * 3000 + "}"),
        change("train/0.png", meta={"x": [[[[]]]]}),
    ),
    "PF111": (lambda d: line(d, COPY), nearly_copy("train/0.png", "train/1.png")),
    "PF112": (lambda d: line(d, record(split="test", label=1)), lambda d: line(d, COPY)),
    "PF201": (lambda d: d.file("train/0.png"), only_below_root),
    "PF202": (outside, outside_but_below_root),
    "PF203": (
        lambda d: d.row("train/0.png").update(image_path=str(d.folder / "train/0.png")),
        change("train/0.png", image_path="./train/0.png"),
    ),
    "PF204": (
        change("train/0.png", image_path="train\\0.png"),
        change("train/0.png", image_path="train//0.png"),
    ),
    "PF205": (
        change("train/0.png", image_path="Train/0.png"),
        change("train/0.png", image_path="./train/0.png"),
    ),
    "PF206": (
        lambda d: d.add("TRAIN/0.PNG", split="train"),
        lambda d: d.add("train/00.PNG", split="train"),
    ),
    "PF207": (
        lambda d: d.add("train/lpt1.png", split="train"),
        lambda d: d.add("train/lpt10.png", split="train"),
    ),
    "PF208": (link("0.png"), link("../copy.png")),
    "PF209": (folder_as_image, link("1.png")),
    "PF211": (lambda d: content(d, b""), replace("0.png", lambda: Image.fromarray(noise((1, 1))))),
    "PF212": (hard_link("train/1.png", "train/0.png"), nearly_copy("train/1.png", "train/0.png")),
    "PF301": (
        lambda d: content(d, b"this is no image"),
        lambda d: content(d, (d.folder / "train/0.png").read_bytes() + b"trailing bytes"),
    ),
    "PF302": (truncated_jpeg, replace("0.jpg")),
    "PF303": (wrong_name, upper_case_name),
    "PF304": (bomb, replace("0.png", lambda: Image.fromarray(noise((1000, 1000), 1)[:, :, 0]))),
    "PF305": (
        replace("0.png", lambda: Image.fromarray(noise((31, 40)))),
        replace("0.png", lambda: Image.fromarray(noise((32, 40)))),
    ),
    "PF306": (
        replace("0.png", lambda: Image.fromarray(noise((40, 60)))),
        every_second(lambda image: image.resize((60, 40))),
    ),
    "PF307": (
        replace("0.png", lambda: Image.fromarray(noise()).convert("L")),
        every_second(lambda image: image.convert("L")),
    ),
    "PF308": (replace("0.png", sixteen_bit), replace("0.png", lambda: Image.fromarray(noise()).convert("L"))),
    "PF309": (replace("0.jpg", lambda: Image.fromarray(noise()).convert("CMYK")), replace("0.jpg")),
    "PF310": (
        replace("0.png", lambda: Image.fromarray(noise()).quantize()),
        replace("0.png", lambda: Image.fromarray(noise()).convert("1")),
    ),
    "PF311": (replace("0.png", lambda: Image.fromarray(noise(channels=4))), replace("0.png")),
    "PF312": (replace("0.jpg", exif=exif(6)), replace("0.jpg", exif=exif(1))),
    "PF313": (lambda d: several(d, save_all=True), replace("0.tif")),
    "PF314": (replace("0.jpg"), upper_case_name),
    "PF315": (
        replace("0.tif", lambda: Image.fromarray(noise()[:, :, 0].astype(np.float32))),
        replace("0.tif", sixteen_bit),
    ),
    "PF401": (flipped_bit, nearly_copy("train/0.png", "train/0.png")),
    "PF601": (copy("train/0.png", "train/1.png"), nearly_copy("train/0.png", "train/1.png")),
    "PF602": (copy("train/0.png", "good/0.png"), nearly_copy("train/0.png", "good/0.png")),
    "PF603": (copy("good/0.png", "bad/0.png"), nearly_copy("good/0.png", "bad/0.png")),
    "PF606": (
        lambda d: (change("train/0.png", group_id="lot")(d), change("good/0.png", group_id="lot")(d)),
        lambda d: (change("train/0.png", group_id="lot")(d), change("train/1.png", group_id="lot")(d)),
    ),
    "PF607": (
        unsplit_anomaly_in_train_group,
        lambda d: (change("good/0.png", group_id="lot")(d), change("bad/0.png", group_id="lot")(d)),
    ),
    "PF701": (
        change("train/0.png", category="../../pwn"),
        lambda d: all_rows(d, "", category="a part, v1.0"),
    ),
    "PF702": (other_category("Part"), other_category("part2")),
    "PF704": (change("good/0.png", label=None), change("train/0.png", label=None)),
    "PF705": (change("train/0.png", label=1), change("train/0.png", label=0)),
    "PF706": (lambda d: drop(d, "train", "val"), unsplit_normals),
    "PF707": (lambda d: keep_train(d, 15), lambda d: keep_train(d, 16)),
    "PF708": (lambda d: drop(d, "bad"), lambda d: drop(d, "bad/1", "bad/2")),
    "PF709": (lambda d: drop(d, "good"), lambda d: drop(d, "good/1", "good/2")),
    "PF710": (lambda d: d.set(threshold={"alpha": 0.19}), lambda d: d.set(threshold={"alpha": 0.2})),
    "PF712": (no_masks, nothing),
    "PF713": (lambda d: one_group(d, "lot"), lambda d: one_group(d, "lot", "other")),
    "PF903": (lambda d: missing_images(d, 101), lambda d: missing_images(d, 100)),
    "PF907": (
        lambda d: d.set(model={"features": {"backbone": "resnet18", "weights": "none.pth"}}),
        lambda d: d.set(model={"features": {"backbone": "resnet18", "weights": "manifest.jsonl"}}),
    ),
    "PF906": (
        lambda d: d.set(model={"name": "patchcor"}),
        lambda d: d.set(model={"name": "padim"}),
    ),
    "PF908": (
        lambda d: d.set(model={"name": "padim", "options": {"regularization": -1.0}}),
        lambda d: d.set(model={"name": "padim", "options": {"regularization": 0.5}}),
    ),
}
OF_FOLDERS = {
    "PF213": (
        lambda d: (d.folder / "part/train/good/notes.txt").write_text("x"),
        lambda d: (d.folder / "part/train/good/more.BMP").write_bytes(b"x"),
    ),
    "PF703": (
        lambda d: (d.folder / "empty/train/good").mkdir(parents=True),
        lambda d: shutil.copytree(d.folder / "part", d.folder / "other"),
    ),
    "PF711": (
        lambda d: d.set(dataset={"name": "mvtec", "root": "other"}),
        lambda d: (d.folder / "part/val/good").mkdir(parents=True),
    ),
}
# What a near miss of one rule is guilty of instead; all others are quite sound.
NEAR_MISS_BREAKS = {
    "PF702": {"PF510"},
    "PF102": {"PF105"},
    "PF112": {"PF111"},
    "PF209": {"PF212"},
    "PF211": {"PF305", "PF306"},
    "PF302": {"PF314"},
    "PF304": {"PF306", "PF307"},
    "PF305": {"PF306"},
    "PF308": {"PF307"},
    "PF309": {"PF314"},
    "PF310": {"PF307"},
    "PF312": {"PF314"},
    "PF313": {"PF314"},
    "PF315": {"PF307", "PF308", "PF314"},
    "PF606": {"PF608"},
    "PF607": {"PF608"},
    "PF706": {"PF609", "PF707"},
    "PF707": {"PF213"},
    "PF708": {"PF213", "PF714"},
    "PF709": {"PF213"},
    "PF713": {"PF608", "PF707"},
    "PF903": {"PF201"},
}
ELSEWHERE = {
    "PF210",
    "PF214",
    "PF901",
    *("PF902", "PF905"),  # test_cli
    *(f"PF{number}" for number in range(403, 410)),  # test_content_rules
    *("PF402", "PF410", "PF411"),  # test_lock
    "PF412",  # test_scan_folder
    *(f"PF{number}" for number in range(501, 515)),  # test_mask_rules
    "PF714",
    *("PF604", "PF605", "PF608", "PF609", "PF904"),  # test_leakage_rules
    *("PF801", "PF802", "PF803"),  # test_distribution_rules
}  # files of other users, broken disks, configs: tested in their own ways


def test_every_rule_has_a_case():
    assert {rule.code for rule in load_rules()} == {*CASES, *OF_FOLDERS, *ELSEWHERE}


def test_a_sound_data_set_has_no_issues(dataset):
    assert list(dataset.report().issues) == []
    assert dataset.report().status == "ok"


def test_a_sound_folder_has_no_issues(tree):
    assert list(tree.report().issues) == []


@pytest.mark.parametrize("code", CASES)
def test_a_file_that_breaks_the_rule_is_told(dataset, code):
    if code == "PF207" and sys.platform == "win32":
        pytest.skip("such names can't be made there")
    CASES[code][0](dataset)
    found = [issue for issue in dataset.report().issues if issue.code == code]
    assert {find_rule(code).severity} == {issue.severity for issue in found}


@pytest.mark.parametrize("code", CASES)
def test_a_near_miss_of_the_rule_is_silent(dataset, code):
    shutil.copy(dataset.folder / "train/0.png", dataset.folder / "copy.png")
    CASES[code][1](dataset)
    assert dataset.codes() == NEAR_MISS_BREAKS.get(code, set())


@pytest.mark.parametrize("code", OF_FOLDERS)
def test_a_folder_that_breaks_the_rule_is_told(tree, code):
    OF_FOLDERS[code][0](tree)
    assert code in tree.codes()


@pytest.mark.parametrize("code", OF_FOLDERS)
def test_a_near_miss_of_a_folder_rule_is_silent(tree, code):
    OF_FOLDERS[code][1](tree)
    assert code not in tree.codes()


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_a_pipe_does_not_hang_the_check(dataset):
    pipe_as_image(dataset)
    assert "PF209" in dataset.codes()


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no file permissions of this kind")
def test_a_file_without_read_permission_is_told(dataset):
    image = dataset.folder / "train/0.png"
    assert read_facts(str(image), "image", "quick").error is None
    image.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # who may read everything
            os.seteuid(NOBODY)
        error = read_facts(str(image), "image", "quick").error
    finally:
        os.seteuid(user)
    assert ("not_readable", "PF210") == (error.code, IMAGE_RULES[error.code])


def test_a_link_out_of_the_data_set_is_told(dataset):
    outside_by_link(dataset)
    assert "PF202" in dataset.codes()


def test_a_name_that_is_too_long_is_a_missing_image(dataset):
    missing = f"train/{'n' * 300}.png"
    dataset.row("train/0.png")["image_path"] = missing
    assert [missing] == [issue.paths[0] for issue in dataset.report().issues if issue.code == "PF201"]


class NoMoreFiles(SilentProgress):
    """Lets the process open no further file while the files of the data set are read."""

    def track(self, items, label, total=None):
        if label != "reading files":
            yield from super().track(items, label, total)
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            yield from list(items)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(resource is None, reason="no limit of open files")
def test_failing_storage_is_no_fault_of_the_file(dataset):
    dataset.save()
    report = run_preflight(dataset.config(), dataset.folder, NoMoreFiles())
    told = [issue for issue in report.issues if issue.location and issue.location.field == "image_path"]
    assert {("PF901", errno.EMFILE)} == {(issue.code, issue.data.get("errno")) for issue in told}


def test_a_file_that_is_still_written_to_is_told(dataset):
    path = dataset.folder / "train/0.png"
    path.write_bytes(path.read_bytes() + bytes(40_000_000))  # long enough to read
    began, stop = threading.Event(), threading.Event()

    def append():
        with path.open("ab", buffering=0) as stream:
            while not stop.wait(0.0005):
                stream.write(b"more")
                began.set()

    writer = threading.Thread(target=append)
    writer.start()
    try:
        assert began.wait(10)
        codes = dataset.codes()
    finally:
        stop.set()
        writer.join()
    assert {"PF214"} == codes
    assert set() == dataset.codes()


@pytest.mark.parametrize(("leakage", "severity"), [("error", "error"), ("allow", "warning")])
def test_a_file_learnt_from_and_tested_on_under_two_names_is_an_error(dataset, leakage, severity):
    hard_link("train/0.png", "good/0.png")(dataset)
    policy = {"leakage": leakage}
    dataset.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "split_policy": policy})
    found = {issue.code: issue for issue in dataset.report().issues}
    assert {"PF212", "PF602"} == set(found)
    assert (severity, ["good/0.png"]) == (found["PF212"].severity, found["PF212"].data["same_as"])


@pytest.mark.parametrize(
    ("size", "orientation", "severity"),
    [((40, 40), 3, "error"), ((40, 40), 6, "error"), ((30, 40), 6, "warning"), ((30, 40), 3, "error")],
)
def test_a_turned_image_with_a_mask_is_an_error_unless_the_mask_is_known_to_fit(
    dataset, size, orientation, severity
):
    row = dataset.row("bad/0.png")
    row["image_path"] = "bad/0.jpg"
    dataset.file("bad/0.png")
    Image.fromarray(noise(size)).save(dataset.folder / "bad/0.jpg", exif=exif(orientation))
    upright = size[::-1] if orientation == 6 else size
    marks = np.zeros(upright, np.uint8)
    marks[4:10, 4:10] = 255
    Image.fromarray(marks).save(dataset.folder / "masks/0.png")
    assert [severity] == [issue.severity for issue in dataset.report().issues if issue.code == "PF312"]


def test_a_turned_image_without_a_mask_is_not_told_to_check_one(dataset):
    Image.fromarray(noise()).save(dataset.folder / "train/0.jpg", exif=exif(6))
    dataset.row("train/0.png")["image_path"] = "train/0.jpg"
    (issue,) = [issue for issue in dataset.report().issues if issue.code == "PF312"]
    assert "has EXIF orientation 6 and is turned; tools that do not turn it" in issue.message
    assert "mask" not in issue.message


@pytest.mark.parametrize(("values", "severity"), [((0, 65535), Severity.WARNING), ((0, 4095), Severity.INFO)])
def test_sixteen_bits_are_for_information_where_the_config_says_what_they_hold(dataset, values, severity):
    sixteen_bit().save(dataset.file("train/0.png"))
    dataset.set(dataset={"manifest_path": "manifest.jsonl", "sixteen_bit_range": values})
    (issue,) = [issue for issue in dataset.report().issues if issue.code == "PF308"]
    expected = f"train/0.png: has 16 bits, brought to 8 by dataset.sixteen_bit_range = {list(values)}"
    assert (severity, expected) == (issue.severity, issue.message)


def test_sizes_that_vary_are_unusual_beyond_a_factor_only(dataset):
    def resize(path, side):
        Image.fromarray(noise((side, side))).save(dataset.folder / path)

    for number in range(20):
        resize(f"train/{number}.png", 40 + 3 * number)
    resize("val/0.png", 200)
    assert "PF306" not in dataset.codes()
    resize("val/0.png", 301)
    (told,) = [issue for issue in dataset.report().issues if issue.code == "PF306"]
    assert (("val/0.png",), 301) == (told.paths, told.data["width"])


def test_a_small_category_has_no_outliers(dataset):
    drop(dataset, "train", "bad/1", "bad/2", "bad/3")
    assert len(dataset.rows) == 9
    replace_mode = Image.fromarray(noise((60, 40))).convert("L")
    replace_mode.save(dataset.folder / "val/0.png")
    assert not {"PF306", "PF307"} & dataset.codes()


def test_an_allowed_group_conflict_is_a_warning(dataset):
    CASES["PF606"][0](dataset)
    policy = {"group_conflict": "allow"}
    dataset.set(dataset={"name": "manifest", "manifest_path": "manifest.jsonl", "split_policy": policy})
    found = [(issue.code, issue.severity) for issue in dataset.report().issues if issue.code != "PF608"]
    assert found == [("PF606", "warning")]


def test_a_mask_on_a_train_image_is_seen(dataset):
    dataset.row("train/0.png")["mask_path"] = "masks/0.png"
    assert {"PF505"} == dataset.codes()


def test_a_file_named_twice_is_decoded_and_told_once(dataset):
    content(dataset, b"")
    line(dataset, COPY)
    empty = [issue for issue in dataset.report().issues if issue.code == "PF211"]
    assert len(empty) == 1


def test_an_issue_names_the_manifest_and_the_line(dataset):
    dataset.row("train/3.png")["label"] = 1
    (issue,) = dataset.report().issues
    assert issue.location.line == 4
    assert str(dataset.manifest) == issue.location.manifest


def test_a_hard_link_is_told_once_and_as_a_copy_where_that_rule_is_ignored(dataset):
    (dataset.folder / "train/1.png").unlink()
    (dataset.folder / "train/1.png").hardlink_to(dataset.folder / "train/0.png")
    assert {"PF212"} == dataset.codes()
    settings = CheckSettings(selection=make_selection(RuleSettings(ignore=("PF212",))))
    store = FactStore("standard", SilentProgress())
    dataset.save()
    outcome = check_dataset(dataset.config(), dataset.folder, SilentProgress(), store, settings)
    assert {"PF601"} == {issue.code for issue in outcome.issues}


def test_a_copy_beside_a_hard_link_is_told_besides(dataset):
    (dataset.folder / "train/1.png").unlink()
    (dataset.folder / "train/1.png").hardlink_to(dataset.folder / "train/0.png")
    shutil.copy(dataset.folder / "train/0.png", dataset.folder / "train/2.png")
    assert {"PF212", "PF601"} == dataset.codes()

"""Every kind of file that is no good image becomes one line with a code, and costs the others nothing."""

import json
import os
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image


@pytest.fixture
def score_beside_a_good_one(run_infer, config, grey):
    def score(path):
        done = run_infer("--infer-config", config, path, grey("good.png", 51))
        bad, good = done.lines
        assert (4, "ok") == (done.code, good["status"])
        assert (None, None) == (bad["score"], bad["label"])
        assert "Traceback" not in done.err
        return bad["error"]["code"]

    return score


def test_a_truncated_jpeg(score_beside_a_good_one, grey, tmp_path):
    whole = grey("whole.jpg", 99, size=(200, 200)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    assert "truncated" == score_beside_a_good_one(tmp_path / "cut.jpg")


def test_a_large_image_in_a_small_file(score_beside_a_good_one, tmp_path):
    header = struct.pack(">IIBBBBB", 13_400, 13_400, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(1 + 3 * 13_400), 9)
    chunks = [(b"IHDR", header), (b"IDAT", row), (b"IEND", b"")]
    with (tmp_path / "bomb.png").open("wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n")
        for name, content in chunks:
            checksum = zlib.crc32(name + content)
            stream.write(struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum))
    assert "too_large" == score_beside_a_good_one(tmp_path / "bomb.png")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions bind nobody here")
def test_a_file_that_may_not_be_read(score_beside_a_good_one, grey):
    locked = grey("locked.png", 9)
    locked.chmod(0)
    assert "not_readable" == score_beside_a_good_one(locked)


def test_a_file_of_real_numbers(score_beside_a_good_one, tmp_path):
    Image.fromarray(np.zeros((8, 8), dtype=np.float32)).save(tmp_path / "real.tif")
    assert "unsupported_mode" == score_beside_a_good_one(tmp_path / "real.tif")


def test_a_device(score_beside_a_good_one, tmp_path):
    (tmp_path / "device.png").symlink_to(os.devnull)
    assert "not_regular" == score_beside_a_good_one(tmp_path / "device.png")


def test_an_endless_chain_of_links(score_beside_a_good_one, tmp_path):
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    assert "storage_error" == score_beside_a_good_one(tmp_path / "round.png")


def test_sixteen_bits_of_grey_score_by_their_share_of_the_range(run_infer, config, tmp_path):
    Image.fromarray(np.full((8, 8), 16_384, dtype=np.uint16)).save(tmp_path / "deep.png")
    (line,) = run_infer("--infer-config", config, tmp_path / "deep.png").lines
    assert ("normal", 64 / 255) == (line["label"], pytest.approx(line["score"]))


def test_a_turned_image_is_scored_and_located_as_it_is_displayed(run_infer, config, tmp_path):
    pixels = np.zeros((20, 30, 3), dtype=np.uint8)
    pixels[:, :10] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # a quarter turn to the right: the white side comes to the top
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    (line,) = run_infer("--infer-config", config, "--maps", tmp_path / "maps", tmp_path / "turned.png").lines
    scores = np.load(next((tmp_path / "maps").iterdir()))
    assert ([30, 20], (30, 20)) == (line["image_size"], scores.shape)
    assert scores[:5].min() > scores[15:].max()


def test_the_first_of_several_pages_is_scored_and_a_note_tells_of_the_others(
    run_infer, config, grey, tmp_path
):
    first, second = Image.new("RGB", (30, 20), (51,) * 3), Image.new("RGB", (30, 20), "white")
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second])
    done = run_infer("--infer-config", config, tmp_path / "pages.tif", grey("one.png", 51))
    pages, one = done.lines
    assert (0.2, 0.2) == (pytest.approx(pages["score"]), pytest.approx(one["score"]))
    assert (True, False) == (pages.get("several_frames"), "several_frames" in one)
    assert "note: files hold several frames, of which the first alone is scored (1x)" in done.err


def test_an_empty_file(score_beside_a_good_one, tmp_path):
    (tmp_path / "empty.png").touch()
    assert "empty_file" == score_beside_a_good_one(tmp_path / "empty.png")


def test_text_with_the_name_of_an_image(score_beside_a_good_one, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    assert "unidentified" == score_beside_a_good_one(tmp_path / "text.png")


def test_a_file_that_is_not_there(score_beside_a_good_one, tmp_path):
    assert "not_found" == score_beside_a_good_one(tmp_path / "absent.png")


def test_a_link_to_nothing(score_beside_a_good_one, tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "absent.png")
    assert "not_found" == score_beside_a_good_one(tmp_path / "link.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang(score_beside_a_good_one, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "not_regular" == score_beside_a_good_one(tmp_path / "pipe.png")


def test_a_name_that_is_too_long(score_beside_a_good_one):
    code = "not_found" if sys.platform == "win32" else "storage_error"  # as these systems have it
    assert code == score_beside_a_good_one("x" * 5000 + ".png")


def test_a_folder_in_the_place_of_an_image(run_infer, config, manifest, tmp_path):
    (tmp_path / "folder.png").mkdir()
    done = run_infer("--infer-config", config, manifest({"image_path": "folder.png", "category": "part"}))
    assert ["not_regular"] == [line["error"]["code"] for line in done.lines]


def test_a_file_that_vanishes_after_it_was_listed(run_infer, config, grey, manifest):
    image = grey("a.png", 9)
    rows = manifest({"image_path": "a.png", "category": "part"})
    image.unlink()
    assert "not_found" == run_infer("--infer-config", config, rows).lines[0]["error"]["code"]


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are Unicode there")
def test_a_name_that_is_not_utf_8_gives_valid_json_and_files(run_infer, config, grey, tmp_path):
    path = tmp_path / os.fsdecode(b"\xffbad\xe4.png")
    grey("a.png", 51).rename(path)
    output = tmp_path / "out.jsonl"
    done = run_infer("--infer-config", config, "--maps", tmp_path / "maps", "--output", output, path)
    line = json.loads(output.read_text(encoding="utf-8"))
    assert (0, str(path), "maps/000000__bad_.npy") == (done.code, line["input"], line["anomaly_map"]["path"])
    assert (tmp_path / "maps" / "000000__bad_.npy").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_a_name_with_a_line_break_stays_one_line(run_infer, config, grey, tmp_path):
    path = grey("a.png", 51).rename(tmp_path / "a\nb.png")
    assert [str(path)] == [line["input"] for line in run_infer("--infer-config", config, path).lines]

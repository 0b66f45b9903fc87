"""Every kind of file that is no good image becomes one line with a code, and costs the others nothing."""

import json
import os
import sys

import pytest


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


def test_a_pipe_does_not_hang(score_beside_a_good_one, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "not_regular" == score_beside_a_good_one(tmp_path / "pipe.png")


def test_a_name_that_is_too_long(score_beside_a_good_one):
    assert "storage_error" == score_beside_a_good_one("x" * 5000 + ".png")


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


def test_a_name_with_a_line_break_stays_one_line(run_infer, config, grey, tmp_path):
    path = grey("a.png", 51).rename(tmp_path / "a\nb.png")
    assert [str(path)] == [line["input"] for line in run_infer("--infer-config", config, path).lines]

"""Which images a look into a folder finds, and in which state."""

import os
from collections import Counter
from pathlib import Path

import pytest

from pyimgano_infer._inputs import find_sources, read_inputs
from pyimgano_infer._scan import is_below, scan_folder, state_of


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found_in(folder):
    return {Path(os.path.relpath(path, folder)).as_posix() for path in scan_folder(str(folder)).files}


def test_images_are_found_below_a_folder_and_nothing_else(tmp_path):
    touch(tmp_path, "a.png", "deep/er/b.JPG", "c.txt", "d.jsonl", "e.png/f.tif")
    assert {"a.png", "deep/er/b.JPG", "e.png/f.tif"} == found_in(tmp_path)


def test_hidden_and_temporary_names_are_left_out(tmp_path):
    touch(tmp_path, ".a.png", "~a.png", "a.png.tmp", "a.png.part", "a.png~", "a.tmp.png", "a.Part.png")
    touch(tmp_path, ".hidden/a.png", "$Recycle.Bin/a.png", "apart.png", "part.png", "tmp.png")
    assert {"apart.png", "part.png", "tmp.png"} == found_in(tmp_path)


def test_a_folder_gives_the_paths_that_it_gives_as_an_input(tmp_path, monkeypatch):
    touch(tmp_path, "in/a.png", "in/deep/b.png")
    monkeypatch.chdir(tmp_path)
    for folder in ("in", str(tmp_path / "in")):
        expected = {item.text for item in read_inputs(find_sources([folder]), None, Counter())}
        assert expected == set(scan_folder(folder).files)


def test_a_state_is_size_and_time_of_change(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    os.utime(path, ns=(100, 1_700_000_000_123_456_700))  # in steps of 100 ns, as on Windows
    assert {str(path): (5, 1_700_000_000_123_456_700)} == scan_folder(str(tmp_path)).files
    assert (5, 1_700_000_000_123_456_700) == state_of(str(path))
    assert state_of(str(tmp_path / "absent.png")) is None


def test_links_to_folders_are_followed_but_never_round_a_loop(tmp_path):
    touch(tmp_path, "in/a.png", "other/b.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "other").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "nothing.png").symlink_to(tmp_path / "absent.png")
    (tmp_path / "in" / "self.png").symlink_to("self.png")
    assert {"a.png", "other/b.png"} == found_in(tmp_path / "in")


def test_a_folder_that_is_not_there_is_told_and_one_below_that_vanished_is_not(tmp_path):
    found = scan_folder(str(tmp_path / "absent"))
    assert ({}, [str(tmp_path / "absent")]) == (found.files, list(found.unlisted))
    touch(tmp_path, "file.txt")
    assert [str(tmp_path / "file.txt")] == list(scan_folder(str(tmp_path / "file.txt")).unlisted)


def test_a_name_of_strange_bytes_is_found(tmp_path):
    name = "\udcff\n.png"
    try:
        touch(tmp_path, name)
    except OSError:
        pytest.skip("this file system takes no such names")
    assert {name} == found_in(tmp_path)


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("in/a", "in", True),
        ("inner/a", "in", False),
        ("/a", "/", True),
        ("./a", ".", True),
        ("in", "in", False),
    ],
)
def test_what_is_below_a_folder(path, folder, expected):
    assert expected == is_below(path.replace("/", os.sep), folder.replace("/", os.sep))

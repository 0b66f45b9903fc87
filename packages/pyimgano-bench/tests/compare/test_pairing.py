from pathlib import Path

import pytest

from pyimgano_bench.compare._pairing import split_place


@pytest.mark.parametrize(
    ("text", "folder", "label"),
    [
        ("runs/a", "runs/a", None),
        ("runs/a:padim", "runs/a", "padim"),
        ("runs/a:padim:wide", "runs/a:padim", "wide"),
        (":padim", ":padim", None),
        ("runs/a:", "runs/a:", None),
    ],
)
def test_a_place_is_a_folder_and_perhaps_a_detector(text, folder, label):
    assert (Path(folder), label) == split_place(text)


def test_a_folder_with_a_colon_is_taken_as_it_is(tmp_path):
    folder = tmp_path / "12:30"
    folder.mkdir()
    assert (folder, None) == split_place(str(folder))
    assert (folder, "padim") == split_place(f"{folder}:padim")

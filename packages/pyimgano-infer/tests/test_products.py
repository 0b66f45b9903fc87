import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_infer._products import Outputs, file_name

NAMES = st.text(st.characters(blacklist_characters="\0/"), min_size=1).map(
    lambda name: Path("folder", f"{name}.png")
)
BYTES = st.binary(min_size=1).map(
    lambda name: Path(name.replace(b"\0", b"").decode("utf-8", "surrogateescape"))
)
SUFFIXES = [".npy", ".png", "_mask.png", "_anomalous_0.5.png", "_0.5.jpg"]


@given(NAMES | BYTES, st.integers(0, 10**7))
def test_any_name_becomes_a_safe_file_name_that_begins_with_its_index(path, index):
    assert re.fullmatch(rf"0*{index}_[A-Za-z0-9._-]{{0,64}}\.npy", file_name(index, path, ".npy"))


@given(st.lists(NAMES | BYTES, max_size=8), st.integers(999_990, 1_000_000))
def test_no_two_files_share_a_name_even_where_case_does_not_count(paths, first):
    names = [
        file_name(first + place, path, suffix).lower()
        for place, path in enumerate(paths)
        for suffix in SUFFIXES
    ]
    assert len(names) == len(set(names))


def test_a_plain_name_is_kept():
    assert "000012_part-7.npy" == file_name(12, Path("part-7.png"), ".npy")


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("all", ["normal", "review", "anomalous", None]), ("anomalous", ["review", "anomalous", None])],
)
def test_only_what_is_surely_normal_can_be_left_out(keep, kept):
    outputs = Outputs(keep=keep)
    assert kept == [label for label in ("normal", "review", "anomalous", None) if outputs.keeps(label)]


def test_paths_in_lines_are_relative_to_the_lines_own_folder():
    outputs = Outputs(folder=Path("results/today"))
    assert "../maps/a.npy" == outputs.relative(Path("results/maps/a.npy"))

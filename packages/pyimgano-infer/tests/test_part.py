import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.errors import ArtifactError
from pyimgano_infer._part import (
    find_unfinished,
    is_whole,
    kept_lines,
    lines_of,
    open_part,
    part_file,
    unfinished_lines,
)

HEADER = b'{"plan": "p", "shard": 3, "first": 12, "count": 4, "inputs": "i"}\n'
LINES = [b'{"index": 12}\n', b'{"index": 13, "input": "\xc3\xa4"}\n', b'{"index": 14}\n', b'{"index": 15}\n']
STORED = [b"%08x %b" % (zlib.crc32(line), line) for line in LINES]
WHOLE = HEADER + b"".join(STORED)


def part_in(folder, run="aa", header=HEADER):
    return part_file(folder, 3, run=run, header=header)


def finish(part, earlier=None):
    """Write what is missing, as a worker does; return how many lines were there."""
    with open_part(part, earlier) as (kept, add):
        for line in LINES[kept:]:
            add(line)
    return kept


class GivenUpError(Exception):
    """Stands for whatever ends a worker."""


def begin(part, count):
    """Write a few lines and stop."""
    with suppress(GivenUpError), open_part(part, None) as (_, add):
        for line in LINES[:count]:
            add(line)
        raise GivenUpError


def test_a_part_has_its_name_only_when_it_is_whole(tmp_path):
    part = part_in(tmp_path)
    begin(part, 2)
    assert (False, [part.unfinished]) == (is_whole(part), list(tmp_path.iterdir()))
    finish(part)
    assert (True, [part.whole]) == (is_whole(part), list(tmp_path.iterdir()))
    assert WHOLE == part.whole.read_bytes()


def test_lines_are_in_the_file_as_soon_as_they_are_written(tmp_path):
    part = part_in(tmp_path)
    with open_part(part, None) as (_, add):
        add(LINES[0])
        assert HEADER + STORED[0] == part.unfinished.read_bytes()
        for line in LINES[1:]:
            add(line)


@given(cut=st.integers(0, len(WHOLE)), same_run=st.booleans())
def test_any_cut_of_an_unfinished_part_is_finished_to_the_same_bytes(tmp_path_factory, cut, same_run):
    folder = tmp_path_factory.mktemp("parts")
    before = part_in(folder, "aa" if same_run else "bb")
    before.unfinished.write_bytes(WHOLE[:cut])
    kept = finish(part_in(folder), before.unfinished)
    assert max(0, WHOLE[:cut].count(b"\n") - 1) == kept
    assert WHOLE == part_in(folder).whole.read_bytes()


@given(garbage=st.binary(max_size=200))
def test_a_file_of_anything_else_is_begun_again(tmp_path_factory, garbage):
    folder = tmp_path_factory.mktemp("parts")
    part = part_in(folder)
    part.unfinished.write_bytes(garbage)
    assert 0 == finish(part)
    assert WHOLE == part.whole.read_bytes()


def test_lines_of_another_shard_are_not_kept(tmp_path):
    other = part_in(tmp_path, header=HEADER.replace(b'"i"', b'"j"'))
    begin(other, 3)
    assert 0 == finish(part_in(tmp_path, "bb"), other.unfinished)


def test_who_outlives_its_run_does_not_touch_the_part_of_the_next(tmp_path):
    old, new = part_in(tmp_path, "aa"), part_in(tmp_path, "bb")
    with open_part(old, None) as (_, add):
        add(LINES[0])
        assert 1 == finish(new, old.unfinished)
        for line in LINES[1:]:
            add(line)
    assert WHOLE == new.whole.read_bytes()


def test_the_unfinished_part_with_the_most_in_it_is_found(tmp_path):
    for run, count in (("aa", 1), ("bb", 3), ("cc", 2)):
        begin(part_in(tmp_path, run), count)
    (tmp_path / "part-x.aa.open").write_bytes(WHOLE)
    assert {3: part_in(tmp_path, "bb").unfinished} == find_unfinished(tmp_path)
    assert b"".join(LINES[:3]) == unfinished_lines(tmp_path, 3)
    assert b"" == unfinished_lines(tmp_path, 4)


def test_a_torn_line_is_no_line(tmp_path):
    part = part_in(tmp_path)
    part.unfinished.write_bytes(WHOLE[:-1])
    assert LINES[:3] == kept_lines(part.unfinished, HEADER)


@pytest.mark.parametrize(
    "content",
    [HEADER + STORED[0], WHOLE + STORED[0], HEADER + b"".join(LINES), b"", b"[]\n", b"{}\n", b"\xff\n"],
)
def test_a_part_that_was_damaged_is_not_taken_for_whole_results(tmp_path, content):
    path = tmp_path / "part-000003.jsonl"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="was damaged"):
        list(lines_of(path))


@given(place=st.integers(len(HEADER), len(WHOLE) - 1), byte=st.integers(1, 255))
def test_no_line_is_read_of_which_any_byte_changed(tmp_path_factory, place, byte):
    part = part_in(tmp_path_factory.mktemp("parts"))
    damaged = bytearray(WHOLE)
    damaged[place] ^= byte
    part.whole.write_bytes(damaged)
    with pytest.raises(ArtifactError, match="was damaged"):
        list(lines_of(part.whole))
    part.unfinished.write_bytes(damaged)
    sound = WHOLE[:place].count(b"\n") - 1
    assert sound == finish(part)
    assert WHOLE == part.whole.read_bytes()


def test_a_whole_part_gives_its_lines(tmp_path):
    finish(part_in(tmp_path))
    assert LINES == list(lines_of(part_in(tmp_path).whole))

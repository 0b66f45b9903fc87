"""A file of lines that grows, and stays whole whatever happens."""

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.errors import ArtifactError, MachineError, UsageError
from pyimgano_infer._line_file import open_lines


def line(index):
    return to_json(Prediction(index=index, input="a.png", category="part")).encode() + b"\n"


def test_lines_are_there_at_once_and_are_read_again(tmp_path):
    path = tmp_path / "new" / "out.jsonl"
    with open_lines(path) as lines:
        assert [] == list(lines.read())
        for index in range(3):
            lines.append(line(index))
            assert b"".join(map(line, range(index + 1))) == path.read_bytes()
    with open_lines(path) as lines:
        assert [0, 1, 2] == [each.index for each in lines.read()]
        lines.append(line(3))
    assert b"".join(map(line, range(4))) == path.read_bytes()


@settings(max_examples=50)
@given(st.integers(0, 400_000))
def test_a_line_that_was_cut_is_removed_wherever_it_was_cut(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("lines") / "out.jsonl"
    content = line(0) + line(1) + b"x" * 200_000 + b"\n" + line(2)
    path.write_bytes(content[:length])
    with open_lines(path):
        pass
    assert content[: content.rfind(b"\n", 0, length) + 1] == path.read_bytes()


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_bytes(line(0) + b"{}\n" + line(1))
    with open_lines(path) as lines, pytest.raises(ArtifactError, match=r"out\.jsonl:2: was damaged"):
        list(lines.read())


@pytest.mark.skipif(os.name == "nt", reason="no such file systems")
def test_a_full_disk_leaves_the_lines_before_it(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    path, count = tmp_path / "out.jsonl", 0
    try:
        with open_lines(path) as lines:
            with pytest.raises(MachineError, match="make room and run the same command again"):  # noqa: PT012
                while True:
                    lines.append(line(count))
                    count += 1
            assert b"".join(map(line, range(count))) == path.read_bytes()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
    assert count > 10


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no file"), open_lines(tmp_path):
        pass

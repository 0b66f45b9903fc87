import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.errors import UsageError
from pyimgano_infer._stdin import read_paths

# What names are made of.
BYTES = st.text(max_size=20).map(str.encode) if os.name == "nt" else st.binary(max_size=40)
NAMES = BYTES.filter(lambda name: name and b"\0" not in name)


def paths_of(content, *, null=False):
    return list(read_paths(io.BufferedReader(io.BytesIO(content)), null=null))


@given(st.lists(NAMES))
def test_names_that_end_with_a_nul_are_taken_as_they_are(names):
    assert [os.fsdecode(name) for name in names] == paths_of(
        b"".join(name + b"\0" for name in names), null=True
    )


@given(
    st.lists(NAMES.filter(lambda name: b"\n" not in name and b"\r" not in name)),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_names_are_lines_of_any_system(names, end):
    assert [os.fsdecode(name) for name in names] == paths_of(b"".join(name + end for name in names))
    assert [os.fsdecode(name) for name in names] == paths_of(end.join(names))


def test_empty_lines_are_passed_over():
    assert ["a", "b"] == paths_of(b"\n\na\n\r\nb\n\n")


def test_what_is_no_list_is_refused_before_memory_runs_out():
    with pytest.raises(UsageError, match="--null"):
        paths_of(b"x" * 1_000_000)
    with pytest.raises(UsageError, match="--null"):
        paths_of(b"a.png\0b.png\0")


@pytest.mark.skipif(os.name != "nt", reason="names are bytes there")
def test_a_list_in_another_encoding_is_refused_where_names_are_text():
    with pytest.raises(UsageError, match="UTF-8"):
        paths_of(b"caf\xe9.png\n")


def test_names_longer_than_a_read_are_whole():
    names = ["x" * 60_000, "y" * 60_000]
    assert names == paths_of("\n".join(names).encode())


def run_with(stdin, *arguments, folder):
    command = [sys.executable, "-c", "from pyimgano_infer.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=folder)


def test_a_list_on_stdin_is_scored_in_its_order_and_place(config, grey, tmp_path):
    names = ["b.png", "a.png", "späte ü.png"]
    for name in names:
        grey(name, 51)
    done = run_with(
        "\n".join(names).encode(), "--infer-config", config, "a.png", "-", "b.png", folder=tmp_path
    )
    expected = run_with(b"", "--infer-config", config, "a.png", *names, "b.png", folder=tmp_path)
    assert (0, expected.stdout) == (done.returncode, done.stdout)
    assert 5 == done.stdout.count(b"\n")


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are Unicode there")
def test_a_name_that_is_no_utf8_and_one_of_several_lines_are_scored(config, grey, tmp_path):
    image = grey("a.png", 51).read_bytes()
    names = [b"\xff\xfe.png", b"two\nlines.png"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(image)  # noqa: PTH118 - bytes
    done = run_with(b"\0".join(names), "--infer-config", config, "--null", "-", folder=tmp_path)
    assert (0, 2) == (done.returncode, done.stdout.count(b'"status": "ok"'))


def test_an_empty_list_is_wrong_usage(config, tmp_path):
    done = run_with(b"\n", "--infer-config", config, "-", folder=tmp_path)
    assert 64 == done.returncode
    assert b"none in '-'" in done.stderr


@pytest.mark.parametrize("arguments", [["-", "-"], ["--null", "a.png"]])
def test_stdin_is_named_once_and_its_option_goes_with_it(run_infer, config, arguments):
    assert 64 == run_infer("--infer-config", config, *arguments).code

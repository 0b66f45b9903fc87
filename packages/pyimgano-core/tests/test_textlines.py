import io
import os

import pytest

from pyimgano_core.errors import DataError
from pyimgano_core.textlines import open_lines, printable, raw_lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("späte ü.png", "späte ü.png"),
        ("a\nb\x1b[2J\x9b.png", "a\\nb\\x1b[2J\\x9b.png"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff.png", "\\udcff.png"),
    ],
)
def test_text_for_a_terminal_is_one_line_that_only_shows(text, expected):
    assert expected == printable(text)


def test_a_line_over_the_limit_is_passed_over_and_the_next_is_read():
    stream = io.BytesIO(b"ab\n" + b"x" * 50 + b"\ncd\nlast")
    assert [b"ab\n", None, b"cd\n", b"last"] == list(raw_lines(stream, 8))


def test_the_limit_itself_is_no_line_too_long():
    assert [b"12345678\n", None] == list(raw_lines(io.BytesIO(b"12345678\n123456789\n123456789"), 8))[:2]


@pytest.mark.parametrize(("name", "reason"), [("none", "not found"), ("folder", "is not a file")])
def test_what_is_no_file_is_refused(tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=f"list .*{name}' {reason}"):
        open_lines(tmp_path / name, "list")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is not a file"):
        open_lines(tmp_path / "pipe", "list")

"""Names that are hostile, by accident or not: nothing is lost, overwritten, or done to a terminal."""

import json
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are Unicode there")

NAMES = [
    b"two\nlines.png",
    b"tab\tand\rreturn.png",
    b"\x1b[2J\x1b]0;title\x07.png",
    b"\xff\xfe not utf-8 \xe4.png",
    b"\xe2\x80\xaegnp.exe.png",  # written from right to left
    b"-rf.png",
    b"--output=x.png",
    b"-.png",
    b" .png",
    b"'\"$(id)`;&|.png",
    b"=cmd.png",
    b"[1].png",
    b"*.png",
    b"~.png",
    b"CON.png",
    b"NUL.tar.png",
    b"trailing. .png",
    b"\xc3\xa4.png",
    b"a\xcc\x88.png",  # the same to a reader
    b"x" * 251 + b".png",
]


@pytest.fixture
def folder(grey, tmp_path):
    content = grey("source/a.png", 51).read_bytes()
    place = tmp_path / "hostile"
    place.mkdir()
    for name in NAMES:
        (place / os.fsdecode(name)).write_bytes(content)
    return place


def names_in(lines):
    """Return the bytes of each name, as whoever reads the lines gets them back."""
    return [os.path.basename(os.fsencode(json.loads(line)["input"])) for line in lines]  # noqa: PTH119 - bytes


def test_every_name_comes_back_whole_and_each_line_is_valid_utf_8(run_infer, config, folder, tmp_path):
    output = tmp_path / "out.jsonl"
    assert 0 == run_infer("--infer-config", config, "--output", output, folder).code
    lines = output.read_bytes().decode("utf-8").split("\n")
    assert sorted(NAMES, key=os.fsdecode) == names_in(lines[:-1])
    assert all(character >= " " for line in lines for character in line)


def test_products_have_names_that_every_system_takes_and_none_is_lost(run_infer, config, folder, tmp_path):
    run_infer("--infer-config", config, "--output", tmp_path / "o.jsonl", "--maps", tmp_path / "maps", folder)
    names = [path.name for path in (tmp_path / "maps").iterdir()]
    assert len(NAMES) == len({name.lower() for name in names})
    assert all(name.isascii() and name[:6].isdigit() and len(name) < 100 for name in names)
    assert set() == set("".join(names)) & set('<>:"/\\|?*\n\r\t\x1b ')


def test_each_is_taken_as_an_argument_after_two_dashes_or_below_a_folder(
    run_infer, config, folder, monkeypatch
):
    monkeypatch.chdir(folder)
    names = [os.fsdecode(name) for name in NAMES]
    done = run_infer("--infer-config", config, "--", *names)
    assert (0, NAMES) == (done.code, names_in(done.out.splitlines()))
    below = run_infer("--infer-config", config, *(f"./{name}" for name in names))
    assert (0, NAMES) == (below.code, names_in(below.out.splitlines()))


def test_a_file_that_is_called_as_stdin_is_taken_below_a_folder(
    run_infer, config, grey, tmp_path, monkeypatch
):
    grey("a.png", 51).rename(tmp_path / "-")
    monkeypatch.chdir(tmp_path)
    (line,) = run_infer("--infer-config", config, "./-").lines
    assert ("./-", "normal") == (line["input"], line["label"])


@pytest.mark.parametrize("option", ["--output", "--maps", "--infer-config", "INPUT"])
def test_what_is_wrong_is_one_line_that_does_nothing_to_a_terminal(run_infer, config, grey, tmp_path, option):
    name = tmp_path / "a\x1b[2J\nb" / "c.jsonl"
    (tmp_path / "a\x1b[2J\nb").touch()  # a file where a folder is needed
    arguments = {"--infer-config": config, "--output": tmp_path / "o.jsonl", "INPUT": grey("a.png", 9)}
    image = name if option == "INPUT" else arguments.pop("INPUT")
    arguments.pop("INPUT", None)
    if option != "INPUT":
        arguments[option] = name
    done = run_infer(*(part for pair in arguments.items() for part in pair), image)
    assert done.code in {64, 74}
    last = done.err.splitlines()[-1]
    assert "a\\x1b[2J\\nb" in last
    assert "\x1b" not in done.err


def test_notes_do_nothing_to_a_terminal(run_infer, config, grey, tmp_path):
    name = "m\x1b[2J.jsonl"
    row = json.dumps({"image_path": grey("a.png", 9).name, "category": "part"})
    (tmp_path / name).write_text(f"\ufeff{row}\n", encoding="utf-8")
    done = run_infer("--infer-config", config, tmp_path / name)
    assert (0, False) == (done.code, "\x1b" in done.err)
    assert "m\\x1b[2J.jsonl" in done.err


def test_a_table_of_them_has_a_row_each(run_infer, config, folder, tmp_path):
    import csv  # noqa: PLC0415 - here alone

    table = tmp_path / "t.csv"
    run_infer("--infer-config", config, "--output", tmp_path / "o.jsonl", "--csv", table, folder)
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(NAMES) == len(rows)
    assert not [row["input"] for row in rows if row["input"][:1] in set("=+-@\t\r")]
    assert Path(folder).name in rows[0]["input"]

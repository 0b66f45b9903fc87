"""Text for people: coloured on a terminal only, one line per issue, or counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._report import build_report
from pyimgano_preflight._text import printable, render_report
from pyimgano_preflight.rules import rule_issue


@given(st.text(st.characters()))
def test_printable_text_has_one_line_and_no_escapes_and_sound_text_stays(text):
    shown = printable(text)
    assert shown.isprintable()
    assert shown == printable(shown)
    if text.isprintable():
        assert shown == text


def test_a_file_name_can_not_move_the_cursor():
    issues = IssueLog([rule_issue("PF301", "a\x1b[2J\n.png: broken")])
    text = render_report(build_report(issues))
    assert "  a\\x1b[2J\\n.png: broken" in text.splitlines()


def test_concise_is_one_line_per_issue(cli, dataset):
    for number in range(8):
        (dataset.folder / f"train/{number}.png").write_text("text")
    dataset.save()
    lines = cli("check", dataset.manifest, "--format", "concise").stdout.splitlines()
    found = [line for line in lines if "PF301 IMAGE_UNIDENTIFIED: " in line]
    assert 8 == len(found)
    assert found[2].startswith(f"{dataset.manifest}:3: error PF301 IMAGE_UNIDENTIFIED: train/2.png: ")


def test_one_image_is_not_images_and_a_category_of_digits_stands_left(cli, dataset):
    dataset.rows = [{**dataset.rows[0], "category": "01"}]
    dataset.save()
    lines = cli("check", dataset.manifest).stdout.splitlines()
    assert " in 1 image: " in lines[-1]
    assert ["01            1"] == [line[:15] for line in lines if line.startswith("01 ")]


def test_statistics_count_and_name_no_file(cli, dataset):
    for number in range(3):
        (dataset.folder / f"train/{number}.png").write_text(f"text {number}")
    dataset.save()
    result = cli("check", dataset.manifest, "--statistics")
    assert 2 == result.code
    assert "3  PF301  error     IMAGE_UNIDENTIFIED" in [line.strip() for line in result.stdout.splitlines()]
    assert "train/" not in result.stdout


def test_a_pipe_gets_no_colour(cli, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    assert "\x1b" not in cli("check", dataset.manifest).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_its_user_wants_none(dataset, variables, coloured):
    import pty  # noqa: PLC0415 - does not exist on Windows

    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | variables
    command = [Path(sys.executable).with_name("pyimgano-preflight"), "check", dataset.manifest]
    with subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        os.close(master)
    assert 2 == process.returncode
    assert coloured is (b"\x1b[31m" in shown)
    assert b"PF301" in shown

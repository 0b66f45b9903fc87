"""The same command again, after whatever became of it before."""

import json
import os
import signal
from pathlib import Path

import pytest

COUNT = 60
SLOW = """
import time
import pyimgano_infer._predict as module
score = module.score_file
def score_slowly(*arguments, **options):
    time.sleep(0.2)
    return score(*arguments, **options)
module.score_file = score_slowly
"""


@pytest.fixture
def rows(grey, manifest, tmp_path):
    for value in range(10):
        grey(f"{value}.png", value * 20)
    (tmp_path / "torn.png").write_bytes((tmp_path / "0.png").read_bytes()[:40])
    names = [f"{row % 10}.png" for row in range(COUNT - 2)] + ["torn.png", "absent.png"]
    return manifest(*({"image_path": name, "category": "part"} for name in names))


@pytest.fixture
def command(config, rows, tmp_path):
    """What is run again and again; its results go to `out.jsonl`."""
    return ["--infer-config", config, "--output", tmp_path / "out.jsonl", rows]


@pytest.fixture
def expected(run_infer, config, rows):
    """The lines of an undisturbed run."""
    return run_infer("--infer-config", config, rows).out


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_program_that_is_killed_again_and_again_ends_with_the_same_lines(
    command, expected, tmp_path, run_infer, start_infer, wait_for_lines
):
    for count in (3, 9, 30):
        process = start_infer(*command, "--workers", 2)
        wait_for_lines(tmp_path / "out.jsonl.partial", count, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = run_infer(*command)
    assert (4, expected) == (done.code, (tmp_path / "out.jsonl").read_text())
    assert not (tmp_path / "out.jsonl.partial").exists()


@pytest.fixture
def kept_parts(command, tmp_path, run_infer):
    """The folder of a run that scored everything and could not put it together."""
    done = run_infer(*command, "--csv", tmp_path / "manifest.jsonl" / "x.csv")
    assert 74 == done.code
    (tmp_path / "out.jsonl").unlink()
    return tmp_path / "out.jsonl.partial"


@pytest.mark.parametrize("options", [(), ("--threshold", 0.9)])
def test_what_a_program_left_that_was_killed_while_it_tidied_up_is_in_nobody_s_way(
    command, kept_parts, tmp_path, run_infer, options
):
    (kept_parts / "plan.json").unlink()  # it goes first
    next(kept_parts.glob("part-*")).unlink()
    done = run_infer(*command, *options)
    assert 4 == done.code, done.err
    undisturbed = run_infer(*command[:2], command[-1], *options).out
    assert undisturbed == (tmp_path / "out.jsonl").read_text()
    assert not kept_parts.exists()


@pytest.mark.usefixtures("kept_parts")
def test_what_is_whole_is_not_scored_again(command, expected, tmp_path, run_infer):
    for image in tmp_path.glob("*.png"):
        image.unlink()
    run_infer(*command, "--summary", tmp_path / "s.json")
    assert expected == (tmp_path / "out.jsonl").read_text()
    assert (COUNT, COUNT) == tuple(
        json.loads((tmp_path / "s.json").read_text())[name] for name in ("n_inputs", "n_resumed")
    )


def test_a_torn_part_is_gone_on_with(kept_parts, command, expected, tmp_path, run_infer):
    whole = kept_parts / "part-000002.jsonl"
    torn = kept_parts / "part-000002.0123abcd.open"
    torn.write_bytes(whole.read_bytes()[:-30])
    whole.unlink()
    run_infer(*command, "--summary", tmp_path / "s.json")
    assert expected == (tmp_path / "out.jsonl").read_text()
    assert COUNT - 1 == json.loads((tmp_path / "s.json").read_text())["n_resumed"]


@pytest.mark.usefixtures("kept_parts")
def test_inputs_that_changed_are_scored_again(command, tmp_path, run_infer, manifest, config):
    rows = (tmp_path / "manifest.jsonl").read_text().splitlines()
    manifest(*rows[1:])
    run_infer(*command)
    assert run_infer("--infer-config", config, command[-1]).out == (tmp_path / "out.jsonl").read_text()
    assert COUNT - 1 == len((tmp_path / "out.jsonl").read_text().splitlines())


def test_a_part_that_somebody_changed_is_told(kept_parts, command, run_infer):
    part = kept_parts / "part-000001.jsonl"
    part.write_bytes(b"".join(part.read_bytes().splitlines(keepends=True)[:-1]))
    done = run_infer(*command)
    assert 5 == done.code
    assert "part-000001.jsonl: was damaged, lines are missing; remove it" in done.err


@pytest.mark.usefixtures("kept_parts")
def test_other_settings_are_refused_and_nothing_is_lost(command, expected, tmp_path, run_infer):
    refused = run_infer(*command, "--threshold", 0.25)
    assert 64 == refused.code
    assert "--threshold was not given and is 0.25 now" in refused.err
    run_infer(*command)
    assert expected == (tmp_path / "out.jsonl").read_text()


def test_two_runs_never_work_at_the_same_time(command, tmp_path, run_infer, start_infer, wait_for_lines):
    process = start_infer(*command, prelude=SLOW)
    wait_for_lines(tmp_path / "out.jsonl.partial", 1, process)
    refused = run_infer(*command)
    assert (64, None) == (refused.code, process.poll())
    assert "another run is at work there" in refused.err


def test_a_file_in_the_way_of_unfinished_results_is_left_alone(command, tmp_path, run_infer):
    Path(tmp_path / "out.jsonl.partial").write_text("mine")
    done = run_infer(*command)
    assert 64 == done.code
    assert "mine" == (tmp_path / "out.jsonl.partial").read_text()


def test_results_of_before_stay_until_new_ones_are_whole(command, tmp_path, run_infer):
    (tmp_path / "out.jsonl").write_text("old\n")
    run_infer(*command, "--threshold", "nan")
    assert "old\n" == (tmp_path / "out.jsonl").read_text()
    assert 4 == run_infer(*command).code
    assert COUNT == len((tmp_path / "out.jsonl").read_text().splitlines())

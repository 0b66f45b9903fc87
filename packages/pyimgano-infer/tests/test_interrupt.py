"""A real process that is stopped in the middle keeps what it had finished, and the same command goes on."""

import json
import os
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such signals")

COUNT = 150
SLOW = """
import time
import pyimgano_infer._predict as module
score = module.score_file
def score_slowly(*arguments, **options):
    time.sleep(0.01)
    return score(*arguments, **options)
module.score_file = score_slowly
"""


@pytest.fixture
def rows(grey, manifest):
    for value in range(10):
        grey(f"{value}.png", value * 20)
    return manifest(*({"image_path": f"{row % 10}.png", "category": "part"} for row in range(COUNT)))


@pytest.mark.parametrize(
    ("stop", "code", "workers"),
    [("SIGINT", 130, 1), ("SIGINT", 130, 2), ("SIGTERM", 143, 2), ("SIGHUP", 129, 2)],
)
def test_what_was_finished_is_kept_and_the_same_command_goes_on(
    config, rows, tmp_path, run_infer, start_infer, wait_for_lines, stop, code, workers
):
    output = tmp_path / "out.jsonl"
    partial = Path(f"{output}.partial")
    command = ["--infer-config", config, "--workers", workers, "--output", output, rows]
    process = start_infer(*command, prelude=SLOW)
    wait_for_lines(partial, 6, process)
    process.send_signal(getattr(signal, stop))
    _, err = process.communicate(timeout=30)
    assert (code, False) == (process.returncode, output.exists())
    assert "Traceback" not in err
    assert 1 == err.count("out.jsonl.partial; the same command goes on with them")
    done = run_infer(*command, "--summary", tmp_path / "s.json")
    summary = json.loads((tmp_path / "s.json").read_text())
    assert (0, True) == (done.code, 6 <= summary["n_resumed"] < COUNT)
    assert run_infer("--infer-config", config, rows).out == output.read_text()
    assert not partial.exists()


def test_without_a_file_the_lines_until_then_are_written(config, rows, start_infer):
    process = start_infer("--infer-config", config, "--workers", 2, rows, prelude=SLOW)
    first = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGINT)
    rest = process.stdout.readlines()  # `communicate` would pass over what `readline` has read ahead
    _, err = process.communicate(timeout=30)
    lines = [json.loads(line) for line in [*first, *rest]]
    assert (130, list(range(len(lines)))) == (process.returncode, [line["index"] for line in lines])
    assert 5 <= len(lines) < COUNT
    assert "Traceback" not in err


def test_a_worker_that_is_killed_costs_nothing(
    config, rows, tmp_path, run_infer, start_infer, wait_for_lines
):
    output = tmp_path / "out.jsonl"
    process = start_infer("--infer-config", config, "--workers", 2, "--output", output, rows, prelude=SLOW)
    wait_for_lines(Path(f"{output}.partial"), 6, process)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    process.communicate(timeout=60)
    assert 0 == process.returncode
    assert run_infer("--infer-config", config, rows).out == output.read_text()


def workers_of(process):
    """Return the workers; the other child watches over what they share."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell which processes a process has")
    return [
        int(pid)
        for pid in children.read_text().split()
        if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    ]

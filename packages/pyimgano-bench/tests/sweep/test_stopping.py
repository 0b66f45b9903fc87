"""The command as a process that is stopped in the middle: by a signal, by being killed, by a full disk."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals, and looks into /proc")

PATIENCE = 60
MAIN = "from pyimgano_bench.cli import main\nif __name__ == '__main__':\n    main()\n"


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def lives(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def start(bench, quick, tmp_path):
    """Return a function that starts the command; it fills the cells of `pass_by` and `wait`."""
    entry = {"options": {"folder": str(bench.notes)}, "name": "quick"}
    suite = {
        "defaults": {"dataset": {"resize": [32, 32]}, "evaluation": {"bootstrap_replicates": 0}},
        "detectors": [
            {"label": act, "model": {**entry, "options": {**entry["options"], "act": act}}}
            for act in ("pass_by", "wait")
        ],
        "datasets": [{"label": "parts", "dataset": {"manifest_path": bench.data}}],
    }
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    started = []

    def run(*options, prelude=""):
        script = tmp_path / "command.py"
        script.write_text(f"{prelude}\n{MAIN}")
        given = ["--config", tmp_path / "suite.json", "--output-dir", bench.output, *options]
        process = subprocess.Popen(
            [sys.executable, str(script), *map(str, given)],
            env={**os.environ, "PYTHONPATH": str(quick)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def waiting(bench):
    """Wait until a cell waits; the next time it will not."""
    until((bench.notes / "waiting").exists)
    return int(bench.fits[-1][0])


def finish(bench, process):
    """Wait for a command that goes on, and assert that it ran only what was missing."""
    _, err = process.communicate(timeout=PATIENCE)
    assert (0, "") == (process.returncode, err)
    assert {"pass_by": 2, "wait": 3} == Counter(act for _, act, *_ in bench.fits)
    assert 4 == len(bench.cells)
    assert [] == bench.left_over


@pytest.mark.parametrize(("number", "code", "workers"), [(signal.SIGINT, 130, 1), (signal.SIGTERM, 143, 0)])
def test_a_signal_keeps_what_is_finished_and_the_same_command_goes_on(start, bench, number, code, workers):
    process = start("--workers", workers)
    worker = waiting(bench)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert code == process.returncode
    assert f"go on with --output-dir {bench.output}" in err
    assert "Traceback" not in err
    assert 2 == len(bench.cells)
    assert [] == bench.left_over
    assert not lives(worker)
    finish(bench, start("--workers", 0))


def test_workers_end_with_a_command_that_is_killed_and_the_same_command_goes_on(start, bench):
    process = start()
    worker = waiting(bench)
    process.kill()
    process.wait()
    until(lambda: not lives(worker))
    finish(bench, start("--workers", 0))


def test_a_full_disk_ends_the_command_with_the_file_and_the_same_command_goes_on(start, bench):
    (bench.notes / "waiting").touch()  # nothing waits
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (7_000, 7_000))"
    process = start("--no-pixel", "--workers", 0, prelude=limit)
    _, err = process.communicate(timeout=PATIENCE)
    assert 74 == process.returncode
    assert f"{bench.output}/cells/parts_pass_by_bolt" in err
    assert "Traceback" not in err
    assert {} == bench.cells
    assert [] == bench.left_over
    _, err = start("--no-pixel", "--workers", 0).communicate(timeout=PATIENCE)
    assert ("", 4) == (err, len(bench.cells))

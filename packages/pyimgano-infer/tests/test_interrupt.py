"""A real process that is stopped in the middle keeps what it had finished."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from pyimgano_infer.cli import main; main()"]
ENDLESS = 200_000


def wait_for_lines(path, process):
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if path.exists() and path.stat().st_size > 0:
            return
        time.sleep(0.02)
    pytest.fail(f"no lines appeared; exit code {process.poll()}")


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize(
    ("stop", "code", "workers"), [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 2)]
)
def test_what_was_finished_is_kept(config, grey, manifest, tmp_path, stop, code, workers):
    grey("a.png", 51)
    rows = manifest(*[{"image_path": "a.png", "category": "part"}] * ENDLESS)
    output = tmp_path / "out.jsonl"
    partial = Path(f"{output}.partial")
    options = ["--infer-config", config, "--workers", str(workers), "--output", output]
    with subprocess.Popen([*COMMAND, *options, rows], stderr=subprocess.PIPE, text=True) as process:
        wait_for_lines(partial, process)
        process.send_signal(stop)
        _, err = process.communicate(timeout=30)
    lines = [json.loads(line) for line in partial.read_text().splitlines()]
    assert (code, False) == (process.returncode, output.exists())
    assert list(range(len(lines))) == [line["index"] for line in lines]
    assert "Traceback" not in err
    assert "out.jsonl.partial" in err

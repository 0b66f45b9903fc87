"""Kills the program, or one of its workers, at random moments of one long run: no line is lost or doubled.

    uv run python packages/pyimgano-infer/benchmarks/crash.py --kills 200 --seed 0

Each time the same command goes on with what is there. At the end its results must be those of an undisturbed
run, byte by byte, a line for each input, bad ones included. Where a run ends too early for so many kills,
another one begins. On Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from small_world import CATEGORIES, SCORES, make_world

COMMAND = "from pyimgano_infer.cli import main\nif __name__ == '__main__':\n    main()\n"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LEAST = 0.3  # seconds from a start to a kill


class LongRun:
    """One command, which is killed and started again.

    Args:
        folder: where all files are.
        count: of the inputs.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.output = folder / "out.jsonl"
        config = make_world(folder)
        (folder / "torn.png").write_bytes((folder / next(iter(SCORES))).read_bytes()[:40])
        names = [*SCORES, "torn.png", "absent.png"]
        rows = [
            json.dumps({"image_path": names[index % 5], "category": CATEGORIES[index % 3]})
            for index in range(count)
        ]
        (folder / "rows.jsonl").write_text("".join(f"{row}\n" for row in rows))
        (folder / "command.py").write_text(COMMAND)
        command = [sys.executable, folder / "command.py", "--infer-config", config, folder / "rows.jsonl"]
        self._command: list[str] = [*map(str, command), "--workers", "2", "--output"]
        undisturbed = folder / "undisturbed.jsonl"
        self.finish(self.start(undisturbed))
        self.expected = undisturbed.read_bytes()
        self.count = count

    def start(self, output: Path) -> subprocess.Popen[str]:
        """Start the command, in a session of its own."""
        command = [*self._command, str(output)]
        return subprocess.Popen(
            command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def finish(self, process: subprocess.Popen[str]) -> None:
        """Wait for an end in order."""
        err = process.communicate(timeout=600)[1]
        assert process.returncode == 4, f"exit code {process.returncode}: {err}"  # some images are bad

    def check(self) -> None:
        """Compare what there is with an undisturbed run, and remove it."""
        found = self.output.read_bytes()
        indices = [json.loads(line)["index"] for line in found.splitlines()]
        assert indices == list(range(self.count)), f"{len(indices)} lines for {self.count} inputs"
        assert found == self.expected, "other bytes than those of an undisturbed run"
        assert not Path(f"{self.output}.partial").exists(), "unfinished results are left"
        self.output.unlink()


def kill(process: subprocess.Popen[str], random: Random) -> str:
    """Kill the program, all of its processes at once, or a worker and then the program; say what was done."""
    victims = children(process.pid)
    what = random.choice(("program", "program", "all", "worker"))
    number = random.choice(SIGNALS)
    with suppress(ProcessLookupError):
        if what == "worker" and victims:
            os.kill(random.choice(victims), signal.SIGKILL)
            time.sleep(random.uniform(0.0, 1.0))  # it is replaced
            number = signal.SIGKILL
            process.send_signal(number)
        elif what == "all":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    return f"{what}, {number.name}"


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def crash(run: LongRun, kills: int, longest: float, random: Random) -> tuple[Counter[str], int]:
    """Kill so many times; return what was done how often, and how many times the run came to its end."""
    done: Counter[str] = Counter()
    finished = 0
    while done.total() < kills:
        process = run.start(run.output)
        try:
            process.wait(timeout=random.uniform(LEAST, longest))
        except subprocess.TimeoutExpired:
            done[kill(process, random)] += 1
        err = process.communicate(timeout=60)[1]
        assert "Traceback" not in err, err
        if process.returncode == 4:  # it ended before it was killed
            run.check()
            finished += 1
        else:
            assert process.returncode in {-signal.SIGKILL, 130, 143, 64}, f"{process.returncode}: {err}"
            assert process.returncode != 64 or "another run is at work" in err, err
    run.finish(run.start(run.output))
    run.check()
    return done, finished + 1


def main() -> None:
    """Crash, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--longest", type=float, default=2.5, help="seconds from a start to a kill")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        run = LongRun(folder, options.images)
        random = Random(options.seed)  # noqa: S311 - no secret
        done, finished = crash(run, options.kills, options.longest, random)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what, count in sorted(done.items()):
        print(f"{count:6} {what}")
    print(f"{done.total()} kills, {finished} runs of {options.images} inputs ended, each as if undisturbed")


if __name__ == "__main__":
    main()

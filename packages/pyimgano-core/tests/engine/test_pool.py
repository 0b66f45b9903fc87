"""Real processes, really killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from multiprocessing import active_children
from pathlib import Path

import pytest

from pyimgano_core.engine import LocalEngine, ShardError, run_shards
from pyimgano_core.errors import ConfigError, DataError, ImageError, MachineError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals, and looks into /proc")
TWO = LocalEngine(workers=2)
PATIENCE = 30


def parts(folder):
    return {path.name: path.read_bytes() for path in Path(folder).glob("part-*")}


def run_all(function, folder, shards, engine=TWO):
    return {outcome.index: outcome.error for outcome in run_shards(function, str(folder), shards, engine)}


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def lives(pid):
    """Whether a process is there and no zombie, which waits for a parent that may never ask."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_all_shards_are_run_with_the_same_results_for_any_number_of_workers(work, tmp_path):
    expected = {f"part-{shard}.txt": f"{shard} squared is {shard**2}\n".encode() for shard in range(5)}
    for workers in (1, 2, 8):
        folder = tmp_path / str(workers)
        folder.mkdir()
        assert dict.fromkeys(range(5)) == run_all(
            work.write_part, folder, range(5), LocalEngine(workers=workers)
        )
        assert expected == parts(folder)


def test_no_shards_start_no_process(work, tmp_path):
    assert {} == run_all(work.write_part, tmp_path, [])


def test_shards_are_run_by_other_processes_of_one_thread(work, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    run_all(work.tell_process, tmp_path, range(4))
    told = [text.split() for text in parts(tmp_path).values()]
    assert 2 == len({pid for pid, _ in told})
    assert str(os.getpid()).encode() not in {pid for pid, _ in told}
    assert {b"1"} == {threads for _, threads in told}
    assert os.environ["OMP_NUM_THREADS"] == "5"


@pytest.mark.parametrize(("threads", "expected"), [(3, b"3"), (None, b"5")])
def test_processes_have_the_threads_that_are_asked_for(work, tmp_path, monkeypatch, threads, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    run_all(work.tell_process, tmp_path, range(1), LocalEngine(workers=1, threads=threads))
    assert [expected] == [text.split()[1] for text in parts(tmp_path).values()]
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_a_worker_that_dies_is_replaced_and_its_shard_tried_again(work, tmp_path):
    assert dict.fromkeys(range(4)) == run_all(work.die_once, tmp_path, range(4))
    assert (tmp_path / "died-1").exists()
    assert 4 == len(parts(tmp_path))


@pytest.mark.parametrize(
    ("name", "cause"), [("die_by_signal", "killed by SIGSEGV"), ("die_by_exit", "ended with code 7")]
)
def test_a_shard_that_kills_every_worker_is_given_up_and_the_others_go_on(work, tmp_path, name, cause):
    outcomes = run_all(getattr(work, name), tmp_path, range(5))
    error = outcomes.pop(1)
    assert dict.fromkeys([0, 2, 3, 4]) == outcomes
    assert isinstance(error, ShardError)
    assert cause in str(error)
    assert {f"part-{shard}.txt" for shard in (0, 2, 3, 4)} == set(parts(tmp_path))


def test_shards_that_all_kill_end_after_seven_tries_each(work, tmp_path):
    outcomes = run_all(work.die_always, tmp_path, range(2))
    assert all("SIGKILL, perhaps because memory ran out" in str(error) for error in outcomes.values())
    assert {"0": 7, "1": 7} == Counter((tmp_path / "tries").read_text().split())


def test_inputs_that_kill_are_left_out_and_the_rest_of_their_shard_is_done(work, tmp_path):
    shards = [("none", {}), ("three", {0: 9, 2: 9, 5: 9}), ("once", {4: 1}), ("abort", {1: 9})]
    expected = {
        "part-none.txt": b"012345",
        "part-three.txt": b"-1-34-",
        "part-once.txt": b"012345",
        "part-abort.txt": b"0-2345",
    }
    assert dict.fromkeys(range(4)) == run_all(work.work_through, tmp_path, shards)
    assert expected == parts(tmp_path)
    assert {"three": 6, "once": 1, "abort": 2} == Counter((tmp_path / "deaths").read_text().split())
    assert not list(tmp_path.glob(".*"))


def test_a_shard_with_more_inputs_that_kill_than_three_is_given_up(work, tmp_path):
    outcomes = run_all(work.work_through, tmp_path, [("four", dict.fromkeys(range(4), 9))])
    assert isinstance(outcomes[0], ShardError)
    assert {} == parts(tmp_path)


def test_errors_of_a_shard_come_back_as_what_they_are(work, tmp_path):
    image, config, data, done = run_all(work.raise_error, tmp_path, ["0", "1", "2", 3]).values()
    by_kind = {type(error): error for error in (image, config, data, done)}
    assert {ImageError, ConfigError, DataError, type(None)} == set(by_kind)
    assert ("truncated", "a.png", "a.png: ends early") == (
        by_kind[ImageError].code,
        by_kind[ImageError].path,
        str(by_kind[ImageError]),
    )
    assert (("$.a: is wrong", "$.b: too"), "run.toml") == (
        by_kind[ConfigError].problems,
        by_kind[ConfigError].source,
    )


def test_an_error_of_the_machine_ends_the_run(work, tmp_path):
    with pytest.raises(OSError, match="No space left") as stopped:
        run_all(work.raise_error, tmp_path, ["3"])
    assert (28, "facts.jsonl") == (stopped.value.errno, stopped.value.filename)
    with pytest.raises(MemoryError):
        run_all(work.raise_error, tmp_path, ["4"])


def test_a_bug_is_raised_with_its_traceback(work, tmp_path):
    with pytest.raises(RuntimeError, match=r"shard_work\.py(?s:.*)ZeroDivisionError: a bug"):
        run_all(work.raise_error, tmp_path, ["5"])


def test_what_workers_cannot_import_is_no_fault_of_a_shard(work, tmp_path, monkeypatch):
    here_alone = type("HereAlone", (), {"__module__": work.__name__})
    monkeypatch.setattr(work, "HereAlone", here_alone, raising=False)
    with pytest.raises(MachineError, match="ended with code 1 before it could begin"):
        run_all(here_alone, tmp_path, [1])


def test_a_worker_that_is_killed_before_it_begins_is_replaced(work, tmp_path):
    def kill_the_first():
        while not (children := active_children()):
            time.sleep(0.001)
        os.kill(children[0].pid, signal.SIGKILL)
        killed.append(children[0].pid)

    killed = []
    killer = threading.Thread(target=kill_the_first)
    killer.start()
    outcomes = run_all(work.write_part, tmp_path, range(3))
    killer.join()
    assert (1, dict.fromkeys(range(3)), 3) == (len(killed), outcomes, len(parts(tmp_path)))


def test_shards_are_taken_as_they_are_needed(work, tmp_path):
    taken = []
    shards = (taken.append(shard) or shard for shard in range(1000))
    outcomes = run_shards(work.write_part, str(tmp_path), shards, TWO)
    for done in range(1, 6):
        next(outcomes)
        assert len(taken) <= done + 2
    outcomes.close()


class AlarmError(Exception):
    """Stands for a signal that a command unwinds on."""


@contextmanager
def alarm_when(holds):
    """Raise `AlarmError` in this thread, in the handler of a signal, once something holds."""

    def look(*_):
        if holds():
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise AlarmError

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_leaving_the_loop_ends_the_workers_and_half_a_part_is_removed(work, tmp_path):
    outcomes = run_shards(work.hang_while_writing, str(tmp_path), range(2), TWO)
    with pytest.raises(AlarmError), alarm_when(lambda: 2 == len(list(tmp_path.glob("pid-*")))):
        next(outcomes)
    pids = [path.name.removeprefix("pid-") for path in tmp_path.glob("pid-*")]
    assert not any(lives(pid) for pid in pids)
    assert {f"pid-{pid}" for pid in pids} == {path.name for path in tmp_path.iterdir()}


COMMAND = """
import signal, sys
import click
from pyimgano_core.cli.app import run
from pyimgano_core.engine import LocalEngine, run_shards
import shard_work

@click.command()
def command():
    function = getattr(shard_work, sys.argv[1])
    for outcome in run_shards(function, sys.argv[2], range(20), LocalEngine(workers=2)):
        print(outcome.index, flush=True)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    run(command, [])
"""


@pytest.fixture
def command(tmp_path):
    """Return a function that starts a program, as the head of a process group like one of a terminal."""
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    started = []

    def start(function, folder):
        folder.mkdir(exist_ok=True)
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(
            [sys.executable, str(script), function, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # workers that a fault leaves would keep the pipes open
        process.communicate()


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupt_keeps_what_is_done_and_the_same_command_resumes(
    command, work, tmp_path, number, code, word
):
    folder = tmp_path / "parts"
    process = command("write_part_slowly", folder)
    process.stdout.readline()
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert code == process.returncode
    assert f"Error: {word}; what was finished is kept\n" == errors
    first = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert 1 <= len(first) < 20
    again = command("write_part_slowly", folder)
    assert 20 == len(again.communicate(timeout=PATIENCE)[0].split())
    assert first.items() <= {path: path.stat().st_mtime_ns for path in folder.iterdir()}.items()
    assert {work.part(folder, shard) for shard in range(20)} == set(folder.iterdir())


def starting_workers(process):
    """Return the workers that exist; asked again and again, it sees them before they have begun."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def test_what_the_terminal_sends_does_not_reach_workers_that_start(command, tmp_path):
    process = command("write_part_slowly", tmp_path / "parts")
    deadline = time.monotonic() + PATIENCE
    while not (workers := starting_workers(process)):  # without a pause, so as to be early
        assert time.monotonic() < deadline
    os.kill(workers[0], signal.SIGINT)
    os.kill(workers[0], signal.SIGHUP)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (0, "", 20) == (process.returncode, errors, len(output.split()))


def test_workers_end_when_their_parent_is_killed(command, tmp_path):
    folder = tmp_path / "parts"
    process = command("hang_while_writing", folder)
    pids = until(lambda: len(found := list(folder.glob("pid-*"))) == 2 and found)
    process.kill()
    process.wait()
    until(lambda: not any(lives(path.name.removeprefix("pid-")) for path in pids))
    assert set(pids) == set(folder.iterdir())

"""A real Ray cluster of two nodes on the loopback interface, which the test starts and ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import ray

from pyimgano_core.engine import LocalEngine, RayEngine, ShardError, run_shards
from pyimgano_core.errors import ImageError, MachineError, UsageError

HOST = "127.0.0.1"
PATIENCE = 120


def free_port():
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        return listening.getsockname()[1]


def answers(port):
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex((HOST, port)) == 0


def start_node(*arguments):
    """Start a node of one processor; it ends with its process."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    small = ["--object-store-memory=100000000", "--disable-usage-stats"]
    return subprocess.Popen(
        [*command, *small, *arguments],
        env={**os.environ, "PYTHONPATH": here},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def start_second(port):
    return start_node(f"--address={HOST}:{port}", "--node-ip-address=127.0.0.2")


def wait_for_nodes(count):
    """Wait until the cluster that was joined has so many nodes, so that all have work from then on."""
    deadline = time.monotonic() + PATIENCE
    while sum(node["Alive"] for node in ray.nodes()) < count:
        assert time.monotonic() < deadline, "a node did not join"
        time.sleep(0.1)


def end_node(node):
    node.terminate()
    try:
        node.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()


def raylet_of(node):
    """Return the process that is the node itself; the others are its servants."""
    for task in Path(f"/proc/{node.pid}/task").glob("*/children"):
        for pid in task.read_text().split():
            if "raylet/raylet" in Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]:
                return int(pid)
    raise AssertionError("the node has no raylet")


@pytest.fixture(scope="module")
def folder():
    """Ray's sockets need a shorter path than pytest's folders have where tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as name:
        yield name


@pytest.fixture(scope="module")
def port(folder):
    """The port of a cluster with a single node."""
    port = free_port()
    head = start_node(
        "--head",
        f"--node-ip-address={HOST}",
        f"--port={port}",
        "--include-dashboard=false",
        f"--temp-dir={folder}",
    )
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert head.poll() is None, "the head ended"
        assert time.monotonic() < deadline, "the head does not answer"
        time.sleep(0.1)
    yield port
    end_node(head)


@pytest.fixture
def engine(port):
    return RayEngine(address=f"{HOST}:{port}")


def run_all(function, folder, shards, engine):
    folder.mkdir(exist_ok=True)
    return {outcome.index: outcome.error for outcome in run_shards(function, str(folder), shards, engine)}


def parts(folder):
    return {path.name: path.read_bytes() for path in folder.glob("part-*")}


def test_the_parts_are_those_of_the_local_engine(work, tmp_path, engine):
    run_all(work.write_part, tmp_path / "local", range(9), LocalEngine(workers=2))
    assert dict.fromkeys(range(9)) == run_all(work.write_part, tmp_path / "ray", range(9), engine)
    assert parts(tmp_path / "local") == parts(tmp_path / "ray") != {}


def test_the_same_shards_again_leave_whole_parts_as_they_are(work, tmp_path, engine):
    run_all(work.write_part, tmp_path, range(3), engine)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "part-1.txt").unlink()
    run_all(work.write_part, tmp_path, range(3), engine)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {path for path in before if before[path] != after[path]} == {tmp_path / "part-1.txt"}


def test_a_worker_that_dies_is_replaced_and_its_shard_tried_again(work, tmp_path, engine):
    assert dict.fromkeys(range(4)) == run_all(work.die_once, tmp_path, range(4), engine)
    assert (tmp_path / "died-1").exists()


def test_a_shard_that_kills_every_worker_is_given_up_and_the_others_go_on(work, tmp_path, engine, capfd):
    outcomes = run_all(work.die_by_signal, tmp_path, range(4), engine)
    error = outcomes.pop(1)
    assert dict.fromkeys([0, 2, 3]) == outcomes
    assert isinstance(error, ShardError)
    assert not capfd.readouterr().out  # a command's result alone stands there


def test_inputs_that_kill_are_left_out_and_the_rest_of_their_shard_is_done(work, tmp_path, engine):
    shards = [("none", {}), ("two", {2: 9, 5: 9}), ("once", {4: 1}), ("abort", {1: 9})]
    assert dict.fromkeys(range(4)) == run_all(work.work_through, tmp_path / "ray", shards, engine)
    run_all(work.work_through, tmp_path / "local", shards, LocalEngine(workers=2))
    assert parts(tmp_path / "local") == parts(tmp_path / "ray")
    assert b"01-34-" == parts(tmp_path / "ray")["part-two.txt"]


def test_errors_of_a_shard_come_back_as_what_they_are(work, tmp_path, engine):
    outcomes = run_all(work.raise_error, tmp_path, ["0", 3], engine)
    assert isinstance(outcomes[0], ImageError)
    assert ("truncated", "a.png") == (outcomes[0].code, outcomes[0].path)
    with pytest.raises(OSError, match="No space left"):
        run_all(work.raise_error, tmp_path, ["3"], engine)


def test_what_a_node_cannot_import_is_no_fault_of_a_shard(work, tmp_path, engine, monkeypatch):
    here_alone = type("HereAlone", (), {"__module__": work.__name__})
    monkeypatch.setattr(work, "HereAlone", here_alone, raising=False)
    with pytest.raises(MachineError, match="install the same packages"):
        run_all(here_alone, tmp_path, [1], engine)


def test_signals_mean_afterwards_what_they_did_before(work, tmp_path, engine):
    before = signal.getsignal(signal.SIGTERM)
    run_all(work.write_part, tmp_path, [1], engine)
    assert before is signal.getsignal(signal.SIGTERM)


class TerminatedError(Exception):
    """Stands for what a command unwinds on."""


def test_an_end_that_is_asked_for_while_joining_unwinds_as_usual(work, tmp_path, engine, monkeypatch):
    def terminate(*_):
        raise TerminatedError

    def join_and_be_told(**options):
        join(**options)
        assert signal.getsignal(signal.SIGTERM) is not terminate, "Ray has no handler of its own any more"
        signal.raise_signal(signal.SIGTERM)

    join = ray.init
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(ray, "init", join_and_be_told)
            with pytest.raises(TerminatedError):
                run_all(work.write_part, tmp_path, [1], engine)
        assert signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGTERM, before)
    assert {0: None} == run_all(work.write_part, tmp_path, [1], engine)  # it has left the cluster


@pytest.mark.parametrize("address", ["local", "", "head"])
def test_no_cluster_is_started_whatever_the_address_says(work, tmp_path, address, monkeypatch):
    with pytest.raises(UsageError, match="HOST:PORT"):
        run_all(work.write_part, tmp_path, [1], RayEngine(address=address))
    monkeypatch.setenv("RAY_ADDRESS", "local")
    with pytest.raises(UsageError, match="HOST:PORT"):
        run_all(work.write_part, tmp_path, [1], RayEngine(address="auto"))


def test_a_cluster_that_does_not_answer_is_told_of_at_once(work, tmp_path):
    started = time.monotonic()
    with pytest.raises(MachineError, match="can't be reached"):
        run_all(work.write_part, tmp_path, [1], RayEngine(address=f"{HOST}:{free_port()}"))
    assert time.monotonic() - started < 5


def test_an_interrupt_leaves_the_cluster_ready_for_the_same_shards(work, tmp_path, engine):
    main = threading.main_thread().ident
    threading.Timer(4, signal.pthread_kill, (main, signal.SIGINT)).start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_all(work.write_part_slowly, tmp_path, range(1000), engine)
    finally:
        signal.signal(signal.SIGINT, before)
    shards = range(len(parts(tmp_path)) + 3)
    assert dict.fromkeys(shards) == run_all(work.write_part_slowly, tmp_path, shards, engine)
    assert {f"part-{shard}.txt" for shard in shards} <= set(parts(tmp_path))


# The last one: for some seconds Ray may send who joins next to the killed node, and end it there.
def test_a_node_that_is_killed_costs_nothing(work, tmp_path, port):
    engine = RayEngine(address=f"{HOST}:{port}", workers=4)
    outcomes = run_shards(work.tell_process, str(tmp_path), range(40), engine)
    first = next(outcomes)  # this program has joined the first node: who joins last may get either
    second = start_second(port)
    try:
        wait_for_nodes(2)
        done = {first.index: first.error}
        for outcome in outcomes:
            done[outcome.index] = outcome.error
            if len({text.split()[0] for text in parts(tmp_path).values()}) == 2 and second is not None:
                os.kill(raylet_of(second), signal.SIGKILL)
                end_node(second)
                second = None
        assert second is None, "the second node got no shard"
        assert dict.fromkeys(range(40)) == done
        assert {f"part-{shard}.txt" for shard in range(40)} == set(parts(tmp_path))
    finally:
        if second is not None:
            end_node(second)

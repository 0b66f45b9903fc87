"""A real Ray cluster of two nodes on the loopback interface, one of which is killed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")

HOST = "127.0.0.1"
PATIENCE = 120
COUNT = 400


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
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    small = ["--object-store-memory=100000000", "--disable-usage-stats"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, *small, *arguments], **quiet)


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
def address(folder):
    """The address of a cluster with a single node."""
    port = free_port()
    here = [f"--node-ip-address={HOST}", f"--port={port}", f"--temp-dir={folder}"]
    head = start_node("--head", "--include-dashboard=false", *here)
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert head.poll() is None, "the head ended"
        assert time.monotonic() < deadline, "the head does not answer"
        time.sleep(0.1)
    wait_for_nodes(f"{HOST}:{port}", 1)
    yield f"{HOST}:{port}"
    end_node(head)


def wait_for_nodes(address, count):
    """Wait until the cluster has so many nodes: each has one processor, so all have work from then on."""
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    deadline = time.monotonic() + PATIENCE
    while sum(node["Alive"] for node in ray.nodes()) < count:
        assert time.monotonic() < deadline, "a node did not join"
        time.sleep(0.1)
    ray.shutdown()


def test_a_run_on_a_cluster_that_loses_a_node_gives_what_a_local_one_gives(
    config, grey, manifest, run_infer, address, start_infer, wait_for_lines, tmp_path
):
    for value in range(10):
        grey(f"{value}.png", value * 20, size=(300, 400))
    rows = manifest(*({"image_path": f"{row % 11}.png", "category": "part"} for row in range(COUNT)))
    output = tmp_path / "out.jsonl"
    cluster = ["--engine", "ray", "--address", address, "--workers", 4]
    process = start_infer("--infer-config", config, *cluster, "--output", output, rows)
    wait_for_lines(Path(f"{output}.partial"), 1, process)  # it has joined the first node, which goes on
    process.send_signal(signal.SIGSTOP)  # work is left for the second
    second = start_node(f"--address={address}", "--node-ip-address=127.0.0.2")
    try:
        wait_for_nodes(address, 2)
        process.send_signal(signal.SIGCONT)
        wait_for_lines(Path(f"{output}.partial"), COUNT // 4, process)
        os.kill(raylet_of(second), signal.SIGKILL)
        _, err = process.communicate(timeout=300)
    finally:
        end_node(second)
    assert 4 == process.returncode
    assert f"\n{COUNT} inputs: " in f"\n{err}"  # an older Ray may tell of its own before
    assert run_infer("--infer-config", config, rows).out == output.read_text()

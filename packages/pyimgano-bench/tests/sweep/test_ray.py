"""A real Ray cluster of one node on the loopback interface."""

import os
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from pyimgano_core.engine import RayEngine

pytest.importorskip("ray")

HOST = "127.0.0.1"
PATIENCE = 60


def free_port():
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        return listening.getsockname()[1]


def answers(port):
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex((HOST, port)) == 0


@pytest.fixture(scope="module")
def folder():
    """Ray's sockets need a shorter path than pytest's folders have where tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as name:
        yield name


@pytest.fixture
def cluster(quick, folder):
    """A cluster on which the detector is installed, too."""
    port = free_port()
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=1"]
    here = [f"--node-ip-address={HOST}", f"--port={port}", f"--temp-dir={folder}"]
    small = ["--object-store-memory=100000000", "--disable-usage-stats", "--include-dashboard=false"]
    node = subprocess.Popen(
        [*command, *here, *small],
        env={**os.environ, "PYTHONPATH": str(quick)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert node.poll() is None, "the cluster ended"
        assert time.monotonic() < deadline, "the cluster does not answer"
        time.sleep(0.1)
    yield RayEngine(address=f"{HOST}:{port}")
    node.terminate()
    try:
        node.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()


def test_a_cluster_gives_what_this_process_gives_and_a_cell_that_kills_costs_itself_only(bench, cluster):
    plan = bench.plan("die", "pass_by", "fail")
    apart = bench.sweep(plan, cluster)
    kinds = [cell.error and cell.error.type for cell in apart.cells]
    assert ["MachineError", None, "RuntimeError"] * 2 == kinds
    assert [] == bench.left_over
    again = bench.sweep(bench.plan("pass_by"), cluster)
    assert (2, 0) == (again.reused, again.replaced)
    bench.output = bench.output.with_name("here")
    here = bench.sweep(bench.plan("pass_by"), engine=None)
    assert [cell.report for cell in here.cells] == [cell.report for cell in again.cells]
    assert [cell.per_image for cell in here.cells] == [cell.per_image for cell in again.cells]

"""The command on a real Ray cluster on the loopback interface; left out where Ray is not installed."""

import json
import socket
import subprocess
import sys
import tempfile
import time

import pytest

pytest.importorskip("ray")
PATIENCE = 60


def answers(port):
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def folder():
    """Ray's sockets need a shorter path than pytest's folders have where tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as name:
        yield name


@pytest.fixture(scope="module")
def address(folder):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    options = ["start", "--block", "--head", "--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2"]
    options += ["--include-dashboard=false", "--object-store-memory=100000000", "--disable-usage-stats"]
    options += [f"--temp-dir={folder}"]
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert head.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield f"127.0.0.1:{port}"
    head.terminate()
    head.wait(PATIENCE)


def test_facts_and_report_are_those_of_the_local_engine(dataset, tmp_path, cli, address):
    (dataset.folder / "train/1.png").write_bytes(b"")
    dataset.save()
    scan = ("scan", dataset.manifest, "--shards", "5", "--profile", "deep")
    assert 0 == cli(*scan, "--output", tmp_path / "local").code
    result = cli(*scan, "--output", tmp_path / "ray", "--engine", "ray", "--address", address, "--json")
    assert result.code == 0
    assert [] == json.loads(result.stdout)["scan"]["failed"]
    facts = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("local", "ray")
    ]
    assert facts[0] == facts[1]
    assert 5 == len(facts[0])
    reports = [
        cli("merge", dataset.manifest, tmp_path / name, "--json").document["preflight"]
        for name in ("local", "ray")
    ]
    assert reports[0]["issues"] == reports[1]["issues"] != []

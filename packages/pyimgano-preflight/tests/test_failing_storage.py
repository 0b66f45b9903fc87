"""The kernel refuses one file, as a dying disk or a lost network mount does: the check tells it and goes on.

strace makes the system calls on that file fail. Where it is missing or may trace nothing, nothing is tested.
"""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("pyimgano-preflight")
STRACE = shutil.which("strace")


def traced(arguments, *options):
    command = [STRACE, "-f", "-qq", "-o", "/dev/null", *options, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def can_trace():
    return (
        STRACE is not None
        and traced([sys.executable, "-c", ""], "-e", "inject=close:delay_exit=1").returncode == 0
    )


pytestmark = pytest.mark.skipif(not can_trace(), reason="strace is missing, or may trace nothing")


def check(dataset, path, call, number, *options):
    dataset.save()
    config = dataset.folder / "config.json"
    source = {"name": "manifest", "manifest_path": dataset.manifest.name}
    config.write_text(json.dumps({"threshold": {"alpha": 0.5}, "dataset": source}))
    arguments = [COMMAND, "check", "--config", config, "--json", *options]
    fails = f"inject={call}:error={errno.errorcode[number]}"
    done = traced(arguments, "-P", dataset.folder / path, "-e", f"trace={call}", "-e", fails)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)["preflight"]


FAILURES = [
    ("read", errno.EIO),
    ("read", errno.ESTALE),
    ("openat", errno.ETIMEDOUT),
    ("openat", errno.ENFILE),
]


@pytest.mark.parametrize(
    ("call", "number"), FAILURES, ids=[f"{call} {errno.errorcode[no]}" for call, no in FAILURES]
)
def test_a_file_that_the_storage_does_not_give_is_told_and_the_others_are_checked(dataset, call, number):
    path = "train/3.png"
    code, report = check(dataset, path, call, number)
    told = [issue for issue in report["issues"] if issue["severity"] == "error"]
    assert [("PF901", [path], number)] == [
        (issue["code"], issue["paths"], issue["data"]["errno"]) for issue in told
    ]
    assert report["complete"]
    assert 4 == code


@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_a_failing_disk_is_told_at_every_depth(dataset, depth):
    code, report = check(dataset, "train/3.png", "read", errno.EIO, "--profile", depth)
    assert ["PF901"] == [issue["code"] for issue in report["issues"] if issue["severity"] == "error"]
    assert 4 == code


def test_a_mask_that_the_storage_does_not_give_is_no_fault_of_the_mask(dataset):
    code, report = check(dataset, "masks/1.png", "read", errno.EIO)
    assert ["PF901"] == [issue["code"] for issue in report["issues"] if issue["severity"] == "error"]
    assert 4 == code


def test_a_fault_of_the_data_weighs_more_than_one_of_the_storage(dataset):
    dataset.file("train/5.png").write_bytes(b"")
    code, report = check(dataset, "train/3.png", "read", errno.EIO)
    assert {"PF901", "PF211"} <= set(report["summary"]["by_code"])
    assert 2 == code

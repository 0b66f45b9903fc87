"""A sample of what `benchmarks/fuzz.py` does: damaged files of all kinds, no traceback, no wrong verdict."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such alarm")


def fuzz(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_damaged_files_never_give_a_traceback_or_a_verdict_that_they_do_not_say():
    result = fuzz("--count", "400")
    assert 0 == result.returncode, result.stdout + result.stderr
    counts = re.findall(r"^ *(\d+) (\w+: exit code \d+)$", result.stdout, flags=re.MULTILINE)
    assert 400 == sum(int(count) for count, _ in counts)
    # damage is refused, and what is sound all the same still counts as such
    assert {
        "config: exit code 0",
        "config: exit code 5",
        "checkpoint: exit code 5",
        "manifest: exit code 4",
        "list: exit code 4",
        "resume: exit code 0",
        "resume: exit code 5",
    } <= {name for _, name in counts}


def test_a_case_that_takes_too_long_is_told_by_its_number():
    result = fuzz("--count", "1", "--first", "20", "--limit", "0.0001")
    assert 1 == result.returncode
    assert "case 20:" in result.stdout
    assert "SlowError" in result.stdout

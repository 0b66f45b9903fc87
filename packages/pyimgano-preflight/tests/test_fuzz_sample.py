"""A sample of what `benchmarks/fuzz.py` does: mutated manifests and image files, and no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"


def fuzz(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="no such alarm")
def test_mutated_manifests_and_images_never_give_a_traceback():
    result = fuzz("--count", "1500", "--limit", "20")
    assert result.returncode == 0, result.stdout + result.stderr
    counts = {
        name: int(count) for count, name in re.findall(r"^ *(\d+) (\w+: \w+)$", result.stdout, re.MULTILINE)
    }
    assert sum(counts.values()) == 1500
    # it reaches what lies behind the header, and what is sound still counts as such
    assert {
        "image: sound",
        "image: truncated",
        "image: corrupt",
        "manifest: sound",
        "manifest: issues",
    } <= set(counts)


@pytest.mark.skipif(sys.platform == "win32", reason="no such alarm")
def test_a_case_that_takes_too_long_is_told_by_its_number():
    result = fuzz("--count", "1", "--first", "20", "--limit", "0.0001")
    assert result.returncode == 1
    assert "case 20:" in result.stdout
    assert "SlowError" in result.stdout

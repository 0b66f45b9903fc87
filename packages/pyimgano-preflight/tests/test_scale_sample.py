"""A small sample of `benchmarks/scale.py`: what it makes up is sound, and it prints a row for each step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks/scale.py"


@pytest.mark.skipif(sys.platform == "win32", reason="tells no peak of memory")
def test_a_thousand_records_are_measured_in_every_step(tmp_path):
    command = [sys.executable, SCRIPT, "--records", "1000", "--folder", tmp_path]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|")[1:-1] for line in output.splitlines() if line.startswith("|")][2:]
    issues = [int(row[-1]) for row in rows]
    assert len(rows) == 4
    assert issues[:3] == [0, 0, 0]
    assert issues[3] >= 15  # of each category: some records have no group
    assert [float(row[2]) > 0 for row in rows[1:]] == [True, True, True]  # microseconds for a record

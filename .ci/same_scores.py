# ruff: noqa: INP001 - a script, not a package
"""Compare predictions with the per-image files of a run: every score and label must be equal as printed.

Usage: same_scores.py PREDICTIONS PER_IMAGE...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return a JSONL file's objects; numbers stay as they are printed."""
    text = path.read_text(encoding="utf-8")
    return [json.loads(line, parse_float=str) for line in text.splitlines()]


def main(predictions: Path, runs: list[Path]) -> int:
    """Print what differs, and return the exit code."""
    found = {(line["category"], line["input"]): line for line in read_lines(predictions)}
    expected = [line for path in runs for line in read_lines(path)]
    different = [
        (line["category"], line["input"], key)
        for line in expected
        for key in ("score", "threshold", "label")
        if found.get((line["category"], line["input"]), {}).get(key) != line[key]
    ]
    for difference in different[:10]:
        sys.stderr.write(f"different: {difference}\n")
    sys.stdout.write(f"{len(expected)} images compared, {len(different)} differences\n")
    return 1 if different or not expected else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))

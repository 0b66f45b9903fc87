"""What a fit of PatchCore costs, step by step, beside anomalib's; and how fast its graph scores.

Prints Markdown: CPU seconds of one thread for the backbone's forward passes, for the coreset with all
bookkeeping, and for the export; the peak memory with the images and with ten times as many, beside the
prediction; and images per CPU second of the exported graph against the same detector in eager torch. The
images are drawn on the spot, and both programs load the same random ResNet-18, since neither cost depends on
the weights; `dictionary` has its default features. anomalib is taken from another environment, which has it.
On Linux:

    uv venv peers && uv pip install --python peers/bin/python anomalib
    uv run python packages/pyimgano-core/benchmarks/fit.py --peers peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

COST = Path(__file__).with_name("fit_cost.py")
DETECTORS = ("dictionary", "patchcore", "padim", "subspace")


def measure(python: str, *arguments: str | int | Path) -> dict[str, Any] | None:
    """Run `fit_cost.py` in a process of its own; None where it can't run."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [python, str(COST), *map(str, arguments)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        return None
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    print(command[2:], found, file=sys.stderr)
    return found


def print_steps(rows: dict[str, dict[str, Any] | None]) -> None:
    """Print the CPU seconds of each program's steps."""
    print("\n| program | forward passes | coreset and bookkeeping | of the forward passes | export |")
    print("|---|---|---|---|---|")
    for name, row in rows.items():
        if row is None:
            print(f"| {name} | not installed | | | |")
            continue
        export = "" if row["export"] is None else f"{row['export']:.1f} s"
        share = row["coreset"] / row["forward"]
        print(f"| {name} | {row['forward']:.2f} s | {row['coreset']:.2f} s | {share:.2f} | {export} |")


def print_memory(counts: tuple[int, int], weights: Path) -> None:
    """Print each detector's peak memory for two numbers of images, and what was predicted."""
    print(f"\n| detector | peak, {counts[0]} images | peak, {counts[1]} images | predicted | model |")
    print("|---|---|---|---|---|")
    for detector in DETECTORS:
        few, many = (measure(sys.executable, detector, count, weights) for count in counts)
        assert few is not None
        assert many is not None
        peaks = f"{few['peak_mb']:.0f} MB | {many['peak_mb']:.0f} MB | {many['predicted_mb']:.0f} MB"
        print(f"| `{detector}` | {peaks} | {many['model_mb']:.1f} MB |")


def print_scoring(weights: Path) -> None:
    """Print images per CPU second through the graph and in eager torch."""
    print("\n| detector | graph, images per CPU second | eager torch | ratio |")
    print("|---|---|---|---|")
    for detector in DETECTORS:
        row = measure(sys.executable, detector, 40, weights, "--score")
        assert row is not None
        graph, eager = row["graph_rate"], row["eager_rate"]
        print(f"| `{detector}` | {graph:.1f} | {eager:.1f} | {graph / eager:.2f} |")


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--peers", help="the Python of an environment with anomalib")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "resnet18.pth"
        measure(sys.executable, "weights", 0, weights)
        rows = {"pyimgano": measure(sys.executable, "patchcore", options.images, weights)}
        if options.peers:
            rows["anomalib"] = measure(options.peers, "anomalib", options.images, weights)
        print_steps(rows)
        print_memory((options.images, 10 * options.images), weights)
        print_scoring(weights)


if __name__ == "__main__":
    main()

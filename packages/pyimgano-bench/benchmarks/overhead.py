"""What the benchmark adds to the bare pipeline, in CPU seconds: `pyimgano-benchmark` against a plain loop.

The loop is `prepare_dataset` and `run_category` for each detector and category, which keeps nothing. Both run
as processes of their own, in turns, on the demo data; their accuracy must be the same to the last digit. The
command's worker processes count too.

    uv run python packages/pyimgano-bench/benchmarks/overhead.py --rounds 4
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from pyimgano_core.contracts.config import DatasetConfig, FeaturesConfig, ModelConfig, RunConfig
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

DETECTORS = ("dictionary", "patchcore", "padim", "subspace")
COMMAND = Path(sys.executable).with_name("pyimgano-benchmark")
BACKBONE = "filters"

Accuracy = dict[str, float | None]


def run_bare(detectors: list[str]) -> Accuracy:
    """Run the loop and return image AUROC by detector and category."""
    found: Accuracy = {}
    dataset = DatasetConfig(name="demo")
    prepared = prepare_dataset(RunConfig(dataset=dataset), Path(), SilentProgress())
    for category in prepared.categories:
        for name in detectors:
            model = ModelConfig(name=name, features=FeaturesConfig(backbone=BACKBONE))
            config = RunConfig(dataset=dataset, model=model)
            run = run_category(category, prepared, config, Path(), SilentProgress())
            found[f"{name} {category.split.category}"] = run.report.results.auroc
    return found


def time_bare(detectors: list[str]) -> tuple[float, Accuracy]:
    """Return CPU seconds of the loop in a process of its own, and what it found."""
    seconds, out = cpu_seconds([sys.executable, __file__, "--bare", "--detectors", *detectors])
    return seconds, json.loads(out)


def time_command(detectors: list[str]) -> tuple[float, Accuracy]:
    """Return CPU seconds of the command with all its processes, and what it found."""
    chosen = [word for name in detectors for word in ("--detector", name)]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--dataset", "demo", "--backbone", BACKBONE, *chosen, "--output-dir", folder, "--json"]
        seconds, out = cpu_seconds([str(COMMAND), *options])
    rows = json.loads(out)["rows"]
    return seconds, {f"{row['detector']} {row['category']}": row["image_auroc"] for row in rows}


def cpu_seconds(command: list[str]) -> tuple[float, str]:
    """Return user and system time of a command and of the processes that it waited for, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def compare(detectors: list[str], rounds: int) -> None:
    """Run both sides in turns, forwards and backwards, and print the ratio."""
    times: dict[str, list[float]] = {"bare": [], "command": []}
    sides = {"bare": time_bare, "command": time_command}
    for number in range(rounds):
        found = {}
        for name in sides if number % 2 == 0 else reversed(sides):
            seconds, found[name] = sides[name](detectors)
            times[name].append(seconds)
            print(f"round {number + 1}: {name} {seconds:.2f} CPU s", file=sys.stderr, flush=True)
        assert found["bare"] == found["command"], "the two sides differ in what they found"
    ratios = [ours / bare for ours, bare in zip(times["command"], times["bare"], strict=True)]
    added = 100 * (median(ratios) - 1)
    print(f"bare pipeline {median(times['bare']):.2f} CPU s, command {median(times['command']):.2f} CPU s")
    print(f"overhead {added:+.1f} % (rounds: {', '.join(f'{100 * (ratio - 1):+.1f}' for ratio in ratios)})")


def main() -> None:
    """Run the comparison, or one side of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(run_bare(options.detectors)))
    else:
        compare(options.detectors, options.rounds)


if __name__ == "__main__":
    main()

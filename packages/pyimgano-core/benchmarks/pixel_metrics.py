"""How much less CPU and memory the pixel metrics take than scikit-learn, anomalib and adeval.

Prints, per side of the maps, a Markdown table of CPU seconds of one thread, their ratios to ours, the peak
memory that each contender adds to that of the maps themselves, and how far its values are from ours. Each
runs in a process of its own, on the same maps, the best of three where it takes less than ten seconds;
`np.sort` of the same scores stands for the least that an exact method could hope for. anomalib and adeval are
taken from another environment, which has them. On Linux:

    uv venv peers && uv pip install --python peers/bin/python anomalib adeval
    uv run python packages/pyimgano-core/benchmarks/pixel_metrics.py --peers peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pixel_contenders import CONTENDERS, METRICS, Maps, Masks, Measured

CONTENDER = Path(__file__).with_name("pixel_contenders.py")
OURS, SORT = "pyimgano", "np.sort of the scores"
STANDARD = (
    "scikit-learn AUROC",
    "scikit-learn average precision",
    "scikit-learn F1-max",
    "exact AUPRO by argsort",
)
SUM = "scikit-learn + exact AUPRO"


def make_maps(n_images: int, side: int, seed: int = 0) -> tuple[Maps, Masks]:
    """Return score maps (N, side, side) float32 and masks; 40 % of the images have elliptic defects."""
    rng = np.random.default_rng(seed)
    maps = np.empty((n_images, side, side), np.float32)
    masks = np.zeros(maps.shape, bool)
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j].astype(np.float32)
    for index in range(n_images):
        coarse = rng.standard_normal((16, 16), np.float32).repeat(side // 16, 0).repeat(side // 16, 1)
        maps[index] = coarse + 0.3 * rng.standard_normal((side, side), np.float32)
        for _ in range(2 if index % 5 < 2 else 0):
            (cy, cx), (ry, rx) = rng.random(2), rng.uniform(0.04, 0.1, 2)
            masks[index] |= ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1
        maps[index][masks[index]] += 1.5
    return maps, masks


def interpreter(peer: str | None, peers: str | None) -> str | None:
    """Return the Python that has the package `peer`, or None where there is none."""
    if not peer:
        return sys.executable
    if not peers:
        return None
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({peer!r}) is None)"
    return None if subprocess.run([peers, "-c", look], check=False).returncode else peers


def run(folder: Path, peers: str | None) -> dict[str, Measured | None]:
    """Measure every contender, each after the last has ended; what is not installed gives None."""
    measured: dict[str, Measured | None] = {}
    for name, contender in CONTENDERS.items():
        python = interpreter(contender.peer, peers)
        if not python:
            measured[name] = None
            continue
        entry = run_one(python, name, folder)
        again = 2 if entry["seconds"] < 10 else 0
        entries = [entry, *(run_one(python, name, folder) for _ in range(again))]
        measured[name] = min(entries, key=lambda entry: entry["seconds"])
        print(f"{name}: {measured[name]}", file=sys.stderr)
    return measured


def run_one(python: str, name: str, folder: Path) -> Measured:
    """Measure one contender in a process of its own, on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [python, str(CONTENDER), name, str(folder)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE)
    measured: Measured = json.loads(done.stdout)
    return measured


def add_up(entries: list[Measured]) -> Measured:
    """Return what several contenders take and give, one after the other."""
    return {
        "seconds": sum(entry["seconds"] for entry in entries),
        "megabytes": max(entry["megabytes"] for entry in entries),
        "values": {name: value for entry in entries for name, value in entry["values"].items()},
        "bounds": {},
    }


def print_table(measured: dict[str, Measured | None]) -> None:
    """Print the measurements as a Markdown table: our values, and how far the others are from them."""
    ours = measured[OURS]
    assert ours
    print(f"| what | CPU s | times ours | added MB | {' | '.join(METRICS)} | |")
    print(f"|---|{'--:|' * 7}---|")
    for name, entry in measured.items():
        if not entry:
            print(f"| {name} | not installed |{' |' * 7}")
            continue
        ratio = entry["seconds"] / ours["seconds"]
        cost = f"{entry['seconds']:.2f} | {ratio:.2f} | {entry['megabytes']:.0f}"
        values = " | ".join(print_value(entry, ours, metric) for metric in METRICS)
        print(f"| {name} | {cost} | {values} | {'exact' if name == SUM else CONTENDERS[name].exactness} |")


def print_value(entry: Measured, ours: Measured, metric: str) -> str:
    """Return our value, or what is to be added to it for another's and the error bound that this has."""
    if metric not in entry["values"]:
        return ""
    if entry is ours:
        return f"{entry['values'][metric]:.6f}"
    gap = entry["values"][metric] - ours["values"][metric]
    shown = f"{gap:+.0e}" if gap else "0"
    return f"{shown} ± {entry['bounds'][metric]:.0e}" if metric in entry["bounds"] else shown


def print_floor(measured: dict[str, Measured | None]) -> None:
    """Print how far the exact metrics are from the floor."""
    ours, floor = measured[OURS], measured[SORT]
    assert ours
    assert floor
    ratio = ours["seconds"] / floor["seconds"]
    print(
        f"\nThe floor: np.sort takes {floor['seconds']:.2f} s; ours takes {ratio:.2f} times as long.",
        flush=True,
    )


def main() -> None:
    """Measure every side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 1024], help="multiples of 16, from 64")
    parser.add_argument("--peers", help="a Python that has anomalib, adeval or both")
    asked = parser.parse_args()
    for side in asked.sides:
        with tempfile.TemporaryDirectory() as folder:
            maps, masks = make_maps(asked.images, side)
            np.save(Path(folder) / "maps.npy", maps)
            np.save(Path(folder) / "masks.npy", masks)
            share = masks.mean()
            del maps, masks
            measured = run(Path(folder), asked.peers)
        measured[SUM] = add_up([entry for name in STANDARD if (entry := measured[name])])
        print(f"\n{asked.images} maps of {side}x{side}, {share:.1%} of the pixels on defects\n")
        print_table(measured)
        print_floor(measured)


if __name__ == "__main__":
    main()

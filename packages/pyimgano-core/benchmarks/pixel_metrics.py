"""How much less CPU and memory the pixel metrics take than scikit-learn with a standard exact AUPRO.

Prints, per side of the maps, a Markdown table of CPU seconds of one thread, their ratios to ours, and the
peak memory that each contender adds to that of the maps themselves. Each contender runs in a process of its
own, on the same maps; `np.sort` of the same scores stands for the least that an exact method could hope for.

    uv run python packages/pyimgano-core/benchmarks/pixel_metrics.py --sides 256 1024
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pyimgano_core.components import label_regions
from pyimgano_core.metrics import PixelAccumulator

if TYPE_CHECKING:
    from collections.abc import Callable

Maps: TypeAlias = npt.NDArray[np.float32]  # (N, H, W)
Masks: TypeAlias = npt.NDArray[np.bool_]  # (N, H, W)

LIMIT = 0.3
OURS, SORT, ARGSORT = "pyimgano, all four", "np.sort of the scores", "exact AUPRO by argsort"
SUM = "scikit-learn + exact AUPRO, all four"


class Measured(TypedDict):
    """What a contender took and gave."""

    seconds: float
    megabytes: float
    values: list[float]


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


def ours(maps: Maps, masks: Masks) -> list[float]:
    """All four metrics, image by image."""
    accumulator = PixelAccumulator(LIMIT)
    for scores, mask in zip(maps, masks, strict=True):
        accumulator.update(scores, mask)
    result = accumulator.result()
    metrics = (result.pixel_auroc, result.pixel_average_precision, result.pixel_f1_max, result.aupro)
    return [metric.value for metric in metrics if metric.value is not None]


def sklearn_auroc(maps: Maps, masks: Masks) -> list[float]:
    """Area under the ROC curve."""
    return [roc_auc_score(masks.ravel(), maps.ravel())]


def sklearn_precision(maps: Maps, masks: Masks) -> list[float]:
    """Average precision."""
    return [average_precision_score(masks.ravel(), maps.ravel())]


def sklearn_f1(maps: Maps, masks: Masks) -> list[float]:
    """Largest F1 of the precision-recall curve."""
    precision, recall, _ = precision_recall_curve(masks.ravel(), maps.ravel())
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return [float(f1.max())]


def argsort_aupro(maps: Maps, masks: Masks) -> list[float]:
    """AUPRO by one argsort of all pixels, one curve point per distinct score, interpolated at the limit."""
    weights = np.zeros(maps.shape)  # each region's pixels sum to 1
    n_regions = 0
    for weight, mask in zip(weights, masks, strict=True):
        labels, count = label_regions(mask)
        weight[mask] = (1 / np.bincount(labels[mask], minlength=count + 1).clip(1))[labels[mask]]
        n_regions += count
    order = np.argsort(maps.ravel())[::-1]
    scores = maps.ravel()[order]
    last = np.append(scores[1:] != scores[:-1], True)  # the lowest score ends its tie
    negative = ~masks.ravel()[order]
    fpr = np.append(0, negative.cumsum()[last] / negative.sum())
    overlap = np.append(0, weights.ravel()[order].cumsum()[last] / n_regions)
    end = int(np.searchsorted(fpr, LIMIT, side="right"))
    at_limit = np.interp(LIMIT, fpr, overlap)
    area = np.trapezoid(np.append(overlap[:end], at_limit), np.append(fpr[:end], LIMIT))
    return [float(area) / LIMIT]


def sort(maps: Maps, _masks: Masks) -> list[float]:
    """Sort a copy of all scores."""
    np.sort(maps.ravel())
    return []


CONTENDERS: dict[str, Callable[[Maps, Masks], list[float]]] = {
    OURS: ours,
    SORT: sort,
    "scikit-learn AUROC": sklearn_auroc,
    "scikit-learn average precision": sklearn_precision,
    "scikit-learn F1-max": sklearn_f1,
    ARGSORT: argsort_aupro,
}


def measure(name: str, folder: Path) -> Measured:
    """Return what one contender gives and takes, in this process."""
    maps, masks = np.load(folder / "maps.npy"), np.load(folder / "masks.npy")
    CONTENDERS[name](maps[:1, :64, :64], masks[:1, :64, :64] | np.eye(64, dtype=bool))  # imports, caches
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    values = CONTENDERS[name](maps, masks)
    seconds = time.process_time() - start
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    return {"seconds": seconds, "megabytes": added / 1024, "values": [float(value) for value in values]}


def run(folder: Path) -> dict[str, Measured]:
    """Measure every contender in a process of its own, each after the last has ended."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    measured: dict[str, Measured] = {}
    for name in CONTENDERS:
        command = [sys.executable, __file__, "--contender", name, "--folder", str(folder)]
        done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE)
        measured[name] = json.loads(done.stdout)
        print(f"{name}: {measured[name]}", file=sys.stderr)
    others = [entry for name, entry in measured.items() if name not in {OURS, SORT}]
    measured[SUM] = {
        "seconds": sum(entry["seconds"] for entry in others),
        "megabytes": max(entry["megabytes"] for entry in others),
        "values": [value for entry in others for value in entry["values"]],
    }
    return measured


def print_table(measured: dict[str, Measured], n_images: int, side: int, share: float) -> None:
    """Print the measurements as a Markdown table and how far the values of both sides are apart."""
    print(f"\n{n_images} maps of {side}x{side}, {share:.1%} of the pixels on defects\n")
    print("| what | CPU s | times ours | added memory, MB |\n|---|--:|--:|--:|")
    for name, entry in measured.items():
        ratio = entry["seconds"] / measured[OURS]["seconds"]
        print(f"| {name} | {entry['seconds']:.2f} | {ratio:.2f} | {entry['megabytes']:.0f} |")
    gap = np.abs(np.subtract(measured[OURS]["values"], measured[SUM]["values"])).max()
    print(f"\nLargest difference of a value: {gap:.1e}", flush=True)


def main() -> None:
    """Measure every side, or be the process of one contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 1024], help="multiples of 16, from 64")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        print(json.dumps(measure(asked.contender, asked.folder)))
        return
    for side in asked.sides:
        with tempfile.TemporaryDirectory() as folder:
            maps, masks = make_maps(asked.images, side)
            np.save(Path(folder) / "maps.npy", maps)
            np.save(Path(folder) / "masks.npy", masks)
            share = masks.mean()
            del maps, masks
            print_table(run(Path(folder)), asked.images, side, share)


if __name__ == "__main__":
    main()

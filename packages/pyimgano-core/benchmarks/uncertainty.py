"""What intervals cost, and how far a sketch is from the exact metrics: prints two tables in Markdown.

Run `python packages/pyimgano-core/benchmarks/uncertainty.py`; set OMP_NUM_THREADS=1 to time one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pyimgano_core.metrics import (
    PixelAccumulator,
    ScoredImage,
    bootstrap,
    bootstrap_difference,
    load_sketch,
    make_sketch,
    save_sketch,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def make_images(count: int, side: int, seed: int) -> list[ScoredImage]:
    """Return noise maps, every second one with three brighter rectangles under its mask."""
    rng = np.random.default_rng(seed)
    images = []
    for index in range(count):
        mask = np.zeros((side, side), np.bool_)
        for _ in range(3 * (index % 2)):
            (top, left), (height, width) = rng.integers(0, side * 7 // 8, 2), rng.integers(4, side // 8, 2)
            mask[top : top + height, left : left + width] = True
        scores = (rng.normal(size=mask.shape) + 1.5 * mask + 0.3 * rng.normal()).astype(np.float32)
        image = ScoredImage(
            name=str(index), score=float(scores.max()), anomalous=bool(index % 2), scores=scores, mask=mask
        )
        images.append(image)
    return images


def timed(step: str, call: Callable[[], T]) -> T:
    """Print the time of `call` as a row of the table and return its result."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = call()
    print(f"| {step} | {time.process_time() - cpu:.2f} | {time.perf_counter() - wall:.2f} |")
    return result


def exact_metrics(images: list[ScoredImage]) -> dict[str, float | None]:
    """Return the exact pixel metrics by the names that a sketch gives them."""
    accumulator = PixelAccumulator()
    for image in images:
        if image.scores is not None and image.mask is not None:
            accumulator.update(image.scores, image.mask)
    result = accumulator.result()
    names = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro")
    return {name: getattr(result, name).value for name in names}


def main() -> None:
    """Time each step and compare the sketch with the exact metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--replicates", type=int, default=1000)
    options = parser.parse_args()
    images = make_images(options.images, options.side, seed=0)
    print(f"{options.images} maps of {options.side}x{options.side}, {options.replicates} replicates\n")
    print("| step | CPU s | wall s |\n|---|---|---|")
    exact = timed("exact pixel metrics", lambda: exact_metrics(images))
    sketch = timed("sketch", lambda: make_sketch(images))
    estimates = timed(
        "bootstrap of seven metrics", lambda: bootstrap(sketch, seed=0, replicates=options.replicates)
    )
    timed(
        "paired bootstrap",
        lambda: bootstrap_difference(sketch, sketch, seed=0, replicates=options.replicates),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sketch.npz"
        timed("save", lambda: save_sketch(path, sketch))
        timed("load", lambda: load_sketch(path))
        print(f"\nThe file has {path.stat().st_size / 1e6:.2f} MB.\n")
    print("| metric | sketch | less exact | low | high |\n|---|---|---|---|---|")
    for name, estimate in estimates.items():
        value, known = estimate.metric.value, exact.get(name)
        bias = f"{value - known:.1e}" if value is not None and known is not None else ""
        low, high = estimate.interval.low, estimate.interval.high
        print(f"| {name} | {value:.5f} | {bias} | {low:.4f} | {high:.4f} |")


if __name__ == "__main__":
    main()

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
    PixelDecisionAccumulator,
    ScoredImage,
    SketchAccumulator,
    auroc,
    average_precision,
    bootstrap,
    bootstrap_difference,
    f1_max,
    fpr_at_tpr,
    load_sketch,
    normals_passed,
    save_sketch,
    sketch_metrics,
    tpr_at_fpr,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyimgano_core.contracts.metric import MetricValue
    from pyimgano_core.metrics import Estimate, Sketch

T = TypeVar("T")
SATURATION = 0.3
FEWER_EDGES = 838  # those of 10,000 images


def make_images(count: int, side: int, seed: int, contrast: float) -> list[ScoredImage]:
    """Return noise maps, every second one with three rectangles under its mask, brighter by `contrast`."""
    rng = np.random.default_rng(seed)
    images = []
    for index in range(count):
        mask = np.zeros((side, side), np.bool_)
        for _ in range(3 * (index % 2)):
            (top, left), (height, width) = rng.integers(0, side * 7 // 8, 2), rng.integers(4, side // 8, 2)
            mask[top : top + height, left : left + width] = True
        scores = (rng.normal(size=mask.shape) + contrast * mask + 0.3 * rng.normal()).astype(np.float32)
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


def make_sketch(images: list[ScoredImage], threshold: float, edges: int) -> Sketch:
    """Return the sketch that holds all metrics."""
    accumulator = SketchAccumulator(pixel_threshold=threshold, saturation=SATURATION, edges=edges)
    for image in images:
        accumulator.update(image)
    return accumulator.result()


def exact_metrics(images: list[ScoredImage], threshold: float) -> dict[str, float | None]:
    """Return the exact metrics by the names that a sketch gives them."""
    accumulator = PixelAccumulator(saturation=SATURATION, aupimo_limits=(1e-5, 1e-4))
    decisions = PixelDecisionAccumulator(threshold)
    for image in images:
        if image.scores is not None and image.mask is not None:
            accumulator.update(image.scores, image.mask, name=image.name)
            decisions.update(image.scores, image.mask)
    result, decided = accumulator.result(), decisions.result()
    scores, labels = [image.score for image in images], [image.anomalous for image in images]
    of_images = (auroc, average_precision, f1_max, tpr_at_fpr, fpr_at_tpr, normals_passed)
    metrics = {metric.__name__: metric(scores, labels) for metric in of_images}
    of_pixels = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro", "au_spro")
    metrics |= {name: getattr(result, name) for name in of_pixels}
    metrics |= {"pixel_pro": decided.pro, "pixel_iou": decided.iou, "pixel_f1": decided.f1}
    values = {name: metric.value for name, metric in metrics.items()}
    return values if result.aupimo is None else values | {"aupimo": result.aupimo.mean.value}


def print_table(rows: Iterable[tuple[str, float | None, Estimate, MetricValue]]) -> None:
    """Print each metric, how far sketches of many and of few edges are from it, and its interval."""
    print(f"| metric | exact | sketch less exact | with {FEWER_EDGES} edges | low | high |")
    print("|---|---|---|---|---|---|")
    for name, known, estimate, coarse in rows:
        biases = [
            None if known is None or metric.value is None else metric.value - known
            for metric in (estimate.metric, coarse)
        ]
        numbers = [known, *biases, estimate.interval.low, estimate.interval.high]
        shown = [
            "" if value is None else format(value, form)
            for value, form in zip(numbers, (".5f", ".0e", ".0e", ".4f", ".4f"), strict=True)
        ]
        print(f"| {name} | {' | '.join(shown)} |")


def main() -> None:
    """Time each step and compare the sketch with the exact metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--contrast", type=float, default=2.0)
    options = parser.parse_args()
    images = make_images(options.images, options.side, seed=0, contrast=options.contrast)
    threshold = options.contrast
    make_sketch(images[:2], threshold, edges=2)  # imports scikit-image
    print(f"{options.images} maps of {options.side}x{options.side}, {options.replicates} replicates\n")
    print("| step | CPU s | wall s |\n|---|---|---|")
    exact = timed("exact metrics", lambda: exact_metrics(images, threshold))
    sketch = timed("sketch", lambda: make_sketch(images, threshold, edges=4096))
    estimates = timed(
        "bootstrap of all metrics", lambda: bootstrap(sketch, seed=0, replicates=options.replicates)
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
    coarse = sketch_metrics(make_sketch(images, threshold, FEWER_EDGES))
    print_table((name, exact[name], estimate, coarse[name]) for name, estimate in estimates.items())


if __name__ == "__main__":
    main()

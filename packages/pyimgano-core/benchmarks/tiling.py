"""Tiling at the images' own resolution against one resized image: pixel metrics by defect size, and cost.

Prints a Markdown table. Small, medium and large are terciles of the defects' areas; where one is measured,
the pixels of the others do not count.

    python benchmarks/tiling.py DATA/ballscrew_pitting --weights WEIGHTS/resnet18.pth
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from attrs import define, evolve

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    FeaturesConfig,
    ModelConfig,
    RunConfig,
    SplitPolicy,
    TilingConfig,
)
from pyimgano_core.contracts.prediction import StoredArray
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.images import read_mask
from pyimgano_core.metrics import PixelAccumulator
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring.files import score_file

LIMITS = (0.3, 0.05)
TIMED = 12  # images
SIZES = ("all", "small", "medium", "large")
ROWS = {
    "resized": None,
    "tiles at half scale": TilingConfig(scale=0.5),
    "tiles at native scale": TilingConfig(),
}


@define(frozen=True, kw_only=True)
class Measured:
    """Accumulators by defect size and limit, and the CPU seconds of a fit and of an image."""

    pixels: dict[tuple[str, float], PixelAccumulator]
    image_auroc: float
    fit_seconds: float
    image_seconds: float
    model_megabytes: float


class SizeMetrics:
    """Takes the maps of test images as they pass."""

    def __init__(self, bounds: tuple[float, float]) -> None:
        self._bounds = bounds
        self.pixels = {(size, limit): PixelAccumulator(limit) for size in SIZES for limit in LIMITS}

    def __call__(self, index, sample, anomaly_map):  # noqa: ANN001, ANN204 - a MapSink
        """Measure a map (H, W)."""
        anomalous = sample.record.label == ANOMALOUS
        mask = read_mask(sample.mask) if anomalous else np.zeros(anomaly_map.shape, np.bool_)
        labels, count = label_regions(mask)
        areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        group = np.digitize(areas, self._bounds)  # (R,) 0 to 2
        for (size, _), accumulator in self.pixels.items():
            kept = mask
            if size != "all":
                kept = np.isin(labels, 1 + np.flatnonzero(group == SIZES.index(size) - 1))
            accumulator.update(anomaly_map, kept, anomalous=anomalous, counted=kept | ~mask)
        return StoredArray(path=str(index), shape=anomaly_map.shape, dtype="float32")


def every(lines, count):  # noqa: ANN001, ANN201 - lists of records
    """Return `count` of the lines, evenly spread."""
    picked = np.linspace(0, len(lines) - 1, min(count, len(lines))).round().astype(int)
    return [lines[number] for number in picked]


def write_subset(data: Path, folder: Path, train: int, normal: int, anomalous: int) -> None:
    """Write a manifest of so many train, normal and anomalous test images."""
    lines = [json.loads(line) for line in (data / "manifest.jsonl").read_text("utf-8").splitlines()]
    kinds = {("train", 0): train, ("test", 0): normal, ("test", 1): anomalous}
    subset = [
        line
        for (split, label), count in kinds.items()
        for line in every([row for row in lines if (row["split"], row["label"]) == (split, label)], count)
    ]
    text = "".join(json.dumps(line) + "\n" for line in subset)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")


class FitClock(SilentProgress):
    """Notes the CPU seconds at which the fit is over, which is when calibration begins."""

    def __init__(self) -> None:
        self._started = time.process_time()
        self.seconds = 0.0

    def track(self, items, label, total=None):  # noqa: ANN001, ANN201 - as its base
        """Return the items."""
        if label.endswith("calibration"):
            self.seconds = time.process_time() - self._started
        return super().track(items, label, total)


def measure(config: RunConfig) -> Measured:
    """Run one way of reading the images."""
    prepared = prepare_dataset(config, Path(), SilentProgress())
    [category] = prepared.categories
    sink, clock = SizeMetrics(_terciles(category.split.test)), FitClock()
    run = run_category(category, prepared, config, Path(), clock, map_sink=sink)
    tests = every(list(category.split.test), TIMED)
    scorer, before = OnnxScorer(run.graph.model), time.process_time()
    for sample in tests:
        score_file(sample.image, scorer=scorer, preprocessing=run.report.preprocessing)
    return Measured(
        pixels=sink.pixels,
        image_auroc=run.report.results.auroc,
        fit_seconds=clock.seconds,
        image_seconds=(time.process_time() - before) / len(tests),
        model_megabytes=len(run.graph.model) / 2**20,
    )


def _terciles(samples) -> tuple[float, float]:  # noqa: ANN001 - test samples
    masks = [read_mask(sample.mask) for sample in samples if sample.record.label == ANOMALOUS]
    areas = np.concatenate([np.bincount(label_regions(mask)[0].ravel())[1:] for mask in masks])
    small, medium = np.quantile(areas, (1 / 3, 2 / 3))
    return float(small), float(medium)


def report(found: dict[str, Measured]) -> None:
    """Print the tables."""
    print("| images | defects | regions | pixel AUROC | AUPRO(0.3) | AUPRO(0.05) |")
    print("|---|---|---|---|---|---|")
    for name, measured in found.items():
        for size in SIZES:
            wide, narrow = (measured.pixels[size, limit].result() for limit in LIMITS)
            values = (wide.pixel_auroc.value, wide.aupro.value, narrow.aupro.value)
            numbers = " | ".join(f"{value:.4f}" for value in values)
            print(f"| {name} | {size} | {wide.n_regions} | {numbers} |")
    print("\n| images | fit, CPU s | an image, CPU s | model, MiB | image AUROC |\n|---|---|---|---|---|")
    for name, measured in found.items():
        costs = f"{measured.fit_seconds:.0f} | {measured.image_seconds:.2f} | {measured.model_megabytes:.0f}"
        print(f"| {name} | {costs} | {measured.image_auroc:.4f} |")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a folder with manifest.jsonl and masks")
    parser.add_argument("--weights", required=True, help="of a ResNet-18")
    parser.add_argument("--counts", type=int, nargs=3, default=(60, 40, 80), metavar="N", help="of images")
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    arguments = parser.parse_args()
    features = FeaturesConfig(
        backbone="resnet18", weights=str(Path(arguments.weights).absolute()), layers=("layer2", "layer3")
    )
    with tempfile.TemporaryDirectory() as folder:
        dataset = DatasetConfig(
            manifest_path=str(Path(folder) / "manifest.jsonl"),
            root=str(arguments.data.absolute()),
            split_policy=SplitPolicy(group_conflict="allow"),
        )
        config = RunConfig(
            dataset=dataset,
            model=ModelConfig(name="patchcore", device="cpu", features=features),
            evaluation=EvaluationConfig(pixel_metrics=False, bootstrap_replicates=0),
        )
        write_subset(arguments.data, Path(folder), 3, 1, 2)
        measure(config)  # imports are nobody's cost
        write_subset(arguments.data, Path(folder), *arguments.counts)
        found = {
            name: measure(evolve(config, dataset=evolve(dataset, tiling=ROWS[name])))
            for name in arguments.rows
        }
        report(found)


if __name__ == "__main__":
    main()

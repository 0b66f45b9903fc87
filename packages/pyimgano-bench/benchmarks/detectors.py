"""Accuracy and cost of every built-in detector, on the demo data or on data of your own.

Prints two Markdown tables. The first has image AUROC / pixel AUROC / AUPRO(0.3) per category, at the run's
defaults and one seed. The second has means over the categories: CPU seconds of a fit, with the check of the
graph but without its export, which is paid once per run; images per CPU second, with reading them; and the
model's size.

    uv run python packages/pyimgano-bench/benchmarks/detectors.py --weights resnet18.pth
    uv run python packages/pyimgano-bench/benchmarks/detectors.py --data data/cookies --detectors patchcore
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, TypeVar

import timm  # noqa: F401 - its import, and torch's, is no part of a fit
from attrs import define, evolve

from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    FeaturesConfig,
    ModelConfig,
    RunConfig,
    SplitPolicy,
)
from pyimgano_core.pipeline import CategoryRun, run_category
from pyimgano_core.preparation import Prepared, PreparedCategory, prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring.files import score_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

DETECTORS = ("dictionary", "patchcore", "padim", "subspace")
FEATURES = ("filters", "dictionary")
RESNET18 = "resnet18"
LAYERS = ("layer2", "layer3")
TIMED = 16  # images
UNKNOWN = "-"


@define(frozen=True, kw_only=True)
class Measured:
    """Accuracy of a category, None where undefined; CPU seconds of the fit and of an image; 10^6 bytes."""

    accuracy: tuple[float | None, float | None, float | None]
    fit_seconds: float
    image_seconds: float
    model_megabytes: float


class FitClock(SilentProgress):
    """Notes the CPU seconds at the end of the fit, which is when calibration begins, without the export."""

    def __init__(self) -> None:
        self._started = time.process_time()
        self.seconds = 0.0

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield the items; see `Progress.track`."""
        if label.endswith("calibration"):
            self.seconds = time.process_time() - self._started
        started = time.process_time()
        yield from super().track(items, label, total)
        if label.startswith("export"):
            self._started += time.process_time() - started


def measure(category: PreparedCategory, prepared: Prepared, config: RunConfig) -> Measured:
    """Run one detector on one category."""
    clock = FitClock()
    run = run_category(category, prepared, config, Path(), clock)
    tests = category.split.test[:TIMED]
    scorer, started = OnnxScorer(run.graph.model), time.process_time()
    for sample in tests:
        score_file(sample.image, scorer=scorer, preprocessing=run.report.preprocessing)
    return Measured(
        accuracy=_accuracy(run),
        fit_seconds=clock.seconds,
        image_seconds=(time.process_time() - started) / len(tests),
        model_megabytes=len(run.graph.model) / 1e6,
    )


def _accuracy(run: CategoryRun) -> tuple[float | None, float | None, float | None]:
    results = run.report.results
    pixels = results.pixel_metrics
    return (
        results.auroc,
        None if pixels is None else pixels.pixel_auroc,
        None if pixels is None else pixels.aupro,
    )


def datasets(folders: list[Path], resize: tuple[int, int]) -> list[DatasetConfig]:
    """Return the demo data, or the folders with a `manifest.jsonl` each."""
    if not folders:
        return [DatasetConfig(name="demo", resize=resize)]
    lenient = SplitPolicy(group_conflict="allow", leakage="allow")
    return [
        DatasetConfig(
            manifest_path=str(folder.absolute() / "manifest.jsonl"), resize=resize, split_policy=lenient
        )
        for folder in folders
    ]


def contenders(
    names: list[str], kinds: list[str], weights: Path | None
) -> dict[tuple[str, str], ModelConfig]:
    """Return the models by features and detector."""
    features = {kind: FeaturesConfig(backbone=kind) for kind in kinds}
    if weights is not None:
        features[RESNET18] = FeaturesConfig(backbone=RESNET18, weights=str(weights.absolute()), layers=LAYERS)
    return {
        (kind, name): ModelConfig(name=name, device="cpu", features=chosen)
        for kind, chosen in features.items()
        for name in names
    }


def measure_all(
    models: dict[tuple[str, str], ModelConfig], data: list[DatasetConfig]
) -> dict[tuple[str, str], dict[str, Measured]]:
    """Return what was measured, by model and category."""
    found: dict[tuple[str, str], dict[str, Measured]] = {key: {} for key in models}
    evaluation = EvaluationConfig(pixel_subset="masked", bootstrap_replicates=0)
    for dataset in data:
        config = RunConfig(dataset=dataset, evaluation=evaluation)
        prepared = prepare_dataset(config, Path(), SilentProgress())
        for key, model in models.items():
            for category in prepared.categories:
                measured = measure(category, prepared, evolve(config, model=model))
                found[key][category.split.category] = measured
                print(*key, category.split.category, measured, file=sys.stderr, flush=True)
    return found


def report(found: dict[tuple[str, str], dict[str, Measured]]) -> None:
    """Print the tables."""
    categories = list(dict.fromkeys(name for row in found.values() for name in row))
    columns = [*categories, "mean"] if len(categories) > 1 else categories
    _print_line(["features", "detector", *columns])
    _print_line(["---"] * (2 + len(columns)))
    for (features, detector), row in found.items():
        cells = [row[name].accuracy for name in categories]
        means = [_mean(column) for column in zip(*cells, strict=True)]
        shown = [*cells, means] if len(categories) > 1 else cells
        _print_line([features, f"`{detector}`", *(" / ".join(map(_number, cell)) for cell in shown)])
    print()
    _print_line(["features", "detector", "fit, CPU s", "images per CPU s", "model, MB"])
    _print_line(["---"] * 5)
    for (features, detector), row in found.items():
        fit, image, size = (
            mean(getattr(cell, name) for cell in row.values())
            for name in ("fit_seconds", "image_seconds", "model_megabytes")
        )
        _print_line([features, f"`{detector}`", f"{fit:.1f}", f"{1 / image:.0f}", f"{size:.2f}"])


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def _print_line(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="folders with a manifest.jsonl")
    parser.add_argument("--weights", type=Path, help="of a ResNet-18; without it there are no such rows")
    parser.add_argument("--features", nargs="*", choices=FEATURES, default=list(FEATURES))
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    parser.add_argument("--resize", type=int, nargs=2, default=(256, 256), metavar="N")
    options = parser.parse_args()
    models = contenders(options.detectors, options.features, options.weights)
    if os.environ.get("OMP_NUM_THREADS") != "1":
        print("note: with OMP_NUM_THREADS=1 CPU seconds are steadier", file=sys.stderr)
    report(measure_all(models, datasets(options.data, tuple(options.resize))))


if __name__ == "__main__":
    main()

"""Whether `compare` calls a planted loss, and calls nothing where two runs differ only by seed.

Runs the demo suite twice, with seeds 0 to 2 and 3 to 5, in the folder that is given; finished cells there are
kept. The first table compares the two runs. The second takes .02 of image AUROC from a detector in every
category of the first run, by noise on the recorded scores, new for each fit, and counts how often `compare`
calls the mean worse, against the first run (same seeds) and against the second (other seeds). The third has
the rates of verdicts over simulated categories, where the two sides are equal and where one lost something.

    nice uv run python packages/pyimgano-bench/benchmarks/judgement.py runs/judgement
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve

from pyimgano_bench.cell import CELLS, BenchCell, CellFile, cell_slug, write_cell
from pyimgano_bench.compare import compare_folders
from pyimgano_bench.compare._measure import Found, make_effect
from pyimgano_bench.compare._spread import Spread
from pyimgano_bench.compare._verdict import Rule, judge, judge_mean
from pyimgano_bench.results import BenchResults
from pyimgano_core.artifacts import read_artifact, sha256_file
from pyimgano_core.metrics import Sketch, SketchOptions, auroc, load_sketch, save_sketch

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_bench.compare import Judged

    Floats = npt.NDArray[np.float64]

SEEDS = {"first": (0, 1, 2), "second": (3, 4, 5)}
METRIC = "image_auroc"
LOSS = 0.02
MARGIN = 0.01
HALVINGS = 40


def run_suite(folder: Path, seeds: tuple[int, ...]) -> None:
    """Run the demo suite under some seeds; finished cells are kept."""
    command = Path(sys.executable).with_name("pyimgano-benchmark")
    chosen = [word for seed in seeds for word in ("--seed", str(seed))]
    subprocess.run(
        [command, "--suite", "demo", *chosen, "--output-dir", folder], check=True, stdout=sys.stderr
    )


def compare_means(contender: Path, baseline: Path, detector: str) -> Judged:
    """Return the verdict on a detector's mean image AUROC."""
    found = compare_folders(
        contender, baseline, detectors=[(detector, detector)], metrics=[METRIC], margin=MARGIN
    )
    return found.pairs[0].means[0]


def plant(source: Path, target: Path, detector: str, random: np.random.Generator) -> None:
    """Copy a benchmark's folder, with the loss in every cell of a detector."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for row in read_artifact(target / "results.json", BenchResults).rows:
        if row.detector == detector:
            slug = cell_slug(row.dataset, row.detector, row.category, row.seed)
            _plant_cell(target / CELLS, slug, random)


def _plant_cell(folder: Path, slug: str, random: np.random.Generator) -> None:
    cell = read_artifact(folder / f"{slug}.json", BenchCell)
    assert cell.report is not None
    assert cell.metric_sketch is not None
    path = folder / cell.metric_sketch.path
    sketch = load_sketch(path)
    worse = evolve(sketch, scores=_lose(sketch, random.normal(size=len(sketch.scores))))
    save_sketch(path, worse)
    results = evolve(cell.report.results, auroc=_auroc(worse.scores, sketch))
    file = CellFile(path=path.name, sha256=sha256_file(path))
    write_cell(folder, slug, evolve(cell, report=evolve(cell.report, results=results), metric_sketch=file))


def _lose(sketch: Sketch, noise: Floats) -> Floats:
    """Return the scores with just enough noise that image AUROC falls by the loss, (N,)."""
    target, low, high = _auroc(sketch.scores, sketch) - LOSS, 0.0, 10.0 * float(np.ptp(sketch.scores))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_enough = _auroc(sketch.scores + middle * noise, sketch) <= target
        low, high = (low, middle) if is_enough else (middle, high)
    return sketch.scores + high * noise


def _auroc(scores: Floats, sketch: Sketch) -> float:
    value = auroc(scores, sketch.anomalous).value
    assert value is not None
    return value


@define(frozen=True, kw_only=True)
class Scene:
    """Simulated categories, in units of the spread of scores: the loss, and the chance of a fit.

    `seed` is how far a fit moves all anomalous images of all categories, `own` how far it moves each image,
    and `detector` how far a detector, under all its seeds, moves each image.
    """

    loss: float = 0.0
    seed: float = 0.05
    own: float = 0.1
    detector: float = 0.0
    seeds: int = 3
    normals: int = 16
    anomalies: int = 12
    categories: int = 4


def simulate(scene: Scene, random: np.random.Generator) -> tuple[float, list[Judged], Judged]:
    """Return the difference of one pair of simulated sides, and its verdicts."""
    shifts = scene.seed * random.normal(size=(2, scene.seeds))
    found = {str(index): _simulate_category(scene, shifts, random) for index in range(scene.categories)}
    rule = Rule(margin=MARGIN, alpha=0.05)
    mean = judge_mean(METRIC, found, rule)
    assert mean.difference is not None
    return mean.difference, judge(METRIC, found, rule), mean


def _simulate_category(scene: Scene, shifts: Floats, random: np.random.Generator) -> Found:
    count = scene.normals + scene.anomalies
    anomalous = np.arange(count) >= scene.normals
    image = random.normal(size=count)
    sides: list[list[Sketch]] = []
    for loss, own_shifts in zip((scene.loss, 0.0), shifts, strict=True):
        base = image + scene.detector * random.normal(size=count)
        gaps = [2.5 - loss + shift for shift in own_shifts]
        noise = scene.own * random.normal(size=(len(gaps), count))
        sides.append(
            [_sketch(base + anomalous * gap + own, anomalous) for gap, own in zip(gaps, noise, strict=True)]
        )
    spread = Spread(ours=sides[0], theirs=sides[1], options=SketchOptions())
    ours, theirs = (tuple(_auroc(sketch.scores, sketch) for sketch in side) for side in sides)
    effect = make_effect(ours, theirs, spread.over_images("auroc"), spread)
    return Found(effect=effect, contender=fmean(ours), baseline=fmean(theirs))


def _sketch(scores: Floats, anomalous: npt.NDArray[np.bool_]) -> Sketch:
    count = len(scores)
    nothing = np.zeros((count, 1), np.uint32)
    return Sketch(
        names=np.char.zfill(np.arange(count).astype(np.str_), 4),
        groups=np.full(count, ""),
        scores=scores,
        anomalous=anomalous,
        edges=np.zeros(0),
        normal=nothing,
        defect=nothing,
        overlap=np.zeros((count, 1)),
        regions=np.zeros(count, np.int64),
    )


SCENES = {
    "equal, seeds matter little": Scene(),
    "equal, seeds matter": Scene(seed=0.15, own=0.3),
    "equal, seeds are all that matters": Scene(seed=0.3),
    "equal, two seeds that are all that matters": Scene(seed=0.3, seeds=2),
    "equal, but not on these images": Scene(detector=0.5),
    "loss, seeds matter little": Scene(loss=0.3),
    "loss, seeds matter": Scene(loss=0.3, seed=0.15, own=0.3),
    "loss, seeds matter little, 40 + 40 images": Scene(loss=0.3, normals=40, anomalies=40),
}


def report_seeds(first: Path, second: Path, detectors: list[str]) -> None:
    """Print the first table."""
    _print_line(["detector", "seeds 3 to 5 less 0 to 2", "95 % interval", "verdict on the mean"])
    _print_line(["---"] * 4)
    for detector in detectors:
        mean = compare_means(second, first, detector)
        ends = f"{mean.low:+.4f} to {mean.high:+.4f}"
        _print_line([detector, f"{mean.difference:+.4f}", ends, mean.verdict])


def report_planted(first: Path, second: Path, detectors: list[str], draws: int) -> None:
    """Print the second table."""
    _print_line(["detector", "called, same seeds", "called, other seeds"])
    _print_line(["---"] * 3)
    for detector in detectors:
        called = np.zeros(2, np.int64)
        for draw in range(draws):
            with tempfile.TemporaryDirectory() as folder:
                plant(first, Path(folder), detector, np.random.default_rng(draw))
                verdicts = [compare_means(Path(folder), other, detector).verdict for other in (first, second)]
            called += [verdict == "worse" for verdict in verdicts]
        _print_line([f"{detector} less {LOSS:g}", *(f"{count} of {draws}" for count in called)])


def report_simulated(trials: int) -> None:
    """Print the third table."""
    _print_line(
        ["simulated", "difference", "mean worse", "mean better", "mean equivalent", "any category called"]
    )
    _print_line(["---"] * 6)
    for name, scene in SCENES.items():
        random = np.random.default_rng(0)
        found = [simulate(scene, random) for _ in range(trials)]
        shares = [
            fmean(mean.verdict == verdict for _, _, mean in found)
            for verdict in ("worse", "better", "equivalent")
        ]
        called = fmean(any(each.verdict in {"better", "worse"} for each in own) for _, own, _ in found)
        difference = fmean(each for each, _, _ in found)
        _print_line([name, f"{difference:+.4f}", *(f"{share:.3f}" for share in (*shares, called))])


def _print_line(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the runs of the demo suite go, or are")
    parser.add_argument("--draws", type=int, default=20, help="planted losses per detector")
    parser.add_argument("--trials", type=int, default=1000, help="simulated comparisons per row")
    options = parser.parse_args()
    first, second = (options.folder / name for name in SEEDS)
    for name, seeds in SEEDS.items():
        run_suite(options.folder / name, seeds)
    detectors = list(
        dict.fromkeys(row.detector for row in read_artifact(first / "results.json", BenchResults).rows)
    )
    report_seeds(first, second, detectors)
    print()
    report_planted(first, second, detectors, options.draws)
    print()
    report_simulated(options.trials)


if __name__ == "__main__":
    main()

"""How often the interval of a macro mean holds the true mean, in simulated benchmarks.

Three categories of 40 normal and 40 anomalous images, whose scores are normal deviates; a fit under another
seed scores the same images, with another separation. Prints the table of docs/how-to/benchmark.md.
"""

from __future__ import annotations

from statistics import NormalDist, fmean

import numpy as np

from pyimgano_bench.means import macro_means
from pyimgano_bench.rows import Row
from pyimgano_core.metrics import delong

SEPARATIONS = (1.2, 2.0, 2.6)
LABELS = np.repeat([False, True], 40)  # (N,)
SPREADS = (0.0, 0.15, 0.4)
SEEDS = (1, 2, 3, 5)
BENCHMARKS = 400


def true_mean(spread: float) -> float:
    """Return the mean AUROC over categories and all fits."""
    shifts = np.random.default_rng(0).normal(0, spread, 4000)
    return fmean(NormalDist().cdf((each + s) / 2**0.5) for each in SEPARATIONS for s in shifts)


def simulate(spread: float, n_seeds: int, rng: np.random.Generator) -> list[Row]:
    """Return the rows of one benchmark."""
    shifts = rng.normal(0, spread, n_seeds)
    rows = []
    for category, separation in enumerate(SEPARATIONS):
        images = rng.normal(0, 1, len(LABELS))
        for seed, shift in enumerate(shifts):
            found = delong(images + LABELS * (separation + shift), LABELS)
            row = Row(
                dataset="d",
                category=str(category),
                detector="a",
                seed=seed,
                status="ok",
                image_auroc=found.auroc.value,
                image_auroc_low=found.interval.low,
                image_auroc_high=found.interval.high,
                interval_level=found.interval.level,
            )
            rows.append(row)
    return rows


def coverage(spread: float, n_seeds: int) -> float:
    """Return the share of benchmarks whose interval holds the true mean."""
    rng, truth, held = np.random.default_rng(1), true_mean(spread), 0
    for _ in range(BENCHMARKS):
        mean = macro_means(simulate(spread, n_seeds, rng))[0].means["image_auroc"]
        held += mean.low is not None and mean.high is not None and mean.low <= truth <= mean.high
    return held / BENCHMARKS


def main() -> None:
    """Print the table."""
    print("| spread of the fits |", " | ".join(f"{n} seeds" for n in SEEDS), "|")
    for spread in SPREADS:
        print(f"| {spread:g} |", " | ".join(f"{100 * coverage(spread, n):.1f} %" for n in SEEDS), "|")


if __name__ == "__main__":
    main()

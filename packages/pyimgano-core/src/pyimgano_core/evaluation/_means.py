"""Macro averages: each category counts the same, and pixels of several are never pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.report import Results

_IMAGE_METRICS = ("auroc", "average_precision", "f1_max")
_PIXEL_METRICS = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro", "au_spro", "aupimo")


def mean_metrics(categories: Iterable[Results]) -> dict[str, float | None]:
    """Return the mean of each metric; one that is undefined in any category has none."""
    results = list(categories)
    values: dict[str, list[float | None]] = {
        name: [getattr(result, name) for result in results] for name in _IMAGE_METRICS
    }
    values |= {
        name: [getattr(result.pixel_metrics, name, None) for result in results] for name in _PIXEL_METRICS
    }
    return {name: _mean(column) for name, column in values.items()}


def _mean(values: list[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined and len(defined) == len(values) else None

"""The bins of a sketch: quantiles of the scores of all defect pixels, where every metric has its steps.

Where the distinct scores of defect pixels are few, a bin holds one of them and the metrics are exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyimgano_core.metrics._scores import as_scores

EDGES = 4096
_FEWEST = 2
_FEWEST_EDGES = 256  # however many images there are
_CELLS = 1 << 23  # images times edges: beyond them bins get wider, so that memory stays at some 200 MB


def check_edges(edges: int | npt.NDArray[np.float64]) -> int | npt.NDArray[np.float64]:
    """Return the number of edges, at least 2, or a copy of the edges themselves (E,), ascending and finite.

    Raises:
        ValueError: they are neither.
    """
    if isinstance(edges, (int, np.integer)):
        if edges < _FEWEST:
            raise ValueError(f"bins have at least {_FEWEST} edges, not {edges}")
        return int(edges)
    values = np.array(edges, np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise ValueError("edges are their number, or a row of finite numbers of which each is above the last")
    return values


def edges_for(n_images: int, limit: int = EDGES) -> int:
    """Return how many edges a sketch of `n_images` may have: `limit`, less for more than 2,048 images."""
    return min(limit, max(_CELLS // max(n_images, 1), _FEWEST_EDGES))


def quantile_edges(positives: npt.ArrayLike, limit: int = EDGES) -> npt.NDArray[np.float64]:
    """Return the edges, at most `limit`, on which pixels are counted.

    Where half of `limit` suffices for all distinct scores, each has a bin to itself. Otherwise half of the
    edges cut the positives into equal shares, and a quarter each cuts either end finer and finer: where
    positives are rare, a bin of a fixed share of them would hold too many negatives. An edge is halfway
    between two scores, and a score that is too frequent for a bin has one to itself.

    Args:
        positives: (P,), the scores of all defect pixels of all images, in any order.
        limit: at least 2.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite.
        ValueError: the limit is below 2.
    """
    check_edges(limit)
    values, counts = np.unique(as_scores(positives).astype(np.float64) + 0.0, return_counts=True)
    if 2 * len(values) <= limit:
        return _pairs(values)
    starts = _ranks(int(counts.sum()), limit)
    at, boundaries = np.unique(np.searchsorted(counts.cumsum(), starts, "right"), return_counts=True)
    heavy = values[at[boundaries > 1]]
    light = at[boundaries == 1]
    before, after = values[np.maximum(light - 1, 0)], values[light]
    between = np.maximum(before / 2 + after / 2, np.nextafter(before, np.inf))
    return np.union1d(np.where(light > 0, between, after), _pairs(heavy))


def _ranks(n_positives: int, limit: int) -> npt.NDArray[np.int64]:
    """Return the rank of the lowest positive above each edge, ascending (limit,)."""
    quarter = limit // 4
    even = limit - 2 * quarter
    inside = np.arange(even) * n_positives // even
    towards_end = np.arange(quarter) ** 2 * n_positives // quarter**2
    return np.sort(np.concatenate([inside, towards_end, n_positives - 1 - towards_end]))


def _pairs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the two edges of each value's own bin."""
    return np.union1d(values, np.minimum(np.nextafter(values, np.inf), np.finfo(np.float64).max))

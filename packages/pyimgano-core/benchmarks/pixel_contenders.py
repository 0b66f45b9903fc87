# ruff: noqa: PLC0415 - a contender's process imports nothing but what the contender needs
"""The contenders of pixel_metrics.py: each measures the same maps, in a process of its own.

A peer has a Python of its own too, without pyimgano_core, so that this module imports only NumPy at its top.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_core.contracts.metric import PixelMetrics

Maps: TypeAlias = npt.NDArray[np.float32]  # (N, H, W)
Masks: TypeAlias = npt.NDArray[np.bool_]  # (N, H, W)
Values: TypeAlias = dict[str, float]

METRICS = ("AUROC", "AP", "F1-max", "AUPRO")
LIMIT = 0.3


class Measured(TypedDict):
    """What a contender took and gave; `bounds` are of the values that have an error bound."""

    seconds: float
    megabytes: float
    values: Values
    bounds: Values


class Contender(NamedTuple):
    """How to measure maps, the package that it needs of a peer, and how exact it says to be."""

    measure: Callable[[Maps, Masks], tuple[Values, Values]]
    exactness: str
    peer: str | None = None


def exact(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """All four metrics, image by image."""
    from pyimgano_core.metrics import PixelAccumulator

    accumulator = PixelAccumulator(LIMIT)
    for scores, mask in zip(maps, masks, strict=True):
        accumulator.update(scores, mask)
    return read(accumulator.result())


def histogram(maps: Maps, masks: Masks, bits: int) -> tuple[Values, Values]:
    """All four metrics with their error bounds."""
    from pyimgano_core.metrics import PixelHistogram

    accumulator = PixelHistogram(LIMIT, bits=bits)
    for scores, mask in zip(maps, masks, strict=True):
        accumulator.update(scores, mask)
    return read(accumulator.result())


def read(result: PixelMetrics) -> tuple[Values, Values]:
    """Return the values and the error bounds."""
    metrics = (result.pixel_auroc, result.pixel_average_precision, result.pixel_f1_max, result.aupro)
    named = dict(zip(METRICS, metrics, strict=True))
    values = {name: metric.value for name, metric in named.items() if metric.value is not None}
    bounds = {name: metric.error_bound for name, metric in named.items() if metric.error_bound is not None}
    return values, bounds


def sort(maps: Maps, _masks: Masks) -> tuple[Values, Values]:
    """Sort a copy of all scores."""
    np.sort(maps.ravel())
    return {}, {}


def sklearn_auroc(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """Area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return {"AUROC": roc_auc_score(masks.ravel(), maps.ravel())}, {}


def sklearn_precision(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """Average precision."""
    from sklearn.metrics import average_precision_score

    return {"AP": average_precision_score(masks.ravel(), maps.ravel())}, {}


def sklearn_f1(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """Largest F1 of the precision-recall curve."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(masks.ravel(), maps.ravel())
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return {"F1-max": f1.max()}, {}


def argsort_aupro(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """AUPRO by one argsort of all pixels, one curve point per distinct score, interpolated at the limit."""
    from pyimgano_core.components import label_regions

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
    return {"AUPRO": area / LIMIT}, {}


def anomalib(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """All four metrics, one after the other."""
    torch, metrics = importlib.import_module("torch"), importlib.import_module("anomalib.metrics")
    values = {}
    for name, kind in zip(METRICS, ("AUROC", "AUPR", "F1Max", "AUPRO"), strict=True):
        metric = getattr(metrics, kind)(fields=["anomaly_map", "gt_mask"])
        for scores, mask in zip(maps, masks, strict=True):
            metric.update(
                SimpleNamespace(
                    anomaly_map=torch.from_numpy(scores)[None], gt_mask=torch.from_numpy(mask)[None]
                )
            )
        values[name] = float(metric.compute())
    return values, {}


def adeval(maps: Maps, masks: Masks) -> tuple[Values, Values]:
    """AUROC, average precision and AUPRO."""
    if not hasattr(np, "trapz"):  # adeval 1.1 calls it, NumPy 2.4 no longer has it
        np.trapz = np.trapezoid  # type: ignore[attr-defined]  # noqa: NPY201
    package = importlib.import_module("adeval")
    auroc, precision, aupro = package.auroc_aupr_aupro(list(maps), list(masks.view(np.uint8)))
    return {"AUROC": auroc, "AP": precision, "AUPRO": aupro}, {}


CONTENDERS = {
    "pyimgano": Contender(exact, "exact"),
    "pyimgano, histogram of 16 bits": Contender(lambda maps, masks: histogram(maps, masks, 16), "bounded"),
    "pyimgano, histogram of 20 bits": Contender(lambda maps, masks: histogram(maps, masks, 20), "bounded"),
    "pyimgano, histogram of 22 bits": Contender(lambda maps, masks: histogram(maps, masks, 22), "bounded"),
    "np.sort of the scores": Contender(sort, ""),
    "scikit-learn AUROC": Contender(sklearn_auroc, "exact"),
    "scikit-learn average precision": Contender(sklearn_precision, "exact"),
    "scikit-learn F1-max": Contender(sklearn_f1, "exact"),
    "exact AUPRO by argsort": Contender(argsort_aupro, "exact"),
    "anomalib": Contender(anomalib, "float32 sums", "anomalib"),
    "adeval": Contender(adeval, "1000 bins, AP by trapezoids", "adeval"),
}


def measure(name: str, folder: Path) -> Measured:
    """Return what one contender gives and takes, in this process."""
    contender = CONTENDERS[name]
    maps, masks = np.load(folder / "maps.npy"), np.load(folder / "masks.npy")
    if contender.peer:  # torchmetrics maps other scores through a sigmoid; anomalib scales before it measures
        maps -= maps.min()
        maps /= maps.max()
    contender.measure(maps[:1, :64, :64], masks[:1, :64, :64] | np.eye(64, dtype=bool))  # imports, caches
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far is forgotten
    memory = peak_memory()
    start = time.process_time()
    values, bounds = contender.measure(maps, masks)
    seconds = time.process_time() - start
    return {
        "seconds": seconds,
        "megabytes": peak_memory() - memory,
        "values": {metric: float(value) for metric, value in values.items()},
        "bounds": bounds,
    }


def peak_memory() -> float:
    """Return the peak of this process in megabytes, as Linux counts it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def main() -> None:
    """Be the process of one contender."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.name, asked.folder)))


if __name__ == "__main__":
    main()

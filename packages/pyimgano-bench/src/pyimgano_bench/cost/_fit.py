"""A process that fits one category, and measures itself."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_bench.cost._process import peak_bytes, reply
from pyimgano_core.artifacts import write_bytes
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import DataError
from pyimgano_core.layouts import load_dataset
from pyimgano_core.pipeline import category_inputs, fit_category
from pyimgano_core.progress import SilentProgress
from pyimgano_core.splits import split_dataset

if TYPE_CHECKING:
    from pyimgano_core.contracts.split import CategorySplit


@define(frozen=True, kw_only=True)
class FitRequest:
    """Fit the one category that the config names, and write the graph to `model`.

    Relative paths of the config start from `base`.
    """

    config: RunConfig
    base: str
    model: str


@define(frozen=True, kw_only=True)
class FitAnswer:
    """What a fit took: seconds, seconds of all threads, and bytes; `learning_seconds` as in `CostRow`."""

    seconds: float
    cpu_seconds: float
    learning_seconds: float | None
    peak_bytes: int | None
    gpu_bytes: int | None
    checkpoint_bytes: int


def fit(request: FitRequest) -> FitAnswer:
    """Fit as training does, up to the graph that is calibrated next."""
    config, base = request.config, Path(request.base)
    split = _split(config, base)
    inputs = category_inputs(config, split, base)
    wall, processor = time.perf_counter(), time.process_time()
    fitted = fit_category(split, inputs, config, base, SilentProgress(), addition=None)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - processor
    peak, on_card = peak_bytes(), _gpu_bytes()
    write_bytes(Path(request.model), fitted.graph.model)
    return FitAnswer(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        learning_seconds=_learning_seconds(fitted.graph.info),
        peak_bytes=peak,
        gpu_bytes=on_card,
        checkpoint_bytes=len(fitted.graph.model),
    )


def _split(config: RunConfig, base: Path) -> CategorySplit:
    """Return the category's images; the caller has looked for faults in the data set."""
    samples = load_dataset(config.dataset, base).samples
    splits = split_dataset(samples, config.dataset.split_policy, config.seed).categories
    for split in splits:
        if split.category == config.dataset.category:
            return split
    raise DataError(f"category {config.dataset.category!r} has no usable record")


def _learning_seconds(info: dict[str, Any]) -> float | None:
    """Return what the detector says of its steps, all but the export."""
    steps = {name: seconds for name, seconds in info.get("seconds", {}).items() if name != "export"}
    return float(sum(steps.values())) if steps else None


def _gpu_bytes() -> int | None:
    """Return the peak memory of tensors on graphics cards; None where none was used.

    A detector need not use torch: it is asked only where the fit has loaded it.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    cards = range(torch.cuda.device_count())
    return sum(torch.cuda.max_memory_allocated(card) for card in cards) or None


if __name__ == "__main__":
    reply(fit, FitRequest)

"""One fit in a process of its own, for `fit.py`; prints a line of JSON.

All clocks are CPU seconds. The part for anomalib imports nothing of ours: it runs in another environment.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SIDE = 256
RATIO = 0.1
LAYERS = ("layer2", "layer3")
REPEATS = 3
BATCH = 8


class Textures:
    """Stripes with noise, drawn when asked for, so that they take no memory."""

    size = (SIDE, SIDE)

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        stripes = 128 + 50 * np.sin(np.arange(SIDE) / 7)[None, :, None]
        for index in range(self._count):
            noise = np.random.default_rng(index).normal(0, 12, (SIDE, SIDE, 3))
            yield (stripes + noise).clip(0, 255).astype(np.uint8)


def seconds_of(call: Callable[[], Any]) -> float:
    """Return the CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def peak_mb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_weights(path: Path) -> dict[str, Any]:
    """Save a random ResNet-18."""
    import timm  # noqa: PLC0415

    torch.manual_seed(0)
    torch.save(timm.create_model("resnet18", pretrained=False, num_classes=0).state_dict(), path)
    return {}


def fit_ours(name: str, count: int, weights: Path, *, score: bool) -> dict[str, Any]:
    """Fit one of our detectors."""
    from pyimgano_core.contracts.config import FeaturesConfig  # noqa: PLC0415
    from pyimgano_core.detectors.dictionary import Dictionary  # noqa: PLC0415
    from pyimgano_core.detectors.padim import Padim  # noqa: PLC0415
    from pyimgano_core.detectors.patchcore import PatchCore  # noqa: PLC0415
    from pyimgano_core.detectors.subspace import Subspace  # noqa: PLC0415
    from pyimgano_core.progress import SilentProgress  # noqa: PLC0415

    features = FeaturesConfig(backbone="resnet18", weights=str(weights), layers=LAYERS)
    kinds = {
        "dictionary": Dictionary(),
        "patchcore": PatchCore(features=features, coreset_ratio=RATIO),
        "padim": Padim(features=features),
        "subspace": Subspace(features=features),
    }
    detector, images = kinds[name], Textures(count)
    predicted = detector.predict_memory(count, images.size).fit_mb  # imports timm, too
    drawing = seconds_of(lambda: [None for _ in images])
    time.perf_counter = time.process_time  # what the fit says of its own steps, in CPU seconds
    graph = detector.fit(images, seed=0, device="cpu", progress=SilentProgress())
    laps, peak = graph.info["seconds"], peak_mb()
    found = {
        "forward": laps["features"] - drawing,
        "coreset": laps.get("coreset"),
        "export": laps["export"],
        "peak_mb": peak,
        "predicted_mb": predicted,
        "model_mb": len(graph.model) / 2**20,
    }
    return found | _rates(graph, list(Textures(20))) if score else found


def _rates(graph: Any, images: list[NDArray[np.uint8]]) -> dict[str, float]:
    """Return images per CPU second, one image at a time, the best of a few rounds."""
    from pyimgano_core.scoring import OnnxScorer  # noqa: PLC0415

    scorer = OnnxScorer(graph.model)
    calls = {
        "graph_rate": lambda: [scorer.score(image) for image in images],
        "eager_rate": lambda: [graph.reference(image[None]) for image in images],
    }
    return {name: len(images) / min(seconds_of(call) for _ in range(REPEATS)) for name, call in calls.items()}


def fit_anomalib(count: int, weights: Path) -> dict[str, Any]:
    """Fit anomalib's PatchCore, without its trainer, which would only add to it."""
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel  # noqa: PLC0415

    model = PatchcoreModel(layers=LAYERS, backbone="resnet18", pre_trained=False)
    network = model.feature_extractor.feature_extractor
    network.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    images = torch.from_numpy(np.stack(list(Textures(count)))).permute(0, 3, 1, 2) / 255
    model.train()

    def forward() -> None:
        with torch.no_grad():
            for batch in images.split(BATCH):
                model(batch)

    passes = seconds_of(forward)
    coreset = seconds_of(lambda: model.subsample_embedding(RATIO))
    return {"forward": passes, "coreset": coreset, "export": None, "bank": len(model.memory_bank)}


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what")
    parser.add_argument("count", type=int)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--score", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "weights":
        found = write_weights(options.weights)
    elif options.what == "anomalib":
        found = fit_anomalib(options.count, options.weights)
    else:
        found = fit_ours(options.what, options.count, options.weights, score=options.score)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

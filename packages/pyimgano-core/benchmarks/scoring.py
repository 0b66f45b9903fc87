"""Scoring one image: eager torch, the exported graph, and its 8-bit variant; CPU seconds on one thread.

    python scoring.py --manifest DATA/cookies/manifest.jsonl --weights resnet18.pth

Prints a Markdown table of images per CPU second, for the backbone alone and for whole detectors, with AUROC
on the test images beside it. The three take turns, and each counts with its fastest turn: other processes can
only slow one down.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch

from pyimgano_core.contracts.config import DatasetConfig, FeaturesConfig, RunConfig
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.quantization import quantize
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.metrics import auroc
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring._onnx import open_session
from pyimgano_core.scoring.inputs import prepare_image
from pyimgano_core.testing import ArrayImages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.detectors import Detector, ScorerGraph

_TURNS, _IMAGES = 5, 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--side", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    size = (options.side, options.side)
    config = RunConfig(dataset=DatasetConfig(manifest_path=options.manifest.name, resize=size))
    [category] = prepare_dataset(config, options.manifest.parent, SilentProgress()).categories
    train = load([*category.split.train, *category.split.calibration], size)
    test = load(category.split.test, size)
    labels = np.array([sample.record.label for sample in category.split.test])
    features = FeaturesConfig(backbone="resnet18", weights=str(options.weights))
    print("| what | eager torch | graph | int8 | graph/eager | int8/eager | int8/graph | AUROC | int8 |")
    print("|---|---|---|---|---|---|---|---|---|")
    detectors: dict[str, Detector] = {
        "patchcore, 10 %": PatchCore(features=features, coreset_ratio=0.1),
        "padim": Padim(features=features),
        "subspace": Subspace(features=features),
    }
    for number, (name, detector) in enumerate(detectors.items()):
        graph = detector.fit(ArrayImages(train), seed=0, device="cpu", progress=SilentProgress())
        int8 = quantize(graph, islice(train, 32))
        if number == 0:
            print_row("backbone alone", backbone_rates(graph, int8, test), ["", ""])
        rates = whole_rates(graph, int8, test)
        found = [auroc_of(OnnxScorer(content), test, labels) for content in (graph.model, int8)]
        print_row(name, rates, found)


def load(samples: Iterable[Sample], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return images (N, H, W, 3) of the model's size."""
    preprocessing = Preprocessing(resize=size)
    return np.stack([prepare_image(sample.image, preprocessing).pixels for sample in samples])


def whole_rates(graph: ScorerGraph, int8: bytes, images: NDArray[np.uint8]) -> list[float]:
    """Return images per CPU second of a detector: eager, graph, int8."""
    assert graph.reference is not None
    return rates_of([graph.reference, OnnxScorer(graph.model).run, OnnxScorer(int8).run], images)


def backbone_rates(graph: ScorerGraph, int8: bytes, images: NDArray[np.uint8]) -> list[float]:
    """Return images per CPU second up to the patch vectors: eager, graph, int8."""
    patches = graph.reference.__self__.patches  # type: ignore[union-attr]

    def eager(image: NDArray[np.uint8]) -> None:
        with torch.no_grad():
            patches(torch.from_numpy(image))

    sessions = [open_session(up_to_head(content)) for content in (graph.model, int8)]
    runs = [lambda image, session=session: session.run(None, {"image": image}) for session in sessions]
    return rates_of([eager, *runs], images)


def up_to_head(content: bytes) -> bytes:
    """Return the part of a graph that ends where the first constant of the head is used."""
    model = onnx.ModelProto.FromString(content)
    graph = model.graph
    end = next(node.input[0] for node in graph.node if any(name.startswith("head.") for name in node.input))
    needed, kept = {end}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
    constants = [
        onnx.TensorProto.FromString(tensor.SerializeToString())
        for tensor in graph.initializer
        if tensor.name in needed
    ]
    del graph.node[:], graph.initializer[:], graph.output[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)
    graph.output.append(onnx.ValueInfoProto(name=end))
    return bytes(model.SerializeToString())


def rates_of(calls: list[Callable[..., Any]], images: NDArray[np.uint8]) -> list[float]:
    """Return how many images each call does in a CPU second, one image at a time."""
    singles = [image[None] for image in images[:_IMAGES]]
    best = [float("inf")] * len(calls)
    for turn in range(_TURNS + 1):
        for index, call in enumerate(calls):
            started = time.process_time()
            for single in singles:
                call(single)
            if turn:  # the first warms up
                best[index] = min(best[index], time.process_time() - started)
    return [len(singles) / seconds for seconds in best]


def auroc_of(scorer: OnnxScorer, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """Return AUROC as text."""
    found = auroc(np.array([scorer.score(image).score for image in images]), labels)
    return f"{found.value:.4f}"


def print_row(name: str, rates: list[float], found: list[str]) -> None:
    """Print a line of the table."""
    eager, graph, int8 = rates
    ratios = [f"{value:.2f}" for value in (graph / eager, int8 / eager, int8 / graph)]
    print("|", " | ".join([name, *(f"{rate:.1f}" for rate in rates), *ratios, *found]), "|", flush=True)


if __name__ == "__main__":
    main()

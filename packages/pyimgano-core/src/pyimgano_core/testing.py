"""Proof that a detector keeps the contract: one call in a test, for built-ins and third parties alike."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.detectors import Detector, MemoryPredicting, ScorerGraph, Updatable
from pyimgano_core.errors import ArtifactError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import FORMAT_VERSION, OnnxScorer, probe_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.detectors.contract import ScoresAndMaps

BATCH_TOLERANCE = 1e-4
PARITY_TOLERANCE = 1e-3
UPDATE_TOLERANCE = 1e-3
_OUTPUTS = ("score", "anomaly_map")
_TOLD = ("score_unit", "score_reduction")  # in deployed configs
_TRACES = ("site-packages", "stack_trace", '.py", line ')
_SHORTEST_FOLDER = 5  # characters; shorter texts stand in random bytes by chance


@define(frozen=True, eq=False)
class ArrayImages:
    """An `ImageSource` over an array of images in memory."""

    images: NDArray[np.uint8]  # (N, H, W, 3)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every image."""
        return self.images.shape[1], self.images.shape[2]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return iter(self.images)


def check_detector(detector: Detector, images: NDArray[np.uint8], *, seed: int = 0) -> None:
    """Fit a detector twice on the CPU and prove that it keeps the contract.

    The hyper-parameters have defaults, and no fit changes them. Both fits give the same bytes and the same
    facts, ready for JSON. The graph is trusted by `OnnxScorer`, says what it is, and holds no trace of the
    machine. Its answers are finite and of the declared shapes. An image's answer in a batch differs from its
    answer alone by at most `BATCH_TOLERANCE`, and that from the framework's own (`ScorerGraph.reference`,
    where there is one) by at most `PARITY_TOLERANCE`, both relative to the output's largest value.

    A detector that is `Updatable` gives plain arrays as its state, from which the second half of the images
    leads to the answers of the fit on all, within `UPDATE_TOLERANCE`; features that are learned from images
    are not the same then, so check it with others. One that is `MemoryPredicting` gives sizes above zero.

    Args:
        detector: what to check.
        images: (N, H, W, 3) RGB, at least one; a few small ones serve.
        seed: of both fits.

    Raises:
        AssertionError: all that is wrong, a line for each.
    """
    source = ArrayImages(images.copy())
    before = _describe(detector)
    first, second = (_fit(detector, source, seed) for _ in range(2))
    problems = [*_class_problems(type(detector)), *_repetition_problems(first, second)]
    if _describe(detector) != before:
        problems.append("fit changes the hyper-parameters; what it learns belongs into the graph alone")
    if not np.array_equal(images, source.images):
        problems.append("fit changes the images that it is given")
    problems += _graph_problems(first, source)
    if isinstance(detector, Updatable):
        problems += _update_problems(detector, first, source, seed)
    if isinstance(detector, MemoryPredicting):
        problems += _memory_problems(detector, source)
    if problems:
        raise AssertionError(
            "\n".join([f"{detector!r} breaks the contract:", *(f"- {text}" for text in problems)])
        )


def _fit(detector: Detector, source: ArrayImages, seed: int) -> ScorerGraph:
    graph: Any = detector.fit(source, seed=seed, device="cpu", progress=SilentProgress())
    if not isinstance(graph, ScorerGraph):
        raise AssertionError(f"{detector!r}: fit must return a ScorerGraph, not {graph!r}")  # noqa: TRY004 as all
    return graph


def _describe(detector: Any) -> str:
    return repr(attrs.asdict(detector) if attrs.has(type(detector)) else detector)


def _class_problems(kind: type[Any]) -> Iterator[str]:
    if not attrs.has(kind):
        yield "it is no attrs class, so that a config can't give it options"
        return
    fields = attrs.fields(kind)
    if not any(field.name == "features" for field in fields):
        yield "it has no field 'features'"
    for field in fields:
        if field.init and field.default is attrs.NOTHING:
            yield f"its option {field.name!r} has no default"


def _repetition_problems(first: ScorerGraph, second: ScorerGraph) -> Iterator[str]:
    if first.model != second.model:
        yield "two fits with the same seed give different models; draw from the seed alone"
    facts = [
        {name: fact for name, fact in graph.info.items() if name != "seconds"} for graph in (first, second)
    ]
    if facts[0] != facts[1]:
        yield "two fits with the same seed give different info; what a clock says belongs under 'seconds'"


def _graph_problems(graph: ScorerGraph, source: ArrayImages) -> Iterator[str]:
    yield from _trace_problems("model", graph.model)
    yield from _info_problems(graph)
    if graph.size != source.size:
        yield f"the graph says that it takes {graph.size}, its images were {source.size} (height, width)"
    try:
        scorer = OnnxScorer(graph.model)
        if scorer.size != source.size:
            yield f"the model takes {scorer.size}, its images were {source.size} (height, width)"
            return
        yield from _metadata_problems(scorer, graph)
        yield from _answer_problems(scorer, graph, source.images[0])
    except ArtifactError as exc:
        yield str(exc)


def _info_problems(graph: ScorerGraph) -> Iterator[str]:
    try:
        text = json.dumps(graph.info, allow_nan=False)
    except (TypeError, ValueError) as exc:
        yield f"info is not ready for JSON: {exc}"
        return
    plain = text.replace("\\\\", "\\")  # so that folders of Windows are found
    yield from _trace_problems("info", plain.encode())
    for name in _TOLD:
        if not isinstance(graph.info.get(name, ""), str):
            yield f"info[{name!r}] must be text, not {graph.info[name]!r}; leave it out where it is not known"


def _trace_problems(name: str, content: bytes) -> Iterator[str]:
    """Look for folders of this machine and for what exporters write down about their callers."""
    folders = {Path.home(), Path.cwd(), Path(tempfile.gettempdir()), Path(sys.prefix), Path(sys.base_prefix)}
    texts = sorted(f"{folder}{os.sep}" for folder in folders)
    for text in (*_TRACES, *(text for text in texts if len(text) >= _SHORTEST_FOLDER)):
        if text.encode() in content:
            yield f"the {name} holds a trace of this machine: {text!r}"


def _metadata_problems(scorer: OnnxScorer, graph: ScorerGraph) -> Iterator[str]:
    expected = {
        "pyimgano.detector": graph.detector,
        "pyimgano.format_version": str(FORMAT_VERSION),
        "pyimgano.size": "{}x{}".format(*graph.size),
    }
    for name, value in expected.items():
        if scorer.metadata.get(name) != value:
            yield f"the model's metadata {name!r} must be {value!r}, not {scorer.metadata.get(name)!r}"
    if not scorer.metadata.get("pyimgano.version"):
        yield "the model's metadata 'pyimgano.version' is missing"


def _answer_problems(scorer: OnnxScorer, graph: ScorerGraph, image: NDArray[np.uint8]) -> Iterator[str]:
    probes = np.stack([image, probe_image(scorer.size, 0), probe_image(scorer.size, 1)])  # (3, H, W, 3)
    runs = [scorer.run(probe[None]) for probe in probes]
    alone = (np.concatenate([scores for scores, _ in runs]), np.concatenate([maps for _, maps in runs]))
    infinite = [name for name, values in zip(_OUTPUTS, alone, strict=True) if not np.isfinite(values).all()]
    for name in infinite:
        yield f"the model's {name!r} holds values that are no finite numbers"
    if infinite:
        return
    what = "the model gives an image another {} in a batch than alone"
    yield from _differences(what, alone, scorer.run(probes), BATCH_TOLERANCE)
    if graph.reference is not None:
        what = "the model's {} is not the reference's"
        yield from _differences(what, alone, graph.reference(probes), PARITY_TOLERANCE)


def _differences(what: str, expected: ScoresAndMaps, found: ScoresAndMaps, tolerance: float) -> Iterator[str]:
    for name, right, other in zip(_OUTPUTS, expected, found, strict=True):
        message = what.format(repr(name))
        if (right.shape, right.dtype) != (other.shape, other.dtype):
            yield f"{message}: {other.dtype} {other.shape} against {right.dtype} {right.shape}"
            continue
        largest = max(float(np.abs(right).max()), float(np.finfo(np.float32).tiny))
        difference = float(np.abs(right - other).max()) / largest
        if not difference <= tolerance:
            yield f"{message}: they differ by {difference:.2g} of the largest value, allowed is {tolerance:g}"


def _update_problems(
    detector: Updatable, whole: ScorerGraph, source: ArrayImages, seed: int
) -> Iterator[str]:
    """Compare a fit on all images with one that saw them in two halves."""
    if whole.state is None:
        yield "it has a method 'update', but its graph holds no state to go on from"
        return
    objects = [name for name, value in whole.state.items() if value.dtype.hasobject]
    for name in objects:
        yield f"the state {name!r} holds objects, which can't be stored without running code"
    if objects or len(source) < 2 or not isinstance(detector, Detector):  # noqa: PLR2004 two halves
        return
    middle = len(source) // 2
    halves = (ArrayImages(source.images[:middle]), ArrayImages(source.images[middle:]))
    state = _fit(detector, halves[0], seed).state
    updated = detector.update(
        {} if state is None else state, halves[1], seed=seed, device="cpu", progress=SilentProgress()
    )
    probe = probe_image(source.size, 0)[None]
    expected, found = (OnnxScorer(graph.model).run(probe) for graph in (whole, updated))
    what = "the model that was updated with the second half of the images gives another {} than a fit on all"
    yield from _differences(what, expected, found, UPDATE_TOLERANCE)


def _memory_problems(detector: MemoryPredicting, source: ArrayImages) -> Iterator[str]:
    estimate = detector.predict_memory(len(source), source.size)
    sizes = {"fit_mb": estimate.fit_mb, "model_mb": estimate.model_mb}
    for name, value in sizes.items():
        if not 0 < value < float("inf"):
            yield f"the predicted {name!r} must be above zero, not {value}"
    if not estimate.words or "\n" in estimate.words:
        yield f"the prediction's words must be one line, not {estimate.words!r}"

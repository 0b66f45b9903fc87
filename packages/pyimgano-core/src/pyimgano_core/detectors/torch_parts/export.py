"""A scorer to a self-contained ONNX file, the same bytes for the same scorer, and checked against it.

An architecture is traced and exported once per process; for each further fit only the constants that the fit
has learnt (the buffers of the head and of learned features) are exchanged. What the exporter writes about
the machine is removed.
"""

from __future__ import annotations

import copy
import hashlib
import warnings
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from attrs import define, field
from onnx import numpy_helper

from pyimgano_core.detectors.contract import ScorerGraph
from pyimgano_core.detectors.torch_parts.scorer import Scorer
from pyimgano_core.scoring import FORMAT_VERSION, OnnxScorer, probe_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from pyimgano_core.detectors.clock import Clock
    from pyimgano_core.progress import Progress

_HEAD = "head."
LEARNT = ".learnt."  # modules of features whose buffers a fit learns
_TOLERANCE = 1e-3  # of the answer's size


@define(frozen=True)
class _Architecture:
    """What the graph depends on apart from what is learnt; equal keys mean equal graphs."""

    key: str
    scorer: Scorer = field(eq=False)


def export_scorer(
    scorer: Scorer, *, detector: str, info: dict[str, Any], clock: Clock, progress: Progress
) -> ScorerGraph:
    """Return a scorer as a graph.

    Args:
        scorer: on the CPU.
        detector: the detector's name.
        info: facts about the fit, ready for JSON.
        clock: has what the steps of the fit took; the export is added.
        progress: says that the export is going on.

    Raises:
        RuntimeError: the graph does not answer as the scorer does.
    """
    scorer = scorer.eval()
    architecture = _Architecture(_key(scorer, detector), scorer)
    (template,) = progress.track(map(_template, [architecture]), "export of the graph", 1)
    model = onnx.ModelProto.FromString(template)
    _exchange_constants(model, scorer)
    onnx.helper.set_model_props(
        model,
        {
            "pyimgano.format_version": str(FORMAT_VERSION),
            "pyimgano.detector": detector,
            "pyimgano.version": version("pyimgano-core"),
            "pyimgano.size": "{}x{}".format(*scorer.size),
        },
    )
    content = model.SerializeToString(deterministic=True)
    difference = _check_parity(scorer, content)
    clock.lap("export")
    return ScorerGraph(
        model=content,
        detector=detector,
        size=scorer.size,
        info={
            **info,
            "score_reduction": scorer.reduction,
            "parity": difference,
            "seconds": clock.laps,
        },
        reference=scorer.run,
    )


def _key(scorer: Scorer, detector: str) -> str:
    kinds = f"{type(scorer)} {type(scorer.head)} {scorer.head!r}"  # with the choices in extra_repr
    digest = hashlib.sha256(f"{detector} {kinds} {scorer.size} {scorer.count}".encode())
    for name, tensor in scorer.state_dict().items():
        if not _is_learnt(name, tensor):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _is_learnt(name: str, tensor: Tensor) -> bool:
    """Whether a fit learns this; whole numbers are choices, which the exporter may build into the graph."""
    return (name.startswith(_HEAD) or LEARNT in name) and tensor.is_floating_point()


@lru_cache(maxsize=2)
def _template(architecture: _Architecture) -> bytes:
    """Export with random constants for what is learnt, so that no two are equal and none is folded."""
    scorer = copy.deepcopy(architecture.scorer)
    generator = torch.Generator().manual_seed(0)
    for name, buffer in scorer.named_buffers():
        if _is_learnt(name, buffer):
            buffer.copy_(torch.rand(buffer.shape, generator=generator))
    model = _export(scorer)
    _strip(model)
    return bytes(model.SerializeToString(deterministic=True))


def _export(scorer: Scorer) -> onnx.ModelProto:
    example = torch.zeros(2, *scorer.size, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        program = torch.onnx.export(
            scorer,
            (example,),
            dynamo=True,
            input_names=["image"],
            output_names=["score", "anomaly_map"],
            dynamic_shapes={"image": {0: torch.export.Dim("N")}},
            optimize=True,
            verbose=False,
            external_data=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    return program.model_proto


def _strip(model: onnx.ModelProto) -> None:
    """Remove stack traces, paths, names of modules and inferred shapes."""
    model.producer_name, model.producer_version, model.doc_string = "pyimgano", "", ""
    graph = model.graph
    graph.name, graph.doc_string = "scorer", ""
    del model.metadata_props[:], graph.metadata_props[:], graph.value_info[:]
    for part in _parts(graph):
        part.doc_string = ""
        del part.metadata_props[:]


def _parts(graph: onnx.GraphProto) -> Iterator[Any]:
    for parts in (graph.node, graph.input, graph.output, graph.initializer):
        yield from parts
    for index, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{index}"
        for attribute in node.attribute:
            attribute.doc_string = ""
            if attribute.HasField("g"):
                yield from _parts(attribute.g)


def _exchange_constants(model: onnx.ModelProto, scorer: Scorer) -> None:
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, buffer in scorer.state_dict().items():
        if not _is_learnt(name, buffer):
            continue
        if name not in constants:
            raise RuntimeError(f"the exporter has folded the constant {name!r}")
        constants[name].CopyFrom(numpy_helper.from_array(buffer.contiguous().numpy(), name))


def _check_parity(scorer: Scorer, content: bytes) -> dict[str, float]:
    """Compare the graph's answer to a probe image with the scorer's own; return relative differences."""
    probe = probe_image(scorer.size, seed=0)
    found = OnnxScorer(content).score(probe)
    scores, maps = scorer.run(probe[None])
    peak = max(np.abs(maps[0]).max(), np.finfo(np.float32).tiny)
    # Calibrated scores may be next to 0, where the rounding of what they come from is still that of the map.
    difference = {
        "score": float(abs(found.score - scores[0]) / max(abs(scores[0]), peak)),
        "anomaly_map": float(np.abs(found.anomaly_map - maps[0]).max() / peak),
    }
    if max(difference.values()) > _TOLERANCE:
        raise RuntimeError(f"the exported graph differs from the fitted detector: {difference}")
    return difference

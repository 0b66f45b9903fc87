import hashlib
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from pyimgano_core.detectors.clock import Clock
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.torch_parts import export
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer, probe_image

DETECTORS = [Padim(dimensions=12), PatchCore()]
both = pytest.mark.parametrize("detector", DETECTORS, ids=["padim", "patchcore"])


@both
def test_a_model_holds_no_path_and_no_trace_of_the_exporter(detector, fit, textures):
    content = fit(detector, textures(2)).model
    for text in (
        b"site-packages",
        b"stack_trace",
        b".py",
        b"pkg.torch",
        str(Path.cwd()).encode(),
        b"torch_parts",
    ):
        assert text not in content
    model = onnx.ModelProto.FromString(content)
    assert ("pyimgano", "", "") == (model.producer_name, model.producer_version, model.doc_string)


@both
def test_a_model_says_what_it_is_and_nothing_else(detector, fit, textures):
    model = onnx.ModelProto.FromString(fit(detector, textures(2)).model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata.pop("pyimgano.version")
    assert {
        "pyimgano.format_version": "1",
        "pyimgano.detector": type(detector).__name__.lower(),
        "pyimgano.size": "64x64",
    } == metadata


@both
def test_a_model_is_whole_and_of_standard_operators(detector, fit, textures):
    model = onnx.ModelProto.FromString(fit(detector, textures(2)).model)
    onnx.checker.check_model(model, full_check=True)
    assert {"", "ai.onnx"} >= {entry.domain for entry in model.opset_import}
    assert not model.functions
    assert all(tensor.data_location != onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)


@both
def test_a_second_fit_with_exchanged_constants_is_as_if_exported_anew(detector, fit, textures, monkeypatch):
    first, second = textures(4, seed=1), textures(4, seed=2)
    other = fit(detector, first)
    exchanged = fit(detector, second)
    monkeypatch.setattr(export, "_template", export._template.__wrapped__)
    assert fit(detector, second).model == exchanged.model != other.model


def test_another_architecture_is_exported_anew(fit, textures):
    small, large = fit(PatchCore(), textures(2)), fit(PatchCore(), textures(2, height=48, width=72))
    assert ((64, 64), (48, 72)) == (OnnxScorer(small.model).size, OnnxScorer(large.model).size)


def test_banks_of_another_length_fit_into_the_same_graph(fit, textures):
    images, query = textures(4), textures(1, seed=9)
    for ratio in (0.05, 0.5, 1.0):
        graph = fit(PatchCore(coreset_ratio=ratio), images)
        scores, _ = graph.reference(query)
        assert pytest.approx(float(scores[0]), rel=1e-4) == OnnxScorer(graph.model).score(query[0]).score


def test_a_graph_that_answers_otherwise_than_the_scorer_is_a_bug(fit, textures):
    one, other = fit(PatchCore(), textures(2, seed=1)), fit(PatchCore(), textures(2, seed=2))
    with pytest.raises(RuntimeError, match="the exported graph differs from the fitted detector"):
        export._check_parity(one.reference.__self__, other.model)


def test_a_score_next_to_zero_is_no_difference(fit, textures):
    graph = fit(Dictionary(dimensions=12, bank_size=200), textures(4))
    scorer = graph.reference.__self__
    (score,), _ = graph.reference(probe_image(scorer.size, seed=0)[None])
    for member in scorer.head.members:
        member.usual += score / member.per_deviation
    shifted = export.export_scorer(
        scorer, detector="dictionary", info={}, clock=Clock(), progress=SilentProgress()
    )
    (score,), _ = shifted.reference(probe_image(scorer.size, seed=0)[None])
    assert abs(score) < 1e-3
    assert shifted.info["parity"]["score"] < 1e-3


ELSEWHERE = """
import hashlib, sys
import numpy as np
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages

images = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(-1, 64, 64, 3)
graph = PatchCore().fit(ArrayImages(images), seed=0, device="cpu", progress=SilentProgress())
print(hashlib.sha256(graph.model).hexdigest())
"""


def test_another_process_in_another_folder_gives_the_same_bytes(fit, textures, tmp_path):
    images = textures(3)
    result = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=images.tobytes(),
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "7"},
        check=True,
    )
    expected = hashlib.sha256(fit(PatchCore(), images).model).hexdigest()
    assert expected == result.stdout.decode().strip()

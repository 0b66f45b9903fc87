from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors import ScorerGraph
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.quantization import _scale_of, quantize
from pyimgano_core.errors import ConfigError
from pyimgano_core.scoring import OnnxScorer

TRANSFORMER = FeaturesConfig(backbone="test_vit", weights="random")


@pytest.fixture
def network(fit, textures, random_backbone):
    """A detector on a small residual network, fitted."""
    return fit(PatchCore(features=random_backbone), textures(4))


def constants_of(content):
    model = onnx.ModelProto.FromString(content)
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def kinds_in_the_runtime(content, folder):
    """How often each kind of node stands in the graph after the runtime has replaced what it can."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimized.onnx").graph.node)


def relative_difference(graph, content, query):
    exact, found = OnnxScorer(graph.model).score(query), OnnxScorer(content).score(query)
    return max(
        abs(found.score - exact.score) / exact.score,
        np.abs(found.anomaly_map - exact.anomaly_map).max() / np.abs(exact.anomaly_map).max(),
    )


def test_a_defect_darker_than_anything_normal_has_nearly_the_same_score(network, textures):
    normal, defective = textures(2, seed=9)
    defective[20:44, 20:44] = 10
    content = quantize(network, textures(4))
    assert 0 < relative_difference(network, content, defective) < 0.1
    scorer = OnnxScorer(content)
    assert scorer.score(normal).score < scorer.score(defective).score / 2


def test_the_runtime_computes_every_convolution_in_integers(network, textures, tmp_path):
    kinds = kinds_in_the_runtime(quantize(network, textures(4)), tmp_path)
    of_features = sum(node.op_type == "Conv" for node in onnx.ModelProto.FromString(network.model).graph.node)
    assert (0, of_features) == (kinds["Conv"] + kinds["FusedConv"], kinds["QLinearConv"])


def test_linear_layers_of_a_transformer_are_computed_in_integers(fit, textures, tmp_path):
    graph = fit(Padim(features=TRANSFORMER, dimensions=8), textures(3))
    content = quantize(graph, textures(3))
    assert kinds_in_the_runtime(content, tmp_path)["MatMulIntegerToFloat"] >= 4
    assert relative_difference(graph, content, textures(1, seed=9)[0]) < 0.1


def test_what_the_fit_has_learnt_stays_as_it_is(network, textures):
    before, after = constants_of(network.model), constants_of(quantize(network, textures(4)))
    learnt = [name for name in before if name.startswith("head.")]
    assert learnt
    for name in learnt:
        np.testing.assert_array_equal(before[name], after[name])


def test_weights_take_seven_bits_and_round_to_the_nearest_step(network, textures):
    before, after = constants_of(network.model), constants_of(quantize(network, textures(4)))
    weights = {
        name.removesuffix(".integer"): value for name, value in after.items() if value.dtype == np.int8
    }
    assert weights
    assert max(np.abs(value.astype(int)).max() for value in weights.values()) == 64
    first = min(weights)  # in the order of the graph, as its nodes are numbered
    scale = after[f"{first}.scale"].reshape(-1, 1, 1, 1)
    restored = weights[first] * scale
    original = next(value for value in before.values() if value.shape == restored.shape)
    assert (np.abs(restored - original) <= scale * 0.5001).all()


def test_the_file_is_whole_of_standard_operators_and_says_that_it_is_quantized(network, textures):
    content = quantize(network, textures(4))
    model = onnx.ModelProto.FromString(content)
    onnx.checker.check_model(model, full_check=True)
    assert {"", "ai.onnx"} >= {entry.domain for entry in model.opset_import}
    metadata = OnnxScorer(content).metadata
    assert ("int8", "patchcore") == (metadata["pyimgano.precision"], metadata["pyimgano.detector"])
    assert len(content) < len(network.model)


def test_the_same_images_in_any_order_give_the_same_bytes(network, textures):
    images = textures(4)
    assert quantize(network, images) == quantize(network, images[::-1])


def test_a_score_does_not_depend_on_the_batch(network, textures):
    scorer, images = OnnxScorer(quantize(network, textures(4))), textures(3, seed=5)
    scores, _ = scorer.run(images)
    alone = [scorer.score(image).score for image in images]
    assert alone == pytest.approx(scores.tolist(), rel=1e-5)


@pytest.mark.parametrize("detector", [Padim(dimensions=12), PatchCore()], ids=["padim", "patchcore"])
def test_filters_are_refused_with_the_key_that_asked(detector, fit, textures):
    graph = fit(detector, textures(2))
    with pytest.raises(ConfigError, match=r"\$\.export\.int8: .*no network in its features"):
        quantize(graph, textures(2))


@given(low=st.floats(-1e4, 1e4), width=st.floats(0, 1e4))
def test_an_activation_rounds_to_the_nearest_step_and_zero_is_exact(low, width):
    found = _scale_of(low, low + width)
    assert 0 <= int(found.zero) <= 255
    ends = np.array([min(low, 0.0), max(low + width, 0.0), 0.0])
    integers = np.clip(np.rint(ends / float(found.scale)) + int(found.zero), 0, 255)
    restored = (integers - int(found.zero)) * float(found.scale)
    assert restored[2] == 0.0
    assert (np.abs(restored - ends) <= float(found.scale) * 0.51).all()


SIDE = 8


def small_graph(convolution, bias):
    """A scorer graph of all kinds of nodes that compute in integers, small enough to follow."""
    rng = np.random.default_rng(0)
    constants = {
        "a.network.first": convolution,
        "a.network.bias": bias,
        "a.network.second": rng.normal(0, 1, (4, 4, 1, 1)),
        "a.network.third": rng.normal(0, 1, (4, 8, 1, 1)),
        "low": np.array(0.0),
        "high": np.array(6.0),
        "head.scale": np.array(2.0),
    }
    pooled = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "a.network.first", "a.network.bias"], ["one"]),
        helper.make_node("Relu", ["one"], ["one_up"]),
        helper.make_node("MaxPool", ["one_up"], ["pooled"], **pooled),
        helper.make_node("Conv", ["pooled", "a.network.second"], ["two"]),
        helper.make_node("Clip", ["two", "low", "high"], ["two_up"]),
        helper.make_node("Concat", ["two_up", "pooled"], ["both"], axis=1),
        helper.make_node("Conv", ["both", "a.network.third"], ["three"]),
        helper.make_node("Add", ["three", "two_up"], ["sum"]),
        helper.make_node("Mul", ["sum", "head.scale"], ["rated"]),
        helper.make_node("ReduceMax", ["rated", "channel"], ["anomaly_map"], keepdims=0),
        helper.make_node("ReduceMax", ["anomaly_map", "plane"], ["score"], keepdims=0),
    ]
    tensors = [numpy_helper.from_array(np.asarray(v, np.float32), name) for name, v in constants.items()]
    tensors += [
        numpy_helper.from_array(np.array(axes), name)
        for name, axes in {"channel": [1], "plane": [1, 2]}.items()
    ]
    graph = helper.make_graph(
        nodes,
        "scorer",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["N", SIDE, SIDE]),
        ],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return ScorerGraph(model=model.SerializeToString(), detector="small", size=(SIDE, SIDE))


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (8, SIDE, SIDE, 3), np.uint8)


def test_pooling_joining_and_adding_between_convolutions_happen_in_integers(noise, tmp_path):
    graph = small_graph(np.random.default_rng(2).normal(0, 1 / 256, (4, 3, 1, 1)), np.full(4, 0.1))
    content = quantize(graph, noise)
    kinds = kinds_in_the_runtime(content, tmp_path)
    assert (3, 1) == (kinds["QLinearConv"], kinds["QLinearConcat"])
    pairs = [
        node.input[0]
        for node in onnx.ModelProto.FromString(content).graph.node
        if node.op_type == "QuantizeLinear"
    ]
    assert ["planes", "one_up", "pooled", "two_up", "both", "three"] == pairs
    assert relative_difference(graph, content, noise[0]) < 0.05


def test_a_pooled_tensor_has_the_scale_of_what_it_was_pooled_from(noise):
    graph = small_graph(np.random.default_rng(2).normal(0, 1 / 256, (4, 3, 1, 1)), np.full(4, 0.1))
    constants = constants_of(quantize(graph, noise))
    assert constants["one_up.scale"] == constants["pooled.scale"]


def test_a_dead_channel_with_a_bias_keeps_its_bias(noise):
    graph = small_graph(np.zeros((4, 3, 1, 1)), np.array([3.0, 0.0, 1.0, 2.0]))
    assert relative_difference(graph, quantize(graph, noise), noise[0]) < 0.05

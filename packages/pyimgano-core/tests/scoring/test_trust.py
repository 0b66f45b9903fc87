import numpy as np
import pytest

from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring._trust import graph_problems

OUTSIDE = ["it keeps data outside the file"]


@pytest.fixture
def helper():
    return pytest.importorskip("onnx.helper")


@pytest.fixture
def outside():
    """A tensor whose data would be read from another file of the host."""
    onnx = pytest.importorskip("onnx")
    tensor = onnx.numpy_helper.from_array(np.zeros(1, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret"
    return tensor


def nested(model, helper, depth, *, node=None, tensor=None):
    """Put a node or a tensor below `depth` attributes that hold graphs."""
    graph = helper.make_graph([node] if node else [], "inner", [], [], [tensor] if tensor else [])
    for _ in range(depth - 1):
        graph = helper.make_graph([helper.make_node("If", ["c"], ["x"], then_branch=graph)], "middle", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["x"], then_branch=graph))
    return model.SerializeToString()


def test_a_plain_graph_is_trusted(make_graph):
    assert [] == graph_problems(make_graph())


def test_data_outside_the_file_is_refused_before_the_runtime_sees_it(parse, outside):
    model = parse()
    model.graph.initializer.append(outside)
    with pytest.raises(ArtifactError, match="can't be trusted: it keeps data outside the file"):
        OnnxScorer(model.SerializeToString())


def test_a_location_alone_counts_as_data_outside_the_file(parse, outside):
    model = parse()
    outside.ClearField("data_location")
    model.graph.initializer.append(outside)
    assert graph_problems(model.SerializeToString()) == OUTSIDE


def test_data_outside_the_file_is_found_in_an_attribute(parse, helper, outside):
    model = parse()
    model.graph.node.append(helper.make_node("Constant", [], ["x"], value=outside))
    assert graph_problems(model.SerializeToString()) == OUTSIDE


def test_data_outside_the_file_is_found_in_sparse_tensors(parse, outside):
    onnx = pytest.importorskip("onnx")
    model = parse()
    model.graph.sparse_initializer.append(onnx.SparseTensorProto(values=outside, dims=[1]))
    assert graph_problems(model.SerializeToString()) == OUTSIDE


@pytest.mark.parametrize("depth", [1, 3])
def test_data_outside_the_file_is_found_in_inner_graphs(parse, helper, outside, depth):
    assert graph_problems(nested(parse(), helper, depth, tensor=outside)) == OUTSIDE


def test_foreign_operators_are_refused(parse, helper):
    model = parse()
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    model.graph.node.append(helper.make_node("Gelu", ["mean"], ["unused"], domain="com.microsoft"))
    expected = ["it uses operators of the domain 'com.microsoft'"]
    assert expected == graph_problems(model.SerializeToString())
    with pytest.raises(ArtifactError, match=r"domain 'com\.microsoft'"):
        OnnxScorer(model.SerializeToString())


def test_foreign_operators_are_found_in_inner_graphs(parse, helper):
    content = nested(parse(), helper, 2, node=helper.make_node("Run", [], ["y"], domain="my.own"))
    assert graph_problems(content) == ["it uses operators of the domain 'my.own'"]


def test_the_standard_domain_may_be_named(parse, helper):
    model = parse()
    model.graph.node.append(helper.make_node("Neg", ["mean"], ["unused"], domain="ai.onnx"))
    assert [] == graph_problems(model.SerializeToString())


def test_functions_and_training_are_refused(parse, helper):
    model = parse()
    imports = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("", "f", ["x"], ["y"], [], imports))
    model.training_info.add()
    problems = graph_problems(model.SerializeToString())
    assert {"function", "training"} == {text.split()[3].rstrip(",") for text in problems}


def test_an_empty_file_is_refused():
    assert graph_problems(b"") == ["it is empty"]


def test_graphs_nested_without_end_are_refused(parse, helper):
    content = nested(parse(), helper, 20, node=helper.make_node("Neg", ["x"], ["y"]))
    assert graph_problems(content) == ["it is no ONNX file, or a part of it is missing"]

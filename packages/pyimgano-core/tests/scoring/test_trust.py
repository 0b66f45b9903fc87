import numpy as np
import pytest

from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring._trust import graph_problems, graph_versions

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


def with_constant(model, tensor):
    """Add a constant that nothing uses."""
    model.graph.initializer.append(tensor)
    return model.SerializeToString()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("value", "expected"), [(np.nan, 1), (-np.nan, 1), (np.inf, 0), (-np.inf, 0), (7, 0)]
)
def test_a_constant_that_is_not_a_number_is_refused_and_infinities_are_not(parse, kind, value, expected):
    onnx = pytest.importorskip("onnx")
    values = np.ones((3, 5), kind)
    values[1, 2] = value
    content = with_constant(parse(), onnx.numpy_helper.from_array(values, "bank"))
    assert ["it holds a constant that is not a number"] * expected == graph_problems(content)


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE"])
def test_a_value_that_is_not_a_number_is_found_in_the_fields_of_its_type(parse, helper, kind):
    onnx = pytest.importorskip("onnx")
    for value in (1.0, float("nan")):
        tensor = helper.make_tensor("bank", getattr(onnx.TensorProto, kind), [2], [0.5, value])
        assert (value != value) == bool(graph_problems(with_constant(parse(), tensor)))  # noqa: PLR0124 only NaN


def test_integers_are_no_broken_floats(parse):
    onnx = pytest.importorskip("onnx")
    tensor = onnx.numpy_helper.from_array(np.full(4, -1, np.int32), "all bits set")
    assert [] == graph_problems(with_constant(parse(), tensor))


def test_a_constant_with_half_a_value_is_refused(parse):
    onnx = pytest.importorskip("onnx")
    tensor = onnx.numpy_helper.from_array(np.ones(2, np.float32), "bank")
    tensor.raw_data = tensor.raw_data[:-1]
    assert ["it is no ONNX file, or a part of it is missing"] == graph_problems(
        with_constant(parse(), tensor)
    )


def test_a_bank_that_is_not_a_number_never_reaches_a_runtime(parse):
    onnx = pytest.importorskip("onnx")
    content = with_constant(parse(), onnx.numpy_helper.from_array(np.full(4, np.nan, np.float32), "bank"))
    with pytest.raises(ArtifactError, match="can't be trusted: it holds a constant that is not a number"):
        OnnxScorer(content)


def test_what_a_graph_says_about_itself_must_be_text(parse):
    model = parse()
    entry = model.metadata_props.add()
    entry.key, entry.value = "pyimgano.detector", "marker"
    content = model.SerializeToString()
    assert [] == graph_problems(content)
    assert ["it is no ONNX file, or a part of it is missing"] == graph_problems(
        content.replace(b"marker", b"m\xffrker")
    )


def test_the_versions_of_format_and_operators_are_read(parse):
    assert (10, 18) == graph_versions(parse().SerializeToString())

"""Tiny scorer graphs, written in the text form of ONNX: the map is an image's grey, the score its maximum."""

import numpy as np
import pytest

from pyimgano_core.scoring import OnnxScorer

GREY = """
<ir_version: 10, opset_import: ["" : 18]>
grey (uint8[N, 8, 8, 3] image) => (float[N] score, float[N, 8, 8] anomaly_map) {
    pixels = Cast<to = 1>(image)
    channels = Constant<value_ints = [3]>()
    plane = Constant<value_ints = [1, 2]>()
    white = Constant<value_float = 255.0>()
    mean = ReduceMean<keepdims = 0>(pixels, channels)
    anomaly_map = Div(mean, white)
    score = ReduceMax<keepdims = 0>(anomaly_map, plane)
}
"""


@pytest.fixture
def parse():
    """Return a function from edits of the graph's text (old, new) to its ONNX message."""
    parser = pytest.importorskip("onnx.parser", reason="the tests make graphs with onnx")

    def make(*edits):
        text = GREY
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return parser.parse_model(text)

    return make


@pytest.fixture
def make_graph(parse):
    """Return a function from edits of the graph's text (old, new) to the file's bytes."""
    return lambda *edits: parse(*edits).SerializeToString()


@pytest.fixture
def scorer(make_graph):
    return OnnxScorer(make_graph())


@pytest.fixture
def nan_scorer(make_graph):
    """A scorer that gives 0 / 0 as the score of a black image, else 1."""
    last = "score = ReduceMax<keepdims = 0>(anomaly_map, plane)"
    ratio = "largest = ReduceMax<keepdims = 0>(anomaly_map, plane) score = Div(largest, largest)"
    return OnnxScorer(make_graph((last, ratio)))


@pytest.fixture
def grey_image():
    """Return a function from a value to an image of it."""
    return lambda value: np.full((8, 8, 3), value, dtype=np.uint8)

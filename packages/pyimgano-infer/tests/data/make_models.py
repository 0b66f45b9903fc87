"""Write the two tiny scorer graphs that the tests use; needs the `onnx` package, which the tests don't.

mean.onnx: the map is the mean of the channels over 255, the score is the map's maximum.
nan_on_black.onnx: the same, but the score is the maximum over itself: 1, and NaN for a black image.
"""

from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

SIZE = (8, 8)
FOLDER = Path(__file__).parent


def make(name: str, last: list[NodeProto]) -> ModelProto:
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "channels"], ["grey"], keepdims=0),
        helper.make_node("Div", ["grey", "white"], ["anomaly_map"]),
        *last,
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", *SIZE, 3])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["N", *SIZE]),
        ],
        [
            numpy_helper.from_array(np.array([3], dtype=np.int64), "channels"),
            numpy_helper.from_array(np.array([1, 2], dtype=np.int64), "plane"),
            numpy_helper.from_array(np.array(255, dtype=np.float32), "white"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"detector": name, "size": f"{SIZE[0]},{SIZE[1]}"})
    checker.check_model(model, full_check=True)
    return model


def main() -> None:
    maximum = helper.make_node("ReduceMax", ["anomaly_map", "plane"], ["score"], keepdims=0)
    over_all = helper.make_node("ReduceMax", ["anomaly_map", "plane"], ["maximum"], keepdims=0)
    ratio = helper.make_node("Div", ["maximum", "maximum"], ["score"])
    (FOLDER / "mean.onnx").write_bytes(make("mean", [maximum]).SerializeToString(deterministic=True))
    black = make("nan_on_black", [over_all, ratio])
    (FOLDER / "nan_on_black.onnx").write_bytes(black.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()

"""A detector of a third party without torch, which fits at once and does what its options say before that."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from attrs import define, field
from onnx import TensorProto, helper, numpy_helper

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors import ScorerGraph


def die(folder):  # noqa: ARG001
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(folder):
    mark = Path(folder, "died")
    if not mark.exists():
        mark.touch()
        die(folder)


def wait(folder):
    mark = Path(folder, "waiting")
    if not mark.exists():
        mark.touch()
        time.sleep(60)


def fail(folder):  # noqa: ARG001
    raise RuntimeError("shapes can't be multiplied")


def use_up_memory(folder):  # noqa: ARG001
    raise MemoryError


def pass_by(folder):
    """Do nothing before the fit."""


ACTS = {act.__name__: act for act in (die, die_once, wait, fail, use_up_memory, pass_by)}


@define(frozen=True, kw_only=True)
class Quick:
    """The score is the brightest pixel; `folder` gets a line for each fit: process, act and threads."""

    features: FeaturesConfig = field(factory=FeaturesConfig)
    act: str = "pass_by"
    folder: str = ""

    def fit(self, images, *, seed, device, progress):  # noqa: ARG002
        with Path(self.folder, "fits").open("a") as stream:
            stream.write(f"{os.getpid()} {self.act} {os.environ.get('OMP_NUM_THREADS')}\n")
        ACTS[self.act](self.folder)
        return ScorerGraph(model=brightest(*images.size), detector="quick", size=images.size)


def brightest(height, width):
    """Return an ONNX file: of a map the mean of the channels, and of a score the map's largest value."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "channels"], ["anomaly_map"], keepdims=0),
        helper.make_node("ReduceMax", ["anomaly_map", "plane"], ["score"], keepdims=0),
    ]
    maps = ["N", height, width]
    graph = helper.make_graph(
        nodes,
        "quick",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [*maps, 3])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, maps),
        ],
        [
            numpy_helper.from_array(np.array([3], np.int64), "channels"),
            numpy_helper.from_array(np.array([1, 2], np.int64), "plane"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(
        model,
        {
            "pyimgano.format_version": "1",
            "pyimgano.detector": "quick",
            "pyimgano.version": "0",
            "pyimgano.size": f"{height}x{width}",
        },
    )
    return model.SerializeToString()

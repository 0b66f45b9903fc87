"""Scoring: the only way to turn images into scores, for training, evaluation and deployment alike."""

from pyimgano_core.scoring._onnx import OnnxScorer
from pyimgano_core.scoring._ranges import tensor_ranges
from pyimgano_core.scoring._runtime import DEVICES, Device, open_scorer
from pyimgano_core.scoring._scorer import FORMAT_VERSION, NonFiniteScoreError, Score, Scorer
from pyimgano_core.scoring._self_test import (
    check_self_test,
    probe_image,
    run_self_test,
    same_kernels,
    self_test_problems,
)
from pyimgano_core.scoring._versions import lowest_versions, version_problems

__all__ = [
    # A model
    "FORMAT_VERSION",
    "NonFiniteScoreError",
    "OnnxScorer",
    "Score",
    "Scorer",
    # What runs it
    "DEVICES",
    "Device",
    "lowest_versions",
    "open_scorer",
    "version_problems",
    # Its self-test
    "check_self_test",
    "probe_image",
    "run_self_test",
    "same_kernels",
    "self_test_problems",
    # What quantization needs to know
    "tensor_ranges",
]

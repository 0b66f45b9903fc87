"""Scoring: the only way to turn images into scores, for training, evaluation and deployment alike."""

from pyimgano_core.scoring._ranges import tensor_ranges
from pyimgano_core.scoring._scorer import FORMAT_VERSION, NonFiniteScoreError, OnnxScorer, Score
from pyimgano_core.scoring._self_test import check_self_test, probe_image, run_self_test

__all__ = [
    # A model
    "FORMAT_VERSION",
    "NonFiniteScoreError",
    "OnnxScorer",
    "Score",
    # Its self-test
    "check_self_test",
    "probe_image",
    "run_self_test",
    # What quantization needs to know
    "tensor_ranges",
]

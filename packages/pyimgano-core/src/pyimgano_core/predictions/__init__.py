"""Predictions in files, ours or another program's, held against a manifest and measured as a run is.

Lines, maps and records are matched without guessing: what fits nothing, or several, is told and not counted.
"""

from pyimgano_core.predictions._evaluate import FilesEvaluation, evaluate_files
from pyimgano_core.predictions._line import PredictedLine
from pyimgano_core.predictions._reader import PredictionsFile, read_predictions
from pyimgano_core.predictions._reviewed import Reviewed, merge_reviewed

__all__ = [
    # reading
    "PredictedLine",
    "PredictionsFile",
    "read_predictions",
    # measuring
    "FilesEvaluation",
    "evaluate_files",
    # reviewing
    "Reviewed",
    "merge_reviewed",
]

"""From an image file to its score: the one way, for calibration, evaluation, benchmark and deployment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.scoring._scorer import NonFiniteScoreError
from pyimgano_core.scoring.inputs import prepare_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.scoring._scorer import OnnxScorer


@define(frozen=True, kw_only=True)
class ScoredImage:
    """An image's score and its anomaly map, at the image's own size (H, W).

    `inside` is where the image was looked at, None for everywhere. Elsewhere the map is 0, or the lowest
    value inside where that is below 0.
    """

    score: float
    anomaly_map: NDArray[np.float32]  # (H, W)
    inside: NDArray[np.bool_] | None = None  # (H, W)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image as it is displayed."""
        height, width = self.anomaly_map.shape
        return height, width

    @property
    def pixel_count(self) -> int:
        """How many pixels were looked at."""
        return self.anomaly_map.size if self.inside is None else int(np.count_nonzero(self.inside))


def score_file(
    path: Path,
    *,
    scorer: OnnxScorer,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None = None,
) -> ScoredImage | Failure:
    """Score one image file; what is wrong with the file is a `Failure`, never an exception.

    Args:
        path: the file.
        scorer: the graph.
        preprocessing: what stands before it.
        interest: the region of interest, bool (h, w) of any size; None looks at everything.
    """
    try:
        image = prepare_image(path, preprocessing, interest)
        result = image.score(scorer)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    except NonFiniteScoreError as exc:
        return Failure(code="non_finite_score", message=f"{path}: {exc}")
    return ScoredImage(score=result.score, anomaly_map=result.anomaly_map, inside=image.inside)


def score_files(
    paths: Iterable[Path],
    *,
    scorer: OnnxScorer,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None = None,
    workers: int | None = None,
) -> Iterator[ScoredImage | Failure]:
    """Yield a result for each path, in order, several at a time; one image per run on one thread."""
    score = partial(score_file, scorer=scorer, preprocessing=preprocessing, interest=interest)
    return map_ordered(score, paths, workers=workers)

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
from pyimgano_core.images import read_image, resize_image, resize_map
from pyimgano_core.scoring._scorer import NonFiniteScoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.scoring._scorer import OnnxScorer


@define(frozen=True, kw_only=True)
class ScoredImage:
    """An image's score and its anomaly map, at the image's own size (H, W)."""

    score: float
    anomaly_map: NDArray[np.float32]  # (H, W)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image as it is displayed."""
        height, width = self.anomaly_map.shape
        return height, width


def score_file(path: Path, *, scorer: OnnxScorer, preprocessing: Preprocessing) -> ScoredImage | Failure:
    """Score one image file; what is wrong with the file is a `Failure`, never an exception."""
    try:
        image = read_image(path, sixteen_bit_range=preprocessing.sixteen_bit_range)
        result = scorer.score(resize_image(image, preprocessing.resize))
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    except NonFiniteScoreError as exc:
        return Failure(code="non_finite_score", message=f"{path}: {exc}")
    height, width = image.shape[:2]
    return ScoredImage(score=result.score, anomaly_map=resize_map(result.anomaly_map, (height, width)))


def score_files(
    paths: Iterable[Path], *, scorer: OnnxScorer, preprocessing: Preprocessing, workers: int | None = None
) -> Iterator[ScoredImage | Failure]:
    """Yield a result for each path, in order, several at a time; one image per run on one thread."""
    return map_ordered(
        partial(score_file, scorer=scorer, preprocessing=preprocessing), paths, workers=workers
    )

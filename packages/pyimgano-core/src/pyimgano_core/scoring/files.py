"""From an image to its score: the one way, for calibration, evaluation, benchmark and deployment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from pyimgano_core.contracts.drift import ImageStatistics
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.scoring._scorer import NonFiniteScoreError
from pyimgano_core.scoring.inputs import PreparedImage, prepare_image, prepare_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.infer_config import Preprocessing
    from pyimgano_core.scoring._scorer import Scorer


@define(frozen=True, kw_only=True)
class ScoredImage:
    """An image's score and its anomaly map, at the image's own size (H, W).

    `inside` is where the image was looked at, None for everywhere. Elsewhere the map is 0, or the lowest
    value inside where that is below 0. `working_map` is the map before it was enlarged, at the size at which
    the model saw the image, all tiles together. `statistics` are those of the image as the model saw it.
    `several_frames` says that the file holds more frames than the first, which was scored.
    """

    score: float
    anomaly_map: NDArray[np.float32]  # (H, W)
    working_map: NDArray[np.float32] = field()  # (h, w)
    inside: NDArray[np.bool_] | None = None  # (H, W)
    statistics: ImageStatistics | None = None
    several_frames: bool = False

    @working_map.default
    def _is_the_map(self) -> NDArray[np.float32]:
        return self.anomaly_map

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
    path: ImageFile,
    *,
    scorer: Scorer,
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
    return _score(partial(prepare_image, path, preprocessing, interest), path, scorer)


def score_pixels(
    pixels: NDArray[np.uint8],
    *,
    name: str,
    scorer: Scorer,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None = None,
) -> ScoredImage | Failure:
    """Score an image that was read already; a file of the same pixels has the same score.

    Args:
        pixels: (H, W, 3) RGB, upright.
        name: what a failure calls the image.
        scorer: the graph.
        preprocessing: what stands before it.
        interest: as in `score_file`.
    """
    return _score(partial(prepare_pixels, pixels, preprocessing, interest, name=name), name, scorer)


def _score(
    prepare: Callable[[], PreparedImage], name: ImageFile | str, scorer: Scorer
) -> ScoredImage | Failure:
    try:
        image = prepare()
        result = image.score(scorer)
    except ImageError as exc:
        return Failure(code=exc.code, message=str(exc))
    except NonFiniteScoreError as exc:
        return Failure(code="non_finite_score", message=f"{name}: {exc}")
    return ScoredImage(
        score=result.score,
        anomaly_map=image.enlarge(result.anomaly_map),
        working_map=image.lower(result.anomaly_map),
        inside=image.inside,
        statistics=image.statistics(),
        several_frames=image.several_frames,
    )


def score_files(
    paths: Iterable[Path],
    *,
    scorer: Scorer,
    preprocessing: Preprocessing,
    interest: NDArray[np.bool_] | None = None,
    workers: int | None = None,
) -> Iterator[ScoredImage | Failure]:
    """Yield a result for each path, in order, several at a time; one image per run on one thread."""
    score = partial(score_file, scorer=scorer, preprocessing=preprocessing, interest=interest)
    return map_ordered(score, paths, workers=workers)

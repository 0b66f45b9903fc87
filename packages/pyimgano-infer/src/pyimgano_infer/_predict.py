"""One input to one prediction, with the products that go with it; a fault of an input stays in its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve
from numpy.typing import NDArray

from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.errors import ImageError
from pyimgano_core.scoring import Scorer
from pyimgano_core.scoring.files import ScoredImage, score_file
from pyimgano_core.thresholds import verdict
from pyimgano_infer._inputs import Input
from pyimgano_infer._save import add_products

if TYPE_CHECKING:
    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_infer._products import Outputs


@define(frozen=True, kw_only=True, eq=False)
class Model:
    """One category's scorer, ready for images of any size.

    An image whose score is at or above `threshold` is anomalous; without one there is no verdict. Scores from
    `review_threshold` up to below it are for a person to decide; without one there is no such band.
    `interest` is the region of interest, (h, w), None for the whole image: what lies outside can't change the
    score. `pixel_threshold` is on the scale of the anomaly map; regions of fewer than `minimum_area` image
    pixels at or above it do not count.
    """

    category: str
    scorer: Scorer
    preprocessing: Preprocessing
    interest: NDArray[np.bool_] | None
    threshold: float | None
    review_threshold: float | None
    pixel_threshold: float | None
    minimum_area: int

    def score(self, path: ImageFile) -> ScoredImage | Failure:
        """Return what is found in one image file, or what is wrong with it."""
        return score_file(path, scorer=self.scorer, preprocessing=self.preprocessing, interest=self.interest)


@define(frozen=True, kw_only=True)
class Job:
    """An input with its place in the output and the model that is to score it.

    Either `model` or `failure` is given.
    """

    index: int
    item: Input
    category: str
    model: Model | None = None
    failure: Failure | None = None


def predict(job: Job, *, outputs: Outputs) -> Prediction:
    """Return the prediction of one input; only a broken machine raises."""
    if job.model is None:
        return _line(job, job.failure)
    return tell(job, job.model, job.model.score(job.item.path), outputs=outputs)


def tell(job: Job, model: Model, result: ScoredImage | Failure, *, outputs: Outputs) -> Prediction:
    """Return the prediction of an input that was scored.

    Args:
        job: the input.
        model: what scored it.
        result: what was found.
        outputs: what is to be kept of it.

    Raises:
        MachineError: a file can't be written, or a package is missing.
    """
    if isinstance(result, Failure):
        return _line(job, result)
    line = evolve(
        _line(job),
        score=result.score,
        label=verdict(result.score, model.threshold, model.review_threshold),
        image_size=result.size,
        statistics=result.statistics,
        several_frames=result.several_frames,
    )
    try:
        return add_products(line, job.item.path, result, model, outputs)
    except ImageError as exc:  # the file vanished or changed since it was scored
        return _line(job, Failure(code=exc.code, message=str(exc)))


def _line(job: Job, error: Failure | None = None) -> Prediction:
    """Return the line of an input with all that is known without its image."""
    record = job.item.record
    return Prediction(
        index=job.index,
        status="ok" if error is None else "error",
        input=job.item.text,
        category=job.category,
        threshold=None if job.model is None else job.model.threshold,
        review_threshold=None if job.model is None else job.model.review_threshold,
        y_true=record.label if record is not None and record.labelled else None,
        defect=None if record is None else record.defect,
        group_id=None if record is None else record.group_id,
        meta=None if record is None else record.meta or None,
        error=error,
    )

"""The line of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.thresholds import verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.record import Sample


class ScoredInput(Protocol):
    """What became of one image: its score and, where there is one, its anomaly map at the image's size."""

    @property
    def score(self) -> float:
        """The image's score; larger is more anomalous."""
        ...

    @property
    def anomaly_map(self) -> NDArray[np.floating] | None:  # (H, W)
        """The score of every pixel."""
        ...

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the image, where they are known."""
        ...


def predict(
    index: int,
    sample: Sample,
    result: ScoredInput | Failure,
    *,
    threshold: float | None,
    review: float | None = None,
) -> Prediction:
    """Return the line of one image; the record's group, defect and meta travel along.

    Args:
        index: the image's number.
        sample: the image and its record.
        result: its score, or why there is none.
        threshold: the deployed image threshold, or None.
        review: where the review band begins, or None.
    """
    record = sample.record
    scored, failure = (None, result) if isinstance(result, Failure) else (result, None)
    score = None if scored is None else scored.score
    return Prediction(
        index=index,
        status="ok" if failure is None else "error",
        input=record.image_path,
        category=record.category,
        score=score,
        threshold=threshold,
        label=verdict(score, threshold, review),
        review_threshold=review,
        y_true=record.label,
        defect=record.defect,
        group_id=record.group_id,
        image_size=None if scored is None else scored.size,
        error=failure,
        meta=record.meta or None,
    )

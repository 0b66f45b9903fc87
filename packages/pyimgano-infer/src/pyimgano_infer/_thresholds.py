"""Which thresholds decide: the config's, or those of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from pyimgano_core.contracts.infer_config import CategoryModel


@define(frozen=True, kw_only=True)
class Thresholds:
    """The thresholds of one category.

    A score at or above `image` is anomalous; one at or above `review` and below `image` is to be reviewed.
    `review` is None where there is no such band, and `void_review` is then the review threshold that was
    meant for one but is not below `image`. Regions of fewer than `minimum_area` image pixels at or above
    `pixel` do not count.
    """

    image: float | None
    review: float | None
    void_review: float | None
    pixel: float | None
    minimum_area: int


def choose_thresholds(
    entry: CategoryModel, threshold: float | None = None, review: float | None = None
) -> Thresholds:
    """Return the thresholds of a category.

    Args:
        entry: the category in the config.
        threshold: what takes the place of its image threshold.
        review: what takes the place of its review threshold.
    """
    image = entry.threshold.value if threshold is None else threshold
    if review is None and entry.review_threshold is not None:
        review = entry.review_threshold.value
    is_band = image is not None and review is not None and review < image
    pixel = entry.pixel_threshold
    return Thresholds(
        image=image,
        review=review if is_band else None,
        void_review=None if is_band or image is None else review,
        pixel=None if pixel is None else pixel.value,
        minimum_area=1 if pixel is None else pixel.minimum_area,
    )

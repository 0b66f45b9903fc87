"""The options that every detector has for its map and its score, and what they may be."""

from __future__ import annotations

from typing import Protocol

from attrs.validators import and_, ge, le

_WIDEST = 256.0  # pixels: far beyond any defect, and the matrices that smooth grow with it

SMOOTHING = and_(ge(0.0), le(_WIDEST))
SCORE_FRACTION = and_(ge(0.0), le(1.0))


class RatingOptions(Protocol):
    """What the map and the score depend on.

    Attributes:
        smoothing: standard deviation of the map's Gaussian, in input pixels.
        score_fraction: the share of the patches, the farthest, whose mean distance is the score.
    """

    @property
    def smoothing(self) -> float: ...

    @property
    def score_fraction(self) -> float: ...

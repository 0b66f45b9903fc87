"""The verdict on a part of which several images were taken."""

from __future__ import annotations

from typing import Literal

from attrs import define, field
from attrs.validators import ge

from pyimgano_core.contracts.prediction import Label

Reason = Literal["failed_view", "view_without_verdict"]

_OMITTED = {"omit_default": True}  # left out of JSON where it holds its default


@define(frozen=True, kw_only=True)
class PartView:
    """One image of a part: the line `index` among the predictions, and what came of it.

    `error` is the code of its failure. `label` is null where it failed or its category has no threshold.
    `ratio` is its score over its threshold, where that is above 0: 1 and more is anomalous.
    """

    index: int
    category: str
    label: Label | None = None
    ratio: float | None = field(default=None, metadata=_OMITTED)
    error: str | None = field(default=None, metadata=_OMITTED)


@define(frozen=True, kw_only=True)
class PartVerdict:
    """The verdict on one part over its views, the images whose manifest rows share its `meta.part_id`.

    A part is anomalous where any of its views is. Else it has no verdict (`label` is null, and `reason` says
    why) where a view failed or has no verdict, for a part that was not wholly looked at is never normal.
    Else it is to be reviewed where any view is, else it is normal. `worst_index` is the index of its worst
    view: the gravest label, then the highest ratio, then the first; null where no view has a verdict.
    `max_ratio` is the highest ratio of its views, whatever their labels.
    """

    part_id: str
    label: Label | None
    reason: Reason | None = field(default=None, metadata=_OMITTED)
    n_views: int = field(validator=ge(1))
    n_failed: int
    worst_index: int | None
    max_ratio: float | None
    views: tuple[PartView, ...]

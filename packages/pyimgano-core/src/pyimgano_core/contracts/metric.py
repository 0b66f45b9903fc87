"""The value of a metric, or the reason why it has none."""

from __future__ import annotations

from attrs import define


@define(frozen=True, kw_only=True)
class MetricValue:
    """A metric's value.

    `value` is None exactly where the metric is undefined, and `reason` then says why (`no_positives`,
    `no_negatives`, `no_regions`, …). `flags` qualify a defined value (`constant_scores`). `threshold` is the
    score at which a metric such as F1-max is attained.
    """

    value: float | None = None
    reason: str | None = None
    threshold: float | None = None
    flags: tuple[str, ...] = ()

"""What a comparison finds: a verdict for each metric and category, one for the macro mean, and the gate's."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import define, field
from attrs.validators import and_, ge, gt, lt

Verdict = Literal["better", "worse", "equivalent", "undecided", "undefined", "missing"]


@define(frozen=True, kw_only=True)
class Judged:
    """A metric of the contender against the baseline's, in one category or, where that is null, on average.

    `contender` and `baseline` are values of the metric, means over seeds, `difference` is the first less the
    second, and `low` and `high` are the ends of its interval, for other images and other seeds. `p_value` is
    two-sided, for no difference; `adjusted_p_value` is Holm's over the categories of the metric, and that of
    a mean is not adjusted. `seed_p_value` is for no difference on these very images, whether seeds alone
    explain it, adjusted in the same way.

    `verdict` is `equivalent` where the interval lies within the margin on both sides, else `better` or
    `worse` where the adjusted p-value is small enough, else `undecided`. It is `undefined` where neither side
    has the metric, and `missing` where they can't be compared, such as after a failure; `reason` says why. A
    mean is over `categories` only, of `category_count` in which it could be.
    """

    metric: str
    category: str | None = None
    verdict: Verdict
    reason: str | None = None
    contender: float | None = None
    baseline: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    seed_p_value: float | None = None
    categories: tuple[str, ...] = ()
    category_count: int | None = None


@define(frozen=True, kw_only=True)
class PairComparison:
    """One contender against one baseline on one data set, by their labels.

    Where `paired_seeds`, the test images follow the seed and each seed is compared with itself; otherwise the
    seeds of the sides are two samples. `notes` say in what else the sides differ.
    """

    contender: str
    baseline: str
    dataset: str
    contender_seeds: tuple[int, ...]
    baseline_seeds: tuple[int, ...]
    paired_seeds: bool
    judged: tuple[Judged, ...]
    means: tuple[Judged, ...]
    notes: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class Gate:
    """Whether a regression gate tripped, and each reason for it in words."""

    tripped: bool
    reasons: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class Comparisons:
    """A comparison of two folders of results: `contender` and `baseline` say which.

    `margin` is a difference too small to matter. `alpha` is the error rate of the verdicts of one metric, and
    1 - `alpha` the level of the intervals. `gate` is null where none was asked for.
    """

    KIND: ClassVar[str] = "pyimgano.bench_comparison"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_comparison"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    contender: str
    baseline: str
    margin: float = field(default=0.01, validator=and_(ge(0.0), lt(1.0)))
    alpha: float = field(default=0.05, validator=and_(gt(0.0), lt(1.0)))
    pairs: tuple[PairComparison, ...] = ()
    notes: tuple[str, ...] = ()
    gate: Gate | None = None

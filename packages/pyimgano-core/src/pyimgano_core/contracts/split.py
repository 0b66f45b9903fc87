"""A data set divided: what is fitted, what sets the threshold, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import define, field

from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.record import Role, Sample

CalibrationSource = Literal["val", "train_holdout", "none"]
CalibrationFallback = Literal["single_group", "too_few_normals"]


@define(frozen=True, kw_only=True)
class CategorySplit:
    """The samples of one category by role, each in the order of the data set, and in one role only.

    `calibration_source` says where the calibration images come from: the `val` records, or images held out of
    the train records. `calibration_fallback` says why they are not what was asked for: `single_group` where
    they share their group with fitted images, `too_few_normals` where there are none. `group_conflicts` are
    the groups whose own records stand on two sides.
    """

    category: str
    train: Sequence[Sample] = ()
    calibration: Sequence[Sample] = ()
    test: Sequence[Sample] = ()
    calibration_source: CalibrationSource = "none"
    calibration_fallback: CalibrationFallback | None = None
    group_conflicts: tuple[str, ...] = ()

    @property
    def by_role(self) -> tuple[tuple[Role, Sequence[Sample]], ...]:
        """The samples with their roles."""
        return (("train", self.train), ("calibration", self.calibration), ("test", self.test))


@define(frozen=True, kw_only=True)
class SplitResult:
    """The splits of all categories, in order of their names, and what is wrong with them."""

    categories: tuple[CategorySplit, ...] = ()
    issues: tuple[Issue, ...] = ()


@define(frozen=True, kw_only=True)
class Fingerprint:
    """Which data a split holds, whatever its files are called and in whatever order they stand.

    `counts` has the number of samples by role, and `missing_files`: the files that have no content.
    `test_sha256` is of the test samples alone; null in documents of older versions.
    """

    sha256: str
    counts: dict[str, int] = field(factory=dict)
    test_sha256: str | None = None

"""The data set of a round, ready for all of its contenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.trial import cut_short
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.preparation import prepare_dataset

if TYPE_CHECKING:
    from pyimgano_bench.plan import Plan, Round
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress


def prepare_round(round_: Round, plan: Plan, progress: Progress) -> Prepared:
    """Return the data set of a plan's round, cut short in a trial.

    Raises:
        DataError: with all errors of the data set.
        UsageError: a category of the round has no test images.
    """
    prepared = prepare_dataset(round_.config, plan.base, progress)
    _require_tests(prepared, round_.categories)
    return prepared if plan.limit is None else cut_short(prepared, round_.config, plan.limit)


def find_category(prepared: Prepared, name: str) -> PreparedCategory:
    """Return a category of a data set.

    Raises:
        DataError: it has none of that name that can be used.
    """
    for category in prepared.categories:
        if category.split.category == name:
            return category
    raise DataError(f"category {name!r} has no usable record")


def _require_tests(prepared: Prepared, asked: tuple[str, ...]) -> None:
    """Refuse a data set of which a category that was asked for can't be tested."""
    splits = (category.split for category in prepared.categories)
    untested = [split.category for split in splits if split.category in asked and not split.test]
    if untested:
        names = ", ".join(map(repr, untested))
        raise UsageError(
            f"without test images there is nothing to compare ({names}), so this can't run in benchmark "
            "mode; use the workbench: pyimgano-train, or name the others with --category"
        )

"""Prove on this host that a config and its checkpoints are whole and give the scores that they must give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.threshold import Threshold
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import NonFiniteScoreError, check_self_test
from pyimgano_core.words import certified_in_words, gather, method_in_words, threshold_caveats
from pyimgano_infer._config import choose_categories, read_config
from pyimgano_infer._models import Models

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig


@define(frozen=True, kw_only=True)
class Verified:
    """What was found for one category; `problem` is None where all is well.

    `self_test_passed` is None where there is no self-test, or the checkpoint could not be loaded for it.
    `thresholds` are `image` and, where there are any, `review` and `pixel`, with their provenance.
    """

    category: str
    self_test: bool
    self_test_passed: bool | None
    threshold: float | None
    pixel_threshold: float | None
    thresholds: dict[str, Threshold]
    problem: str | None


def verify(path: Path, category: str | None = None) -> tuple[Verified, ...]:
    """Check hash, signature and self-test of each category, and collect what is wrong.

    Args:
        path: the config.
        category: which one; None means all.

    Raises:
        ArtifactError: the config itself can't be trusted or understood.
        UsageError: the config has no such category.
    """
    config = read_config(path)
    return tuple(_verify_one(path, config, name) for name in choose_categories(config, category))


def _verify_one(path: Path, config: InferConfig, name: str) -> Verified:
    entry = config.per_category[name]
    passed, problem = _try(path, config, name, entry)
    return Verified(
        category=name,
        self_test=entry.self_test is not None,
        self_test_passed=passed,
        threshold=entry.threshold.value,
        pixel_threshold=None if entry.pixel_threshold is None else entry.pixel_threshold.value,
        thresholds=_thresholds(entry),
        problem=problem,
    )


def _try(path: Path, config: InferConfig, name: str, entry: CategoryModel) -> tuple[bool | None, str | None]:
    """Return whether the self-test passed, and what is wrong."""
    try:
        model = Models(path, config, (name,)).load(name)
    except (ArtifactError, NonFiniteScoreError) as exc:
        return None, str(exc)
    if entry.self_test is None:
        return None, None
    try:
        check_self_test(model.scorer, entry.self_test)
    except ArtifactError as exc:
        return False, f"category {name!r}: self-test failed: {str(exc).removeprefix('self-test: ')}"
    return True, None


def describe(found: Iterable[Verified]) -> str:
    """Return what was found for people: a table of the categories and one of their thresholds."""
    found = tuple(found)
    categories = [
        (entry.category, "yes" if entry.problem is None else "NO", _self_test(entry)) for entry in found
    ]
    thresholds = [(entry.category, *row) for entry in found for row in _rows(entry)]
    tables = [
        format_table(("category", "verified", "self-test"), categories),
        format_table(
            ("category", "threshold", "value", "method", "minimum area", "certified false-alarm rate"),
            thresholds,
        ),
    ]
    caveats = gather((entry.category, line) for entry in found for line in _caveats(entry.thresholds))
    return "\n\n".join([*tables, *(["\n".join(caveats)] if caveats else [])])


def _self_test(entry: Verified) -> str:
    if entry.self_test_passed is None:
        return "not run" if entry.self_test else "none"
    return "passed" if entry.self_test_passed else "FAILED"


def _caveats(thresholds: dict[str, Threshold]) -> Iterator[str]:
    return threshold_caveats(thresholds["image"], thresholds.get("pixel"), thresholds.get("review"))


def _thresholds(entry: CategoryModel) -> dict[str, Threshold]:
    named = {"image": entry.threshold, "review": entry.review_threshold, "pixel": entry.pixel_threshold}
    return {name: threshold for name, threshold in named.items() if threshold is not None}


def _rows(entry: Verified) -> Iterator[tuple[str, ...]]:
    for name, threshold in entry.thresholds.items():
        yield (
            name,
            "-" if threshold.value is None else f"{threshold.value:.6g}",
            _method(threshold),
            str(threshold.minimum_area) if name == "pixel" else "-",
            certified_in_words(threshold.provenance.certificate),
        )


def _method(threshold: Threshold) -> str:
    origin = threshold.provenance
    if origin.requested in {None, origin.method}:
        return method_in_words(origin)
    return f"{method_in_words(origin)}, not {origin.requested}"

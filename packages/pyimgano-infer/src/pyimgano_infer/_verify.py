"""Prove on this host that a config and its checkpoints are whole and give the scores that they must give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.threshold import Certificate, Threshold
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import NonFiniteScoreError, check_self_test
from pyimgano_infer._config import choose_categories, read_config
from pyimgano_infer._models import Models

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig


@define(frozen=True, kw_only=True)
class Verified:
    """What was found for one category; `problem` is None where all is well.

    `thresholds` are `image` and, where there are any, `review` and `pixel`, with their provenance.
    """

    category: str
    self_test: bool
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
    problem = None
    try:
        _try(path, config, name, entry)
    except (ArtifactError, NonFiniteScoreError) as exc:
        problem = str(exc)
    return Verified(
        category=name,
        self_test=entry.self_test is not None,
        threshold=entry.threshold.value,
        pixel_threshold=None if entry.pixel_threshold is None else entry.pixel_threshold.value,
        thresholds=_thresholds(entry),
        problem=problem,
    )


def _try(path: Path, config: InferConfig, name: str, entry: CategoryModel) -> None:
    model = Models(path, config, (name,)).load(name)
    if entry.self_test is not None:
        check_self_test(model.scorer, entry.self_test)


def describe(found: Iterable[Verified]) -> str:
    """Return what was found for people: a table of the categories and one of their thresholds."""
    found = tuple(found)
    categories = [
        (entry.category, "yes" if entry.problem is None else "NO", "yes" if entry.self_test else "none")
        for entry in found
    ]
    thresholds = [(entry.category, *row) for entry in found for row in _rows(entry)]
    return (
        format_table(("category", "verified", "self-test"), categories)
        + "\n\n"
        + format_table(
            ("category", "threshold", "value", "method", "certified rate", "minimum area"), thresholds
        )
    )


def _thresholds(entry: CategoryModel) -> dict[str, Threshold]:
    named = {"image": entry.threshold, "review": entry.review_threshold, "pixel": entry.pixel_threshold}
    return {name: threshold for name, threshold in named.items() if threshold is not None}


def _rows(entry: Verified) -> Iterator[tuple[str, ...]]:
    for name, threshold in entry.thresholds.items():
        yield (
            name,
            "-" if threshold.value is None else f"{threshold.value:.6g}",
            _method(threshold),
            _certified(threshold.provenance.certificate),
            str(threshold.minimum_area) if name == "pixel" else "-",
        )


def _method(threshold: Threshold) -> str:
    origin = threshold.provenance
    if threshold.value is None and origin.reason is not None:
        return f"{origin.method}: {origin.reason}"
    if origin.requested in {None, origin.method}:
        return origin.method
    return f"{origin.method}, not {origin.requested}"


def _certified(certificate: Certificate | None) -> str:
    """Return the false-positive rate that is certain, or why there is none; `-` where nothing is recorded."""
    if certificate is None:
        return "-"
    if certificate.level is None:
        return "none" if certificate.reason is None else f"none: {certificate.reason}"
    facts = []
    if certificate.confidence is not None:
        facts.append(f"confidence {certificate.confidence:g}")
    if certificate.reason is not None:
        facts.append(certificate.reason)
    return f"{certificate.level:.4g}" + (f" ({', '.join(facts)})" if facts else "")

"""Prove on this host that a config and its checkpoints are whole and give the scores that they must give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import NonFiniteScoreError, check_self_test
from pyimgano_infer._config import choose_categories, read_config
from pyimgano_infer._models import Models

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig


@define(frozen=True, kw_only=True)
class Verified:
    """What was found for one category; `problem` is None where all is well."""

    category: str
    self_test: bool
    threshold: float | None
    pixel_threshold: float | None
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
        problem=problem,
    )


def _try(path: Path, config: InferConfig, name: str, entry: CategoryModel) -> None:
    model = Models(path, config, (name,)).load(name)
    if entry.self_test is not None:
        check_self_test(model.scorer, entry.self_test)

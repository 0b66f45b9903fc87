"""The region of interest of a category, from the masks that a run config names.

Two masks may be named per category, or under `*` for all that have none of their own: where to look
(`regions`), and where not to (`ignore`). They become one region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.errors import ConfigError, ImageError
from pyimgano_core.images import fit_interest, image_size, read_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import DatasetConfig
    from pyimgano_core.contracts.split import CategorySplit

_ALL = "*"


def load_interest(dataset: DatasetConfig, category: str, base: Path) -> NDArray[np.bool_] | None:
    """Return the region of interest of a category, or None where everything is looked at.

    Args:
        dataset: names the masks.
        category: its name.
        base: the folder that relative paths start from.

    Returns:
        bool (H, W), some of it True.

    Raises:
        ConfigError: a mask can't be used, the two differ in size, or nothing is left.
    """
    found = [_read(table, masks, category, base) for table, masks in _tables(dataset)]
    region, ignored = found
    if ignored is None:
        interest = region
    elif region is None:
        interest = ~ignored
    elif region.shape != ignored.shape:
        raise ConfigError(
            [f"$.dataset.ignore: the masks of regions and ignore differ in size for category {category!r}"]
        )
    else:
        interest = region & ~ignored
    if interest is not None and not interest.any():
        raise ConfigError(
            [f"{_tables_of(dataset, category)}: of category {category!r} no pixel is left to look at"]
        )
    return interest


def check_interest(
    dataset: DatasetConfig, categories: Sequence[str], splits: Iterable[CategorySplit], base: Path
) -> None:
    """Refuse regions that a run could not use, before it begins; an image per category is looked at.

    Args:
        dataset: names the masks.
        categories: the names of all categories of the data set.
        splits: the categories of the run.
        base: the folder that relative paths start from.

    Raises:
        ConfigError: with the problems of all categories.
    """
    problems = list(_unknown_categories(dataset, categories))
    for split in splits:
        try:
            interest = load_interest(dataset, split.category, base)
        except ConfigError as exc:
            problems += exc.problems
        else:
            problems += [] if interest is None else _mismatch(dataset, split, interest)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))  # a mask of all categories is told once


def interest_files(dataset: DatasetConfig, base: Path) -> tuple[Path, ...]:
    """Return the masks that the config names, in the order of their tables and keys."""
    return tuple(
        resolve_path(masks[category], base) for _, masks in _tables(dataset) for category in sorted(masks)
    )


def with_absolute_masks(dataset: DatasetConfig, base: Path) -> DatasetConfig:
    """Return the config with masks that are found from any folder; relative ones start from `base`."""
    absolute = {
        table: {category: str(resolve_path(text, base).absolute()) for category, text in masks.items()}
        for table, masks in _tables(dataset)
    }
    return evolve(dataset, regions=absolute["regions"], ignore=absolute["ignore"])


def _tables(dataset: DatasetConfig) -> tuple[tuple[str, dict[str, str]], ...]:
    return ("regions", dataset.regions), ("ignore", dataset.ignore)


def _read(table: str, masks: dict[str, str], category: str, base: Path) -> NDArray[np.bool_] | None:
    key = category if category in masks else _ALL
    if key not in masks:
        return None
    try:
        return read_mask(resolve_path(masks[key], base))
    except ImageError as exc:
        raise ConfigError([f"$.dataset.{table}.{key}: {exc}"]) from exc


def _tables_of(dataset: DatasetConfig, category: str) -> str:
    """Return which tables the region of a category comes from, as a place in the config."""
    named = [table for table, masks in _tables(dataset) if category in masks or _ALL in masks]
    return f"$.dataset.{' and '.join(named)}"


def _unknown_categories(dataset: DatasetConfig, known: Sequence[str]) -> Iterator[str]:
    for table, masks in _tables(dataset):
        for key in masks:
            if key != _ALL and key not in known:
                yield f"$.dataset.{table}.{key}: {unknown('category', key, list(known))}"


def _mismatch(dataset: DatasetConfig, split: CategorySplit, interest: NDArray[np.bool_]) -> list[str]:
    """Return why the region does not fit the category's first image that can be read, if it does not."""
    for sample in (sample for _, samples in split.by_role for sample in samples):
        try:
            size = image_size(sample.image)
        except ImageError:
            continue  # it is told elsewhere
        try:
            fit_interest(interest, size, sample.image)
        except ImageError as exc:
            return [f"{_tables_of(dataset, split.category)}: category {split.category!r}: {exc}"]
        return []
    return []

"""How a category's images come to its graph: preprocessing, region of interest, and a bound for tiles."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import Preprocessing, RegionFile
from pyimgano_core.images import encode_interest
from pyimgano_core.interest import load_interest
from pyimgano_core.pipeline._source import TileDraw

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.split import CategorySplit


@define(frozen=True, kw_only=True, eq=False)
class CategoryInputs:
    """What stands before a category's graph.

    Attributes:
        preprocessing: the steps.
        interest: the region of interest, bool (h, w); None looks at everything.
        draw: bounds the tiles of a fit; None without tiling.
    """

    preprocessing: Preprocessing
    interest: NDArray[np.bool_] | None
    draw: TileDraw | None


def category_inputs(config: RunConfig, split: CategorySplit, base: Path) -> CategoryInputs:
    """Return what stands before the graph of a category.

    Args:
        config: the run config.
        split: the category.
        base: the folder that the config's relative paths start from.

    Raises:
        ConfigError: a mask of the region of interest can't be used.
    """
    dataset = config.dataset
    tiling, draw = None, None
    if dataset.tiling is not None:
        tiling = Tiling(overlap=dataset.tiling.overlap, scale=dataset.tiling.scale)
        most = max(1, dataset.tiling.max_train_tiles // max(1, len(split.train)))
        draw = TileDraw(most=most, seed=config.seed)
    return CategoryInputs(
        preprocessing=Preprocessing(
            resize=dataset.resize, sixteen_bit_range=dataset.sixteen_bit_range, tiling=tiling
        ),
        interest=load_interest(dataset, split.category, base),
        draw=draw,
    )


def region_path(slug: str) -> str:
    """Return where a category's region of interest stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/region.png"


def region_file(interest: NDArray[np.bool_] | None, slug: str) -> tuple[RegionFile | None, bytes | None]:
    """Return what names the region's file, and its content; None for both without a region."""
    if interest is None:
        return None, None
    content = encode_interest(interest)
    named = RegionFile(
        path=region_path(slug),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        share=float(interest.mean()),
    )
    return named, content

"""The files of a category that its report names: the graphs, the region of interest, the state of the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.infer_config import NamedFile, RegionFile
from pyimgano_core.pipeline._inputs import region_file
from pyimgano_core.pipeline._state import state_file

if TYPE_CHECKING:
    from pyimgano_core.pipeline._fit import Fitted
    from pyimgano_core.pipeline._inputs import CategoryInputs


@define(frozen=True, kw_only=True)
class CategoryFiles:
    """What names the region and the state, where there are such, and all contents by path in the run."""

    region: RegionFile | None
    state: NamedFile | None
    contents: dict[str, bytes]


def checkpoint_path(slug: str) -> str:
    """Return where a category's graph stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/model.onnx"


def int8_path(slug: str) -> str:
    """Return where the 8-bit variant of a category's graph stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/model_int8.onnx"


def category_files(inputs: CategoryInputs, fitted: Fitted, slug: str) -> CategoryFiles:
    """Return the files of a category."""
    contents = {checkpoint_path(slug): fitted.graph.model}
    if fitted.int8 is not None:
        contents[int8_path(slug)] = fitted.int8
    region, region_content = region_file(inputs.interest, slug)
    state, state_content = state_file(fitted.graph.state, slug)
    for named, content in ((region, region_content), (state, state_content)):
        if named is not None and content is not None:
            contents[named.path] = content
    return CategoryFiles(region=region, state=state, contents=contents)

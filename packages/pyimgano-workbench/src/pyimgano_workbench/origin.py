"""`run.json`: what tells a run from others, and what resuming, repeating and updating it begin with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from attrs import define

from pyimgano_core.artifacts import relative_path
from pyimgano_core.contracts.report import ParentRun

if TYPE_CHECKING:
    from pathlib import Path


@define(frozen=True, kw_only=True)
class RunOrigin:
    """Where a run comes from.

    Attributes:
        key: a SHA-256 over all that the results depend on.
        settings: the same over what all categories share: config, weights, regions, environment, parent.
        categories: the same over the settings and a category's own data, by the category's slug.
        config_folder: the folder that relative paths in `config.json` start from, itself relative to the run
            directory; absolute where it is on another drive.
        export_infer_config: whether the run writes an infer config.
        weights_sha256: of the file of the features' weights, where there is one.
        parent: the run that an update goes on from.
    """

    KIND: ClassVar[str] = "pyimgano.run"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.run"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    key: str
    settings: str
    categories: dict[str, str]
    config_folder: str
    export_infer_config: bool = False
    weights_sha256: str | None = None
    parent: ParentRun | None = None


def folder_from(run: Path, folder: Path) -> str:
    """Return a folder as it is found from the run directory, wherever both are moved together.

    Links are followed first, because `..` leads out of what a link points to.
    """
    target = folder.resolve()
    return relative_path(target, run.resolve()).replace(os.sep, "/")

"""What a check looks at: the config, and the data set as training would see it."""

from __future__ import annotations

from pathlib import Path

from attrs import define

from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.preparation import Prepared
from pyimgano_core.progress import Progress
from pyimgano_preflight.facts import FactStore


@define(frozen=True, kw_only=True)
class Inspection:
    """A data set under inspection.

    `prepared` comes from the function that training uses, and `facts` are what a single look at each of its
    files told: no check opens a file.
    """

    config: RunConfig
    base: Path
    prepared: Prepared
    facts: FactStore
    progress: Progress

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that relative paths of records may lead into; none for the built-in data set."""
        root = self.config.dataset.root
        manifest = manifest_path(self.config, self.base)
        base = None if root is None else resolve_path(root, self.base)
        found = (base, None if manifest is None else manifest.parent)
        return tuple(folder for folder in found if folder is not None)


def manifest_path(config: RunConfig, base: Path) -> Path | None:
    """Return the manifest that the config names, if it names one."""
    dataset = config.dataset
    if dataset.name != "manifest" or dataset.manifest_path is None:
        return None
    return resolve_path(dataset.manifest_path, base)

"""Which products of an image are kept beside its line, and how their files are called.

Nothing heavy is imported here: a command line is checked, and a run planned, before anything is scored.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import define

from pyimgano_core.artifacts import relative_path

if TYPE_CHECKING:
    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.prediction import Label

MapFormat = Literal["npy", "tiff", "png"]
MapSize = Literal["image", "model"]
Kept = Literal["all", "anomalous"]

_STEM_CHARACTERS = 60


@define(frozen=True, kw_only=True)
class Outputs:
    """What is kept beside the lines; paths in lines are relative to `folder`, the lines' own folder.

    `maps`, `masks` and `overlays` are folders, None where there are to be none. `rle` and `regions` go into
    the lines. Of images that are surely normal, files are kept only where `keep` is `all`.
    """

    folder: Path = Path()
    maps: Path | None = None
    map_format: MapFormat = "npy"
    map_size: MapSize = "image"
    masks: Path | None = None
    rle: bool = False
    overlays: Path | None = None
    regions: bool = False
    keep: Kept = "all"

    def keeps(self, label: Label | None) -> bool:
        """Return whether an image's files are kept; one without a verdict counts as a suspect."""
        return self.keep == "all" or label != "normal"

    def relative(self, path: Path) -> str:
        """Return a path as it stands in a line."""
        return Path(relative_path(path, self.folder)).as_posix()


def file_name(index: int, path: ImageFile, suffix: str) -> str:
    """Return a name that no two inputs share and that is safe on every file system: `000012_part.npy`.

    Args:
        index: the input's place among all inputs.
        path: of the input.
        suffix: what the name ends with; no two products of an input share it.
    """
    stem = path.stem[:_STEM_CHARACTERS]
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in stem)
    return f"{index:06d}_{safe}{suffix}"

"""A data set with planted faults while it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field
from scenes import SCENES, Scene

Row = dict[str, Any]
Wanted = Callable[[Row, Scene], bool]


@define
class ImageSet:
    """A data set in the making; `taken` are the images that have a fault or belong to one."""

    folder: Path
    rows: list[Row]
    rng: np.random.Generator
    taken: set[str] = field(factory=set)
    truth: list[dict[str, str]] = field(factory=list)

    def take(self, wanted: Wanted) -> tuple[Row, Scene]:
        """Return a sound image that `wanted` (of row and scene) agrees to; nothing else takes it."""
        while True:
            row = self.rows[int(self.rng.integers(len(self.rows)))]
            scene = next(scene for scene in SCENES if scene.name == row["category"])
            if row["image_path"] not in self.taken and wanted(row, scene):
                self.taken.add(row["image_path"])
                return row, scene

    def file(self, path: str) -> Path:
        """Return where a path of a row leads."""
        return self.folder / path

    def plant(self, path: str, code: str) -> None:
        """Note a fault."""
        self.truth.append({"path": path, "code": code})

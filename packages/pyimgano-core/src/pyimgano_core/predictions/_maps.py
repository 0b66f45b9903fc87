"""The anomaly maps of predictions: where they are, whether they can be used, and their pixels.

A map is looked for where its line says, relative to the predictions' folder, or in a folder of maps under the
image's own path or the end of it, with the map's suffix in place of the image's.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from pyimgano_core.errors import ImageError, UsageError
from pyimgano_core.images import MAP_EXTENSIONS, image_size, read_map, read_mask, resize_map
from pyimgano_core.predictions._suffixes import SuffixIndex, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.images import ScoreMap
    from pyimgano_core.predictions._line import PredictedLine


@define(frozen=True, kw_only=True)
class StoredMap:
    """A map that can be used; `resized` tells that its own size is not `size`, the image's.

    Where there is a `scale`, a value is `offset + scale * stored`.
    """

    path: Path
    size: tuple[int, int]
    resized: bool
    scale: float | None = None
    offset: float = 0.0

    def load(self) -> ScoreMap:
        """Return the map at the image's size, (H, W); float32 where it has to be resized.

        Raises:
            ImageError: the file has changed and can't be used any more.
        """
        return at_size(_values(self.path, self.scale, self.offset), self.size)


@define(frozen=True, kw_only=True)
class MapProblem:
    """Why an image has no map: `none` where nobody names one, `ambiguous`, or `unusable`."""

    kind: str
    detail: str


class MapFinder:
    """Finds the maps of lines.

    Args:
        lines: all lines that may share the maps.
        folder: the predictions file's.
        maps: a folder of maps, or None.

    Raises:
        UsageError: `maps` is no folder.
    """

    def __init__(self, lines: Iterable[PredictedLine], folder: Path, maps: Path | None) -> None:
        if maps is not None and not maps.is_dir():
            raise UsageError(f"--maps {str(maps)!r} is not a folder")
        self._folder = folder
        self._maps = maps
        self._files = [] if maps is None else sorted(_files_below(maps))
        self._index = SuffixIndex([_without_suffix(file) for file in self._files])
        self._uses = Counter(path for line in lines for path in self._searched(line))

    @property
    def has_folder(self) -> bool:
        """Whether a folder of maps was given."""
        return self._maps is not None

    def find(self, line: PredictedLine, sample: Sample) -> StoredMap | MapProblem:
        """Return the line's map, looked at once, or why there is none."""
        named = self._named(line)
        if named is not None:
            return _inspect(named, line, sample, line.map_scale, line.map_offset)
        found = self._searched(line)
        if len(found) > 1:
            return MapProblem(kind="ambiguous", detail=f"fits {found[0].name} and {found[1].name} of --maps")
        if not found:
            return MapProblem(kind="none", detail=f"has no map called {PurePosixPath(line.input).stem}.*")
        if self._uses[found[0]] > 1:
            return MapProblem(kind="ambiguous", detail=f"shares the map {found[0]} with another image")
        return _inspect(found[0], line, sample)

    def _named(self, line: PredictedLine) -> Path | None:
        """Return the map that the line names; one that is not there is looked for in the folder of maps."""
        if line.map_path is None:
            return None
        named = self._folder / line.map_path.replace("\\", "/")
        is_there = os.path.exists(named)  # noqa: PTH110 - Path.exists raises where a name is too long
        return named if is_there or self._maps is None else None

    def _searched(self, line: PredictedLine) -> list[Path]:
        if self._maps is None or self._named(line) is not None:
            return []
        return [self._maps / self._files[index] for index in self._index.find(_without_suffix(line.input))]


def at_size(values: ScoreMap, size: tuple[int, int]) -> ScoreMap:
    """Return a map (h, w) at `size` as inference does it; at its own size it stays as it is."""
    return values if values.shape == size else resize_map(values.astype(np.float32), size)


def _values(path: Path, scale: float | None, offset: float) -> ScoreMap:
    """Return the values of a map in a file, float32 where they are scaled."""
    stored = read_map(path)
    if scale is None:
        return stored
    with np.errstate(over="ignore"):
        values = (offset + scale * stored.astype(np.float64)).astype(np.float32)
    if not np.isfinite(values).all():
        message = f"holds values that its scale {scale:g} and offset {offset:g} make infinite"
        raise ImageError("non_finite", path, message)
    return values


def _inspect(
    path: Path, line: PredictedLine, sample: Sample, scale: float | None = None, offset: float = 0.0
) -> StoredMap | MapProblem:
    try:
        shape = _values(path, scale, offset).shape
    except ImageError as exc:
        return MapProblem(kind="unusable", detail=str(exc))
    height, width = _image_size(line, sample) or shape
    return StoredMap(
        path=path,
        size=(height, width),
        resized=shape != (height, width),
        scale=scale,
        offset=offset,
    )


def _image_size(line: PredictedLine, sample: Sample) -> tuple[int, int] | None:
    """Return the size of the image or, where it is not here, of its mask, or what the line says."""
    try:
        return image_size(sample.image)
    except ImageError:
        return line.image_size if sample.mask is None else _mask_size(sample.mask) or line.image_size


def _mask_size(mask: Path) -> tuple[int, int] | None:
    try:
        height, width = read_mask(mask).shape
    except ImageError:
        return None
    return height, width


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the maps in a folder and below, relative to it."""
    for parent, _, names in os.walk(folder):
        inner = Path(parent).relative_to(folder)
        for name in names:
            if name.lower().endswith(MAP_EXTENSIONS):
                yield (inner / name).as_posix()


def _without_suffix(text: str) -> tuple[str, ...]:
    names = names_of(text)
    return (*names[:-1], PurePosixPath(names[-1]).stem) if names else ()

"""The files of a data set, each once, numbered in the order in which samples name them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

from pyimgano_core.manifest import KeyNumbers, columns_of, image_file, mask_file
from pyimgano_preflight.facts._contract import FileRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pyimgano_core.contracts.record import Sample

Key = tuple[str, FileRole]


def file_key(path: str, role: FileRole) -> Key:
    """Return what a file is known by: equal for the same file, however its path is written."""
    return os.path.normpath(path), role


class FileNumbers(Sequence[Key]):
    """The keys of all files; paths are made from the samples when they are asked for."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Number the images and masks of `samples`."""
        self._samples = samples
        masked = columns_of(samples).masked
        self._rows = np.repeat(np.arange(len(samples), dtype=np.int32), 1 + masked)  # (P,) each use of a file
        self._is_mask = np.zeros(len(self._rows), np.bool_)  # (P,)
        self._is_mask[1:] = self._rows[1:] == self._rows[:-1]
        self._keys = KeyNumbers(len(self._rows), self._key_at)

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self._keys)

    @overload
    def __getitem__(self, number: int) -> Key: ...
    @overload
    def __getitem__(self, number: slice) -> list[Key]: ...
    def __getitem__(self, number: int | slice) -> Key | list[Key]:
        """Return the key of a file, or of several."""
        if isinstance(number, slice):
            return [self[each] for each in range(len(self))[number]]
        return self._key_at(self._keys.first[number])

    def find(self, key: Key) -> int | None:
        """Return the number of a file, None where it is none of these."""
        return self._keys.find(key)

    def number(self, key: Key) -> int:
        """Return the number of a file.

        Raises:
            KeyError: it is none of these.
        """
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def images(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the numbers of all images (I,), and the first sample that names each (I,)."""
        is_image = ~self._is_mask[self._keys.first]
        return np.flatnonzero(is_image), self._rows[self._keys.first[is_image]]

    def names(self) -> NameNumbers:
        """Return what finds files by their names in the records."""
        return NameNumbers(self._name_at, self._keys)

    def _key_at(self, place: int) -> Key:
        row = int(self._rows[place])
        if self._is_mask[place]:
            return file_key(mask_file(self._samples, row) or "", "mask")
        return file_key(image_file(self._samples, row), "image")

    def _name_at(self, place: int) -> tuple[str, FileRole]:
        record = self._samples[int(self._rows[place])].record
        if self._is_mask[place]:
            return record.mask_path or "", "mask"
        return record.image_path, "image"


class NameNumbers:
    """The numbers of files by their paths as records write them."""

    def __init__(self, name_at: Callable[[int], tuple[str, FileRole]], files: KeyNumbers) -> None:
        """Take the name of each use of a file, and the numbers of the files."""
        self._name_at = name_at
        self._files = files
        self._names = KeyNumbers(len(files.numbers), name_at)

    def number(self, name: str, role: FileRole) -> int | None:
        """Return the number of a file, None where no record names it so."""
        found = self._names.find((name, role))
        return None if found is None else int(self._files.numbers[self._names.first[found]])

    def name(self, number: int) -> str:
        """Return what the first record calls a file."""
        return self._name_at(int(self._files.first[number]))[0]

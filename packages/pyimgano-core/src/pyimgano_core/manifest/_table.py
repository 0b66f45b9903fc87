"""The samples of a data set as a sequence: kept as rows, made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.record import Sample
from pyimgano_core.manifest._rows import NO_NAME, SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.manifest._rows import Rows

_BLOCK = 1 << 13


class SampleTable(Sequence[Sample]):
    """Samples in some 40 bytes each; every access makes a new one, equal to the last.

    So samples are compared by value, or told apart by their `key`, never by identity. A part of a table
    shares its rows.
    """

    def __init__(self, rows: Rows, places: NDArray[np.int32] | None = None) -> None:
        """Take the rows of a data set, all or those at `places`."""
        self._rows = rows
        self._places = places  # (N,)
        self._count = len(rows) if places is None else len(places)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._count

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> SampleTable: ...
    def __getitem__(self, index: int | slice) -> Sample | SampleTable:
        """Return one sample, or the part of the table that a slice means."""
        if isinstance(index, slice):
            return self.take(np.arange(*index.indices(self._count)))
        return self._rows.sample(self._row(index))

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in their order."""
        return map(self._rows.sample, self._all())

    def __eq__(self, other: object) -> bool:
        """Return whether the other holds equal samples in this order."""
        if not isinstance(other, SampleTable | tuple):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list: samples hold mappings

    def __repr__(self) -> str:
        """Return the number of samples."""
        return f"<{type(self).__name__} of {len(self)}>"

    def take(self, indices: NDArray[np.integer[Any]]) -> SampleTable:
        """Return the samples at `indices` (M,), in that order."""
        places = indices.astype(np.int32, copy=False) if self._places is None else self._places[indices]
        return SampleTable(self._rows, places)

    def image_file(self, index: int) -> str:
        """Return the `image_file` of one sample."""
        return self._rows.image_file(self._row(index))

    def named_images(self) -> Iterator[tuple[str, str]]:
        """Yield the category and the `image_file` of all samples."""
        return self._rows.named_images(self._all())

    def mask_file(self, index: int) -> str | None:
        """Return the `mask_file` of one sample."""
        return self._rows.mask_file(self._row(index))

    def categories(self) -> dict[str, NDArray[np.int32]]:
        """Return the indices of each category's samples, in their order; sorted by name."""
        category = self._rows.kind_columns().category  # (K,)
        return _by_name(self._column("kind"), [self._rows.names[code] for code in category.tolist()])

    def lines(self) -> NDArray[np.int32]:
        """Return the line of each sample in its manifest (N,), 0 for none."""
        return self._rows.lines(self._places)

    def columns(self) -> Columns:
        """Return what samples are divided and counted by."""
        kind = self._column("kind")  # (N,)
        kinds = self._rows.kind_columns()
        return Columns(
            names=self._rows.names,
            category=kinds.category[kind],
            group=self._column("group"),
            split=kinds.split[kind],
            anomalous=kinds.anomalous[kind],
            masked=kinds.masked[kind],
        )

    def _column(self, name: Literal["group", "kind"]) -> NDArray[np.int32]:
        column = self._rows.column(name)
        return column if self._places is None else column[self._places]

    def _row(self, index: int) -> int:
        place = index if index >= 0 else index + self._count
        if not 0 <= place < self._count:
            raise IndexError(f"there are {self._count} samples, and none has the number {index}")
        return place if self._places is None else int(self._places[place])

    def _all(self) -> Iterable[int]:
        return range(self._count) if self._places is None else self._places.tolist()


@define(frozen=True, kw_only=True, eq=False)
class Columns:
    """What samples are divided and counted by, one value for each.

    `category` and `group` are places in `names`, -1 for no group. `split` is a place in `SPLITS`.
    """

    names: Sequence[str]
    category: NDArray[np.int32]  # (N,)
    group: NDArray[np.int32]  # (N,)
    split: NDArray[np.uint8]  # (N,)
    anomalous: NDArray[np.bool_]  # (N,)
    masked: NDArray[np.bool_]  # (N,)


def columns_of(samples: Sequence[Sample]) -> Columns:
    """Return the columns of any samples."""
    if isinstance(samples, SampleTable):
        return samples.columns()
    codes: dict[str, int] = {}
    records = [sample.record for sample in samples]
    groups = (record.group_id for record in records)
    return Columns(
        category=np.array([codes.setdefault(record.category, len(codes)) for record in records], np.int32),
        group=np.array(
            [NO_NAME if group is None else codes.setdefault(group, len(codes)) for group in groups], np.int32
        ),
        split=np.array([SPLITS.index(record.split) for record in records], np.uint8),
        anomalous=np.array([record.label for record in records], np.bool_),
        masked=np.array([sample.mask_file is not None for sample in samples], np.bool_),
        names=list(codes),
    )


def categories_of(samples: Sequence[Sample]) -> dict[str, NDArray[np.int32]]:
    """Return the indices of each category's samples, in their order; sorted by name."""
    if isinstance(samples, SampleTable):
        return samples.categories()
    columns = columns_of(samples)
    return _by_name(columns.category, columns.names)


def lines_of(samples: Sequence[Sample]) -> NDArray[np.int32]:
    """Return the line of each sample in its manifest (N,), 0 for none."""
    if isinstance(samples, SampleTable):
        return samples.lines()
    return np.array([sample.record.line for sample in samples], np.int32)


def take(samples: Sequence[Sample], indices: NDArray[np.integer[Any]]) -> Sequence[Sample]:
    """Return the samples at `indices` (M,), in that order and in the form that they have."""
    if isinstance(samples, SampleTable):
        return samples.take(indices)
    return tuple(samples[index] for index in indices.tolist())


def image_file(samples: Sequence[Sample], index: int) -> str:
    """Return where the image of one sample lies."""
    return samples.image_file(index) if isinstance(samples, SampleTable) else samples[index].image_file


def named_images(samples: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    """Yield the category of each sample, and where its image lies."""
    if isinstance(samples, SampleTable):
        return samples.named_images()
    return ((sample.record.category, sample.image_file) for sample in samples)


def mask_file(samples: Sequence[Sample], index: int) -> str | None:
    """Return where the mask of one sample lies, None where it has none."""
    return samples.mask_file(index) if isinstance(samples, SampleTable) else samples[index].mask_file


def _by_name(codes: NDArray[np.int32], names: Sequence[str]) -> dict[str, NDArray[np.int32]]:
    """Return the places (N,) of each name, in their order; sorted in blocks, for the sake of memory.

    Args:
        codes: (N,) places in `names`.
        names: the name of each code; several may have the same.
    """
    found = sorted(set(names))
    rank_of = {name: rank for rank, name in enumerate(found)}
    ranks = np.array([rank_of[name] for name in names], np.int32)
    starts = range(0, len(codes), _BLOCK)
    counts = np.zeros(len(found), np.int64)
    for start in starts:
        counts += np.bincount(ranks[codes[start : start + _BLOCK]], minlength=len(found))
    ends = np.cumsum(counts)
    free = ends - counts  # where the next of each name goes
    places = np.empty(len(codes), np.int32)
    for start in starts:
        block = ranks[codes[start : start + _BLOCK]]  # (B,)
        here = np.bincount(block, minlength=len(found))
        shift = np.repeat(free - np.cumsum(here) + here, here)  # (B,)
        places[shift + np.arange(len(block))] = start + np.argsort(block, kind="stable")
        free += here
    ordered = zip(found, (ends - counts).tolist(), ends.tolist(), strict=True)
    return {name: places[start:end] for name, start, end in ordered if start < end}

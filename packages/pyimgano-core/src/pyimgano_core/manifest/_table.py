"""The samples of a data set as a sequence: kept as rows, made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.record import Sample
from pyimgano_core.manifest._rows import IS_ANOMALOUS, NO_NAME, SPLIT_BITS, SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.manifest._rows import Rows


class SampleTable(Sequence[Sample]):
    """Samples in some 70 bytes each; every access makes a new one, equal to the last.

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

    def take(self, indices: NDArray[np.int64]) -> SampleTable:
        """Return the samples at `indices` (M,), in that order."""
        places = indices.astype(np.int32) if self._places is None else self._places[indices]
        return SampleTable(self._rows, places)

    def image_file(self, index: int) -> str:
        """Return the `image_file` of one sample."""
        return self._rows.image_file(self._row(index))

    def mask_file(self, index: int) -> str | None:
        """Return the `mask_file` of one sample."""
        return self._rows.mask_file(self._row(index))

    def columns(self) -> Columns:
        """Return what samples are divided and counted by."""
        table = self._rows.columns()  # (N,) or more
        rows = table if self._places is None else table[self._places]
        return Columns(
            names=self._rows.names,
            category=rows["category"],
            group=rows["group"],
            split=(rows["flags"] & SPLIT_BITS).astype(np.uint8),
            anomalous=(rows["flags"] & IS_ANOMALOUS) != 0,
            masked=rows["mask_folder"] != NO_NAME,
            line=rows["line"],
        )

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
    line: NDArray[np.int32]  # (N,)

    @property
    def categories(self) -> dict[str, NDArray[np.int64]]:
        """The indices of each category's samples, in their order; sorted by name."""
        codes, counts = np.unique(self.category, return_counts=True)
        order = np.argsort(self.category, kind="stable")  # (N,)
        ends = np.cumsum(counts)
        places = zip(codes.tolist(), (ends - counts).tolist(), ends.tolist(), strict=True)
        return dict(sorted((self.names[code], order[start:end]) for code, start, end in places))


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
        line=np.array([record.line for record in records], np.int32),
        names=list(codes),
    )


def take(samples: Sequence[Sample], indices: NDArray[np.int64]) -> Sequence[Sample]:
    """Return the samples at `indices` (M,), in that order and in the form that they have."""
    if isinstance(samples, SampleTable):
        return samples.take(indices)
    return tuple(samples[index] for index in indices.tolist())


def image_file(samples: Sequence[Sample], index: int) -> str:
    """Return where the image of one sample lies."""
    return samples.image_file(index) if isinstance(samples, SampleTable) else samples[index].image_file


def mask_file(samples: Sequence[Sample], index: int) -> str | None:
    """Return where the mask of one sample lies, None where it has none."""
    return samples.mask_file(index) if isinstance(samples, SampleTable) else samples[index].mask_file

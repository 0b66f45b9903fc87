"""A data set as it was read: its samples, and everything that was wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.record import Record, Sample


@define(frozen=True, kw_only=True)
class Entry:
    """What one line of a manifest holds: a record, or the errors that it has instead.

    A record may come with warnings. An entry with neither record nor error tells something of the whole file.
    `line` counts from 1.
    """

    line: int
    record: Record | None = None
    issues: tuple[Issue, ...] = ()


@define(frozen=True, kw_only=True)
class LoadedDataset:
    """The samples that could be read, in their order, and the faults of all others.

    `manifest` is the file that the records' lines are of, where there is one. `categories` are the names of
    all that the data set has, sorted, also where the samples are those of one.
    """

    samples: Sequence[Sample] = ()
    issues: tuple[Issue, ...] = ()
    manifest: str | None = None
    categories: tuple[str, ...] = ()

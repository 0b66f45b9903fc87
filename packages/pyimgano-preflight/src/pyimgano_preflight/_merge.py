"""Makes the report of a data set from facts that shards gathered, as if one check had read all files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.words import agree, number_of
from pyimgano_preflight._facts_file import (
    FactsHeader,
    listing_sha256,
    read_facts_header,
    read_shard,
)
from pyimgano_preflight.facts import FACTS_VERSION, FactStore
from pyimgano_preflight.runner import check_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.progress import Progress
    from pyimgano_preflight.runner import CheckSettings, Outcome

_NAMED_SHARDS = 10


class MergedFacts(FactStore):
    """Takes from the files of a scan what a `FactStore` would read from the data set."""

    def __init__(self, shards: dict[Path, FactsHeader], progress: Progress) -> None:
        """Set up a store from the files that `require_whole` returns."""
        header = next(iter(shards.values()))
        super().__init__(header.profile, progress, sixteen_bit_range=header.sixteen_bit_range)
        self._shards = shards

    def _gather(self) -> None:
        """Take over the facts of all files.

        Raises:
            ArtifactError: the shards are torn, or of another data set.
        """
        listing = listing_sha256(self._samples)
        for path, header in self._shards.items():
            if header.listing_sha256 != listing:
                message = "was scanned from another manifest or folder: its records name other files"
                raise ArtifactError(f"{path}: {message}; scan all shards again")
        names = self._files.names()
        known = np.zeros(self.file_count, np.bool_)
        for path in self._progress.track(self._shards, "merging shards"):
            for name, facts in read_shard(path):
                number = names.number(*name)
                if number is not None and not known[number]:  # the first shard's, where several name a file
                    known[number] = True
                    self._facts.put(number, facts)
        missing = np.flatnonzero(~known)
        if missing.size:
            first = names.name(int(missing[0]))
            more = f" and {missing.size - 1} more" if missing.size > 1 else ""
            raise ArtifactError(f"the facts of {first!r}{more} are missing; scan all shards again")


def require_whole(paths: Sequence[Path], sixteen_bit_range: tuple[int, int]) -> dict[Path, FactsHeader]:
    """Return the files of a scan with their headers in the order of the shards, however they were given.

    Raises:
        UsageError: none are given.
        ArtifactError: shards are missing or given twice, or were not scanned in one way.
    """
    if not paths:
        raise UsageError("nothing to merge: give the files that pyimgano-preflight scan wrote")
    headers = {path: read_facts_header(path) for path in paths}
    first_path, first = next(iter(headers.items()))
    for path, header in headers.items():
        if header.facts_version != FACTS_VERSION:
            raise ArtifactError(f"{path}: version {header.pyimgano_version} scanned it; scan it again")
        if tuple(header.sixteen_bit_range) != tuple(sixteen_bit_range):
            raise ArtifactError(f"{path}: was scanned with another dataset.sixteen_bit_range; scan it again")
        if (header.profile, header.shard_count) != (first.profile, first.shard_count):
            raise ArtifactError(f"{path} and {first_path}: {_way(header)} and {_way(first)}; merge one scan")
    _require_all({path: header.shard for path, header in headers.items()}, first.shard_count)
    return dict(sorted(headers.items(), key=lambda item: item[1].shard))


def merge_shards(
    config: RunConfig,
    base: Path,
    progress: Progress,
    paths: Sequence[Path],
    settings: CheckSettings | None = None,
) -> Outcome:
    """Return what `check_dataset` would find; images and masks are not read.

    The deep profile makes one exception: it opens the few images whose likeness to others only shows here.

    Args:
        config: the run config, as it was scanned.
        base: the folder that its relative paths start from.
        progress: shows the steps.
        paths: the files of all shards, in any order.
        settings: which rules count, and how; None for all as usual.

    Raises:
        UsageError: no files are given.
        ArtifactError: files are torn, missing or of another data set.
        ConfigError: the config can't be followed.
    """
    facts = MergedFacts(require_whole(paths, config.dataset.sixteen_bit_range), progress)
    return check_dataset(config, base, progress, facts, settings)


def _way(header: FactsHeader) -> str:
    return f"profile {header.profile}, {number_of(header.shard_count, 'shard')}"


def _require_all(shards: dict[Path, int], count: int) -> None:
    by_shard: dict[int, Path] = {}
    for path, shard in shards.items():
        if shard in by_shard:
            raise ArtifactError(f"{path} and {by_shard[shard]}: both hold shard {shard}; give one of them")
        by_shard[shard] = path
    missing = [str(shard) for shard in range(count) if shard not in by_shard]
    if missing:
        names = ", ".join(missing[:_NAMED_SHARDS]) + (", …" if len(missing) > _NAMED_SHARDS else "")
        are, them = agree(len(missing), "is", "are"), agree(len(missing), "it", "them")
        raise ArtifactError(f"{len(missing)} of {count} shards {are} missing: {names}; scan {them} first")

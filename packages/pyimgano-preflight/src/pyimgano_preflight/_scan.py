"""Gathers the facts of one shard of a data set, for machines that share the work of looking at files."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.engine import Shard, find_shard
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.layouts import load_dataset
from pyimgano_preflight._facts_file import (
    FactsHeader,
    listing_sha256,
    read_facts_header,
    read_shard,
    sample_files,
    write_facts,
)
from pyimgano_preflight.facts import FACTS_VERSION, file_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._facts_file import Named
    from pyimgano_preflight.facts import Depth, FactStore, FileFacts, FileRole

    Read = Callable[[Collection[tuple[str, FileRole]]], Iterator[FileFacts]]


@define(frozen=True, kw_only=True)
class Scanned:
    """What a scan left behind; `is_new` is False where an earlier one had done it."""

    header: FactsHeader
    file_count: int
    is_new: bool


def parse_shard(text: str, environment: Mapping[str, str]) -> Shard:
    """Return the shard that `text` names: `I/N`; what is left out is what `environment` tells a job.

    Raises:
        UsageError: it names none.
    """
    match = re.fullmatch(r"(\d{0,9})/(\d{0,9})", text, flags=re.ASCII)
    if match is None:
        raise UsageError(f"--shard {text!r}: write it as I/N, such as 0/8, or /8 in an array of jobs")
    index, count = (int(number) if number else None for number in match.groups())
    try:
        return find_shard(index, count, environment)
    except UsageError as exc:
        raise UsageError(f"--shard {text!r}: {exc}") from exc


def scan_shard(config: RunConfig, base: Path, facts: FactStore, shard: Shard, output: Path) -> Scanned:
    """Look at the files of a shard and write what they told; a file that holds it already is left as it is.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        facts: reads the files.
        shard: which records.
        output: where the facts go; written whole or not at all.

    Raises:
        UsageError: `output` is there and holds something else, or is one of the data set.
        ConfigError: the config can't be followed.
        DataError: there is no data set.
    """
    samples = load_dataset(config.dataset, base).samples
    header = scan_header(config, samples, facts.depth, shard)
    return scan_files(header, shard_files(samples, shard), facts.read, output)


def scan_header(config: RunConfig, samples: Sequence[Sample], profile: Depth, shard: Shard) -> FactsHeader:
    """Return the first line of the facts of a shard of `samples`."""
    return FactsHeader(
        pyimgano_version=version("pyimgano-preflight"),
        facts_version=FACTS_VERSION,
        profile=profile,
        shard=shard.index,
        shard_count=shard.count,
        sixteen_bit_range=config.dataset.sixteen_bit_range,
        listing_sha256=listing_sha256(samples),
    )


def shard_files(samples: Sequence[Sample], shard: Shard) -> dict[Named, str]:
    """Return where the files of a shard lie."""
    return {
        (name, role): file
        for sample in samples[shard.index :: shard.count]
        for name, file, role in sample_files(sample)
    }


def scan_files(header: FactsHeader, files: dict[Named, str], read: Read, output: Path) -> Scanned:
    """Look at `files` and write what they told under `header`; facts that are whole are left as they are.

    Args:
        header: the first line.
        files: where they lie.
        read: yields the facts of files in their order, such as `FactStore.read`.
        output: where the facts go.

    Raises:
        UsageError: `output` is there and holds something else.
    """
    known = _file_count(output, header)
    if known is not None:
        return Scanned(header=header, file_count=known, is_new=False)
    jobs = {file_key(file, name[1]): name for name, file in files.items()}
    count = write_facts(output, header, zip(jobs.values(), read(jobs), strict=True))
    return Scanned(header=header, file_count=count, is_new=True)


def _file_count(output: Path, header: FactsHeader) -> int | None:
    """Return how many files `output` tells of, None where it must be written.

    One of another scan, or a torn one, is written anew; what is no file of facts is kept.
    """
    if not os.path.lexists(output):
        return None
    try:
        found = read_facts_header(output)
    except ArtifactError as exc:
        raise UsageError(f"{output}: is there and holds no facts, so it is kept; give another name") from exc
    try:
        return sum(1 for _ in read_shard(output)) if found == header else None
    except ArtifactError:
        return None

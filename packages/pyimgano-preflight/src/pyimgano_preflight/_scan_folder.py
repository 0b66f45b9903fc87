"""Gathers the facts of all shards of a data set into a folder, in processes or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.engine import Shard, run_shards
from pyimgano_core.errors import UsageError
from pyimgano_core.layouts import load_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._facts_file import FactsHeader, Named
from pyimgano_preflight._reading import ReadOptions, open_facts
from pyimgano_preflight._scan import scan_files, scan_header, shard_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.engine import Engine, ShardOutcome

_PARTS = "facts-*-of-*.jsonl"


@define(frozen=True, kw_only=True)
class ScanPlan:
    """What all shards of a scan share.

    Attributes:
        config: the run config.
        reading: how files are looked into, by one thread; paths are absolute.
        header: the first line of the facts of shard 0.
        folder: where the facts go, absolute.
    """

    config: RunConfig
    reading: ReadOptions
    header: FactsHeader
    folder: Path


@define(frozen=True, kw_only=True)
class ShardFiles:
    """The files of one shard, and where they lie."""

    index: int
    files: dict[Named, str]


def plan_scan(
    config: RunConfig, samples: Sequence[Sample], reading: ReadOptions, count: int, folder: Path
) -> ScanPlan:
    """Return the plan of a scan in `count` shards.

    Raises:
        UsageError: the folder holds the facts of another number of shards, which a merge would refuse.
    """
    header = scan_header(config, samples, reading.profile, Shard(count=count))
    strange = {path.name for path in folder.glob(_PARTS)} - {
        part_name(shard, count) for shard in range(count)
    }
    if strange:
        message = f"holds facts of another number of shards, such as {min(strange)}: give another folder"
        raise UsageError(f"{folder}: {message}")
    cache = None if reading.cache is None else reading.cache.absolute()
    one_thread = evolve(reading, workers=1, cache=cache)
    return ScanPlan(config=config, reading=one_thread, header=header, folder=folder.absolute())


def scan_folder(
    config: RunConfig, base: Path, reading: ReadOptions, *, count: int, folder: Path, engine: Engine
) -> Iterator[ShardOutcome]:
    """Scan a data set in `count` shards, and yield what became of each as it ends.

    Raises:
        UsageError: the folder holds other facts, or the engine's address is none.
        ConfigError: the config can't be followed.
        DataError: there is no data set.
        MachineError: the engine is missing.
        OSError: the folder can't be written.
    """
    samples = load_dataset(config.dataset, base).samples
    plan = plan_scan(config, samples, reading, count, folder)
    shards = (
        ShardFiles(index=index, files=shard_files(samples, Shard(index=index, count=count)))
        for index in range(count)
    )
    all_done = True
    for outcome in run_shards(scan_part, plan, shards, engine):
        all_done = all_done and outcome.error is None
        yield outcome
    if all_done:
        for torn in folder.glob(f".{_PARTS}.*.tmp"):  # of processes that were killed
            torn.unlink(missing_ok=True)


def scan_part(plan: ScanPlan, part: ShardFiles) -> None:
    """Look at the files of one shard and write what they told; facts that are whole are left as they are."""
    header = evolve(plan.header, shard=part.index)
    output = plan.folder / part_name(header.shard, header.shard_count)
    with open_facts(plan.reading, plan.config, SilentProgress()) as facts:
        scan_files(header, part.files, facts, output)


def part_name(shard: int, count: int) -> str:
    """Return the file name of the facts of a shard; names sort as shards do."""
    width = len(str(count - 1))
    return f"facts-{shard:0{width}}-of-{count}.jsonl"


def find_parts(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return `paths` with the files of lines that they hold in place of folders, whoever named them."""
    return tuple(
        part for path in paths for part in (sorted(path.glob("*.jsonl")) if path.is_dir() else (path,))
    )

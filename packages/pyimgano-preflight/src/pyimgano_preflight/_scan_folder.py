"""Gathers the facts of all shards of a data set into a folder, in processes or on a cluster."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.artifacts import remove_lock, try_lock
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.engine import Shard, quarantine, run_shards
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.layouts import load_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._facts_file import FactsHeader, Named, read_facts_header
from pyimgano_preflight._reading import ReadOptions, open_facts
from pyimgano_preflight._scan import scan_files, scan_header, shard_files
from pyimgano_preflight.facts import FactStore, FileError, FileFacts, FileRole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.engine import Engine, ShardOutcome

_PARTS = "facts-*-of-*.jsonl"
_LOCK = ".scan.lock"
_KILLER = FileError(
    code="killed_reader",
    message="killed two processes that read it: its decoder crashes on it, or memory runs out",
)


@define(frozen=True, kw_only=True)
class ScanPlan:
    """What all shards of a scan share.

    Attributes:
        config: the run config.
        reading: how files are looked into, by one thread; paths are absolute.
        header: the first line of the facts of shard 0.
        folder: where the facts go, absolute.
        run: tells this run of the command from others in the same folder.
    """

    config: RunConfig
    reading: ReadOptions
    header: FactsHeader
    folder: Path
    run: str


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
        UsageError: the folder holds the facts of another scan, which a merge would refuse.
    """
    header = scan_header(config, samples, reading.profile, Shard(count=count))
    _refuse_other_scans(folder, header)
    cache = None if reading.cache is None else reading.cache.absolute()
    one_thread = evolve(reading, workers=1, cache=cache)
    return ScanPlan(
        config=config,
        reading=one_thread,
        header=header,
        folder=folder.absolute(),
        run=secrets.token_hex(4),
    )


def scan_folder(
    config: RunConfig, base: Path, reading: ReadOptions, *, count: int, folder: Path, engine: Engine
) -> Iterator[ShardOutcome]:
    """Scan a data set in `count` shards, and yield what became of each as it ends.

    Raises:
        UsageError: the folder holds other facts, another scan is at work in it, or the engine's address is
            none.
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
    with _only_scan(folder):
        try:
            yield from run_shards(scan_part, plan, shards, engine)
        finally:
            for ending in ("tmp", "journal"):  # of processes that were killed
                for left in folder.glob(f".{_PARTS}.*.{ending}"):
                    left.unlink(missing_ok=True)


def _refuse_other_scans(folder: Path, header: FactsHeader) -> None:
    """Refuse a folder with facts that this scan would not have written: they may have cost hours."""
    own = {part_name(shard, header.shard_count) for shard in range(header.shard_count)}
    for path in sorted(folder.glob(_PARTS)):
        if path.name not in own:
            message = f"holds facts of another number of shards, such as {path.name}: give another folder"
            raise UsageError(f"{folder}: {message}")
        try:
            found = read_facts_header(path)
        except ArtifactError:
            continue  # torn, and begun again, or no file of facts, and kept
        if evolve(found, shard=header.shard) != header:
            what = "another scan, of other records or with other settings"
            raise UsageError(f"{folder}: {path.name} is of {what}: give another folder, or remove it")


@contextmanager
def _only_scan(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other scans out of it meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as exc:
        raise UsageError(f"{folder}: is a file; the facts of all shards need a folder of their own") from exc
    lock = try_lock(folder / _LOCK)
    if lock is None:
        raise UsageError(f"{folder}: another scan is at work in it: wait for its end, or give another folder")
    try:
        yield
    finally:
        remove_lock(folder / _LOCK, lock)


def scan_part(plan: ScanPlan, part: ShardFiles) -> None:
    """Look at the files of one shard and write what they told; facts that are whole are left as they are.

    A file that killed two processes of this run is not looked at, and told as such.
    """
    header = evolve(plan.header, shard=part.index)
    output = plan.folder / part_name(header.shard, header.shard_count)
    with open_facts(plan.reading, plan.config, SilentProgress()) as facts:
        journal = output.with_name(f".{output.name}.{plan.run}.journal")
        scan_files(header, part.files, partial(_read, facts, journal), output)


def _read(facts: FactStore, journal: Path, jobs: Collection[tuple[str, FileRole]]) -> Iterator[FileFacts]:
    for job, is_safe in quarantine(jobs, journal):
        if is_safe:
            yield from facts.read([job])
        else:
            yield FileFacts(path=job[0], error=_KILLER)


def part_name(shard: int, count: int) -> str:
    """Return the file name of the facts of a shard; names sort as shards do."""
    width = len(str(count - 1))
    return f"facts-{shard:0{width}}-of-{count}.jsonl"


def find_parts(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return `paths` with the files of lines that they hold in place of folders, whoever named them."""
    return tuple(
        part for path in paths for part in (sorted(path.glob("*.jsonl")) if path.is_dir() else (path,))
    )

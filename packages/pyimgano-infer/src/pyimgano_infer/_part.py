"""Part files: a header line that says which shard it is, then a line for each of its inputs.

Each line has its CRC-32 before it, in 8 digits, so that none is taken for a result that a disk or a hand has
changed: an unfinished part is gone on with before the first such line, and a whole one is refused.

A part that is being written has another name, and its lines are there as soon as they are written, so that
whoever goes on with it loses none. Only a part that is whole and synced has its own name. No two runs write
to the same file, so a process that outlives its run for a moment can't spoil the next one.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from attrs import define

from pyimgano_core.artifacts import parse_json
from pyimgano_core.errors import ArtifactError
from pyimgano_infer._output import shown, write_all, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_HEADER = 1000
_SUM = 9  # bytes of a checksum and the space behind it
_OPEN = re.compile(r"part-(\d+)\.[0-9a-f]+\.open", flags=re.ASCII)


@define(frozen=True, kw_only=True)
class PartFile:
    """Where the part of a shard is, and while it is written.

    Attributes:
        whole: the part when it is whole.
        unfinished: the part before that, in this run.
        journal: where a process of this run says which input it is at.
        header: the first line.
    """

    whole: Path
    unfinished: Path
    journal: Path
    header: bytes


def part_file(folder: Path, index: int, *, run: str, header: bytes) -> PartFile:
    """Return the files of shard `index` in the run that is called `run`."""
    whole = part_path(folder, index)
    return PartFile(
        whole=whole,
        unfinished=whole.with_suffix(f".{run}.open"),
        journal=whole.with_suffix(f".{run}.journal"),
        header=header,
    )


def part_path(folder: Path, index: int) -> Path:
    """Return where the whole part of shard `index` is."""
    return folder / f"part-{index:06d}.jsonl"


def first_line(path: Path) -> bytes:
    """Return the header of a whole part, nothing where there is none."""
    try:
        with path.open("rb") as stream:
            return stream.readline(_LONGEST_HEADER)
    except FileNotFoundError:
        return b""


def is_whole(part: PartFile) -> bool:
    """Return whether the part is there and of this very shard."""
    return first_line(part.whole) == part.header


def kept_lines(path: Path | None, header: bytes) -> list[bytes]:
    """Return the sound lines behind the header of an unfinished part; none where it is of another shard."""
    try:
        content = b"" if path is None else path.read_bytes()
    except FileNotFoundError:
        return []
    if not content.startswith(header):
        return []
    stored = content[len(header) :].split(b"\n")[:-1]
    return [line[_SUM:] for line in takewhile(_is_sound, (line + b"\n" for line in stored))]


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a whole part.

    Raises:
        ArtifactError: a line is not what was written, or there are not as many as its header says.
        OSError: it can't be read.
    """
    with path.open("rb") as stream:
        count = _count(stream.readline(), path)
        for stored in stream:
            count -= 1
            if not _is_sound(stored):
                raise damage(path, "a line is not what was written")
            yield stored[_SUM:]
    if count != 0:
        raise damage(path, "lines are missing" if count > 0 else "it holds lines of something else")


def _stored(line: bytes) -> bytes:
    return b"%08x %b" % (crc32(line), line)


def _is_sound(stored: bytes) -> bool:
    return stored == _stored(stored[_SUM:])


def _count(header: bytes, path: Path) -> int:
    try:
        return int(parse_json(header.decode())["count"])
    except (ValueError, KeyError, TypeError) as exc:
        raise damage(path, "it has no header") from exc


def damage(path: Path, how: str) -> ArtifactError:
    """Return the error of a part that somebody changed after it was whole."""
    return ArtifactError(f"{shown(path)}: was damaged, {how}; remove it and run the same command again")


def find_unfinished(folder: Path) -> dict[int, Path]:
    """Return the unfinished part with the most in it of each shard that has any."""
    found: dict[int, tuple[int, Path]] = {}
    for path in folder.glob("part-*.open"):
        match = _OPEN.fullmatch(path.name)
        with suppress(FileNotFoundError):  # another job has just finished it
            if match and (size := path.stat().st_size) > found.get(int(match[1]), (0, path))[0]:
                found[int(match[1])] = (size, path)
    return {index: path for index, (_, path) in found.items()}


def unfinished_lines(folder: Path, index: int) -> bytes:
    """Return the whole lines of the unfinished part of shard `index`, for who can't wait for the others."""
    path = find_unfinished(folder).get(index)
    header = b"" if path is None else path.read_bytes().partition(b"\n")[0]
    return b"".join(kept_lines(path, header + b"\n"))


@contextmanager
def open_part(part: PartFile, earlier: Path | None) -> Iterator[tuple[int, Callable[[bytes], None]]]:
    """Give how many lines are there already, and a function that adds one.

    The part is whole when the block ends without error; else it stays, unfinished.

    Args:
        part: the part.
        earlier: what another run left of it.

    Raises:
        MachineError: it can't be written.
    """
    kept = max((kept_lines(path, part.header) for path in (part.unfinished, earlier)), key=len)
    with writing(part.unfinished):
        part.unfinished.touch()
    with part.unfinished.open("r+b", buffering=0) as stream:
        with writing(part.unfinished):
            write_all(
                stream, part.header + b"".join(map(_stored, kept))
            )  # over the same bytes, if any: nothing is lost on the way
            stream.truncate()

        def add(line: bytes) -> None:
            with writing(part.unfinished):
                write_all(stream, _stored(line))

        yield len(kept), add
        with writing(part.unfinished):
            os.fsync(stream.fileno())
    with writing(part.whole):
        part.unfinished.replace(part.whole)

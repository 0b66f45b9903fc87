"""The facts of one shard of a data set as a file of lines: a header, a line for each file, and an end.

The end holds how many files there are and the SHA-256 of their lines, so that a torn or edited file is seen.
Files are named as in the records: shards can be scanned and merged where the data are mounted elsewhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define

from pyimgano_core.artifacts import atomic_writer, parse_json, to_json
from pyimgano_core.errors import ArtifactError
from pyimgano_preflight._line_files import open_ours, read_ours, structure_header
from pyimgano_preflight.facts import Depth, FileFacts, FileRole, from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.record import Sample

Named = tuple[str, FileRole]
"""A file as records name it, and what it is used as."""

_WANTED = "a file of facts: give those that pyimgano-preflight scan wrote, or their folder"
_MAX_LINE = 16 * 1024 * 1024


@define(frozen=True, kw_only=True)
class FactsHeader:
    """The first line: what was scanned, and how.

    The shard holds the files of every record whose place among the good ones, from 0, leaves the remainder
    `shard` when divided by `shard_count`. `listing_sha256` is over the names of all files of the data set, in
    the order of the records: labels may be mended between scan and merge. The lines that follow are private
    to `facts_version`.
    """

    KIND: ClassVar[str] = "pyimgano.preflight_facts"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.preflight_facts"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    facts_version: int
    profile: Depth
    shard: int
    shard_count: int
    sixteen_bit_range: tuple[int, int]
    listing_sha256: str


def sample_files(sample: Sample) -> Iterator[tuple[str, str, FileRole]]:
    """Yield each file of a sample: its name in the record, where it lies, and what it is used as."""
    yield sample.record.image_path, sample.image_file, "image"
    if sample.mask_file is not None and sample.record.mask_path is not None:
        yield sample.record.mask_path, sample.mask_file, "mask"


def listing_sha256(samples: Sequence[Sample]) -> str:
    """Return the SHA-256 of the names of all files of a data set in their order."""
    digest = hashlib.sha256()
    for sample in samples:
        for name, _, role in sample_files(sample):
            digest.update(f"{role}\0{name}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def write_facts(path: Path, header: FactsHeader, facts: Iterable[tuple[Named, FileFacts]]) -> int:
    """Write the facts of a shard as they come, whole or not at all; return how many files they are of."""
    digest = hashlib.sha256()
    count = 0
    with atomic_writer(path) as stream:
        stream.write(to_json(header).encode() + b"\n")
        for (name, role), known in facts:
            line = to_json({"role": role, **to_plain(known), "path": name}).encode() + b"\n"
            digest.update(line)
            stream.write(line)
            count += 1
        stream.write(to_json({"files": count, "sha256": digest.hexdigest()}).encode() + b"\n")
    return count


def read_facts_header(path: Path) -> FactsHeader:
    """Return the first line of a file of facts; the others are not looked at.

    Raises:
        ArtifactError: it is missing, no file of facts, or of a newer version.
    """
    with open_ours(path, "facts file") as stream:
        line = next(read_ours(path, stream, _MAX_LINE, "facts file"), b"")
    return structure_header(path, _parsed(path, 1, line), FactsHeader, _WANTED)


def read_shard(path: Path) -> Iterator[tuple[Named, FileFacts]]:
    """Yield the facts in a file; whoever stops early does not learn whether it is whole.

    Raises:
        ArtifactError: it is missing, torn or edited.
    """
    digest = hashlib.sha256()
    count = 0
    with open_ours(path, "facts file") as stream:
        lines = enumerate(read_ours(path, stream, _MAX_LINE, "facts file"), start=1)
        next(lines, None)  # the header
        for number, line in lines:
            document = _parsed(path, number, line)
            if isinstance(document, dict) and "files" in document:
                if document != {"files": count, "sha256": digest.hexdigest()} or any(lines):
                    raise ArtifactError(f"{path}: its lines are not those that were written; scan it again")
                return
            digest.update(line + b"\n")
            count += 1
            yield _entry(path, number, document)
    raise ArtifactError(f"{path}: is torn: its end is missing; scan it again")


def _parsed(path: Path, number: int, line: bytes) -> object:
    try:
        document: object = parse_json(line.decode("utf-8-sig"))
    except ValueError as exc:
        raise ArtifactError(f"{path}:{number}: {exc}; this is no file of facts, or it is torn") from exc
    return document


def _entry(path: Path, number: int, document: Any) -> tuple[Named, FileFacts]:
    try:
        match document:
            case {"role": ("image" | "mask") as role, "path": str(name)}:
                plain = {key: value for key, value in document.items() if key != "role"}
                return (name, role), from_plain(plain)
    except ValueError as exc:
        raise ArtifactError(f"{path}:{number}: {exc}; scan it again") from exc
    raise ArtifactError(f"{path}:{number}: tells of no file; scan it again")

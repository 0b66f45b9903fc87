"""Lines of the files that preflight itself wrote, locks and facts: they may be torn or edited since."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, TypeVar

from pyimgano_core.artifacts import Artifact, structure_artifact
from pyimgano_core.errors import ArtifactError, DataError
from pyimgano_core.textlines import open_lines, raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A = TypeVar("A", bound=Artifact)


def open_ours(path: Path, what: str) -> BinaryIO:
    """Open a file of lines.

    Args:
        path: the file.
        what: the kind of file, for the message.

    Raises:
        ArtifactError: it is missing, no file, or can't be read.
    """
    try:
        return open_lines(path, what)
    except DataError as exc:
        raise ArtifactError(str(exc)) from exc


def read_ours(path: Path, stream: BinaryIO, limit: int, what: str) -> Iterator[bytes]:
    """Yield the lines without their ends, which tools that move text between systems change.

    Raises:
        ArtifactError: a line has more than `limit` bytes.
    """
    for line in raw_lines(stream, limit):
        if line is None:
            raise ArtifactError(f"{path}: a line is longer than {limit} bytes, this is no {what}")
        yield line.rstrip(b"\r\n")


def structure_header(path: Path, document: object, contract: type[A], wanted: str) -> A:
    """Return the first line of a file as the header that it holds.

    Args:
        path: the file, which errors name.
        document: its first line, parsed.
        contract: the header's class.
        wanted: what the file should be and where it comes from, for the message.

    Raises:
        ArtifactError: the file is another one, or of a newer version.
    """
    match document:
        case {"kind": contract.KIND}:
            return structure_artifact(document, contract, path)
        case {"kind": str(kind)}:
            found = f"is of the kind {kind!r}"
        case {"image_path": _}:
            found = "is a manifest"
        case _:
            found = "is something else"
    raise ArtifactError(f"{path}: {found}, not {wanted}")

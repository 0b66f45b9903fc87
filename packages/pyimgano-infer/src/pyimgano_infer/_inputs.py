"""What the command line names (files, folders, patterns, manifests) as a stream of inputs, one at a time."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import define

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.record import Record
from pyimgano_core.errors import UsageError
from pyimgano_core.images import is_image
from pyimgano_core.manifest import read_manifest, resolve

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.dataset import Entry

LEFT_OUT = "files were left out: hidden, or no images by their names"

_MANIFEST = ".jsonl"


@define(frozen=True, kw_only=True)
class Source:
    """One thing that the command line names; a pattern becomes one source for each match."""

    kind: Literal["file", "folder", "manifest", "other"]
    text: str


@define(frozen=True, kw_only=True)
class Input:
    """One image to score, or the reason why it can't be.

    `text` is the path as it was given. `category` and `record` are a manifest row's.
    """

    text: str
    path: Path
    category: str | None = None
    record: Record | None = None
    failure: Failure | None = None


def find_sources(arguments: Iterable[str]) -> tuple[Source, ...]:
    """Return what the arguments name, patterns expanded and sorted.

    A file that does not exist stays a source: it becomes a failure among the results.

    Raises:
        UsageError: a manifest is missing, or is not a file.
    """
    return tuple(source for argument in arguments for source in _sources_of(argument))


def _sources_of(argument: str) -> Iterator[Source]:
    if not argument:
        raise UsageError("an INPUT is empty; name a file, a folder, a pattern or a manifest")
    if not glob.has_magic(argument) or os.path.lexists(argument):
        yield Source(kind=_kind_of(argument), text=argument)
        return
    wants_manifests = argument.lower().endswith(_MANIFEST)
    matches = sorted(glob.iglob(argument, recursive=True))  # noqa: PTH207 - a pattern may be absolute
    folders = {Path(match) for match in matches if _is_folder(match)}
    for match in matches:
        if not folders.isdisjoint(Path(match).parents):
            continue  # `**` matches a folder and what is in it, and the folder is searched
        if _is_folder(match) or is_image(match) or wants_manifests:
            yield Source(kind=_kind_of(match), text=match)
        else:
            yield Source(kind="other", text=match)


def _kind_of(text: str) -> Literal["file", "folder", "manifest"]:
    if _is_folder(text):
        return "folder"
    if not text.lower().endswith(_MANIFEST):
        return "file"
    if not os.path.isfile(text):  # noqa: PTH113 - as below
        raise UsageError(f"manifest {text!r}: no such file")
    return "manifest"


def _is_folder(text: str) -> bool:
    return os.path.isdir(text)  # noqa: PTH112 - Path.is_dir raises where a name is too long or forbidden


def read_inputs(sources: Iterable[Source], root: Path | None, notices: Counter[str]) -> Iterator[Input]:
    """Yield the inputs in order: arguments as given, folders sorted by name, manifests by line.

    Args:
        sources: from `find_sources`.
        root: where a manifest's relative paths are looked for that are not found beside the manifest.
        notices: counts what a person should know and what is no failure.
    """
    for source in sources:
        if source.kind == "folder":
            yield from _folder(source.text, frozenset(), notices)
        elif source.kind == "manifest":
            yield from _manifest(Path(source.text), root, notices)
        elif source.kind == "file":
            yield Input(text=source.text, path=Path(source.text))
        else:
            notices[LEFT_OUT] += 1


def _folder(folder: str, above: frozenset[tuple[int, int]], notices: Counter[str]) -> Iterator[Input]:
    """Yield the images below a folder; links to folders are followed, but never round a loop."""
    try:
        state = Path(folder).stat()
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone are wanted
    except OSError as exc:
        reason = Failure(code="not_readable", message=f"{folder}: can't be listed: {exc.strerror}")
        yield Input(text=folder, path=Path(folder), failure=reason)
        return
    identity = (state.st_dev, state.st_ino)
    if identity in above:
        return
    for name in names:
        text = os.path.join(folder, name)  # noqa: PTH118 - keeps the folder as it was written
        if name.startswith("."):
            notices[LEFT_OUT] += 1
        elif _is_folder(text):
            yield from _folder(text, above | {identity}, notices)
        elif is_image(text):
            yield Input(text=text, path=Path(text))
        else:
            notices[LEFT_OUT] += 1


def _manifest(manifest: Path, root: Path | None, notices: Counter[str]) -> Iterator[Input]:
    folder = manifest.absolute().parent
    base = None if root is None else root.absolute()
    for entry in read_manifest(manifest):
        for issue in entry.issues:
            if issue.severity is Severity.WARNING:
                notices[f"{manifest}: {issue.name}: {issue.message}"] += 1
        if entry.record is not None:
            sample = resolve(entry.record, folder, base)
            yield Input(
                text=entry.record.image_path,
                path=sample.image,
                category=entry.record.category,
                record=entry.record,
            )
        elif errors := [issue for issue in entry.issues if issue.severity is Severity.ERROR]:
            message = "; ".join(issue.message for issue in errors)
            yield _failed_line(manifest, entry, errors[0].name, message)


def _failed_line(manifest: Path, entry: Entry, code: str, message: str) -> Input:
    text = f"{manifest}:{entry.line}"
    return Input(text=text, path=manifest, failure=Failure(code=code, message=f"{text}: {message}"))

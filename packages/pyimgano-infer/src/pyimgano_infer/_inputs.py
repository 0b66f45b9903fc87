"""What the command line names (files, folders, patterns, manifests, addresses) as a stream of inputs."""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from attrs import define, evolve

from pyimgano_core.contracts.image_file import (
    ImageFile,
    RemoteFile,
    cut_address,
    image_file,
    is_address,
    masked,
)
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.record import Record
from pyimgano_core.errors import UsageError
from pyimgano_infer._stdin import read_paths

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence
    from io import BufferedReader

    from pyimgano_core.contracts.dataset import Entry

LEFT_OUT = "files were left out: hidden, or no images by their names"

STDIN = "-"
_MANIFEST = ".jsonl"


@define(frozen=True, kw_only=True)
class Source:
    """One thing that the command line names; a pattern becomes one source for each match.

    A `list` is on stdin, and holds a path a line, or with `null` paths that end with a NUL. A `search` is an
    address with many images behind it.
    """

    kind: Literal["file", "folder", "manifest", "list", "search", "other"]
    text: str
    null: bool = False


@define(frozen=True, kw_only=True)
class Input:
    """One image to score, or the reason why it can't be.

    `text` is the path as it was given, or an address without its secrets. `category` and `record` are a
    manifest row's.
    """

    text: str
    path: ImageFile
    category: str | None = None
    record: Record | None = None
    failure: Failure | None = None


def find_sources(arguments: Sequence[str], *, null: bool = False) -> tuple[Source, ...]:
    """Return what the arguments name, patterns expanded and sorted.

    A file that does not exist stays a source: it becomes a failure among the results.

    Args:
        arguments: paths, patterns, and `-` for a list on stdin.
        null: whether the names of that list end with a NUL.

    Raises:
        UsageError: a manifest is missing, or is not a file here, or stdin is misnamed.
    """
    if arguments.count(STDIN) > 1:
        raise UsageError(f"{STDIN} is given twice, and there is one list on stdin")
    if null and STDIN not in arguments:
        raise UsageError(f"--null is for a list on stdin: give {STDIN} as an INPUT")
    return tuple(source for argument in arguments for source in _sources_of(argument, null=null))


def _sources_of(argument: str, *, null: bool) -> Iterator[Source]:
    if not argument:
        raise UsageError("an INPUT is empty; name a file, a folder, a pattern or a manifest")
    if argument == STDIN:
        yield Source(kind="list", text=argument, null=null)
        return
    if is_address(argument):
        yield _address(argument)
        return
    if not glob.has_magic(argument) or os.path.lexists(argument):
        yield Source(kind=_kind_of(argument), text=argument)
        return
    wants_manifests = argument.lower().endswith(_MANIFEST)
    matches = list(glob.iglob(argument, recursive=True))  # noqa: PTH207 - a pattern may be absolute
    folders = {Path(match) for match in matches if _is_folder(match)}
    unlisted = {folder for folder in _unlisted(argument) if Path(folder) not in folders}
    for match in sorted(_seen(argument, [*matches, *unlisted])):
        if not folders.isdisjoint(Path(match).parents):
            continue  # `**` matches a folder and what is in it, and the folder is searched
        if _is_folder(match) or _is_image(match) or wants_manifests:
            yield Source(kind=_kind_of(match), text=match)
        else:
            yield Source(kind="other", text=match)


def _seen(pattern: str, matches: Iterable[str]) -> Iterator[str]:
    """Yield the matches without those in folders of the file system itself that the pattern doesn't name."""
    from pyimgano_core.images import SYSTEM_FOLDERS  # noqa: PLC0415 - as below

    named = set(Path(pattern).parts)
    for match in matches:
        if not any(part.lower() in SYSTEM_FOLDERS and part not in named for part in Path(match).parts):
            yield match


def _unlisted(pattern: str) -> Iterator[str]:
    """Yield the folders in which a pattern looks for names and can't, which `glob` passes over in silence."""
    folder, name = os.path.split(pattern)
    folders: Iterable[str] = [folder or os.curdir]
    if glob.has_magic(folder):
        yield from _unlisted(folder)
        folders = glob.iglob(os.path.join(folder, ""), recursive=True)  # noqa: PTH118, PTH207 - as above
    if name == "**":
        folders = glob.iglob(os.path.join(pattern, ""), recursive=True)  # noqa: PTH118, PTH207 - as above
    elif os.path.basename(folder) == "**":  # noqa: PTH119 - as text
        return
    for each in folders:
        if not glob.has_magic(name) and _is_open(each):
            continue
        try:
            os.scandir(each).close()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            yield each if Path(each) == Path(each).parent else each.rstrip(os.sep)  # a root keeps it


def _is_open(folder: str) -> bool:
    """Return whether a name in the folder can be looked up, which needs no right to list it."""
    return os.path.lexists(os.path.join(folder, os.curdir))  # noqa: PTH118 - as above


def _address(text: str) -> Source:
    path = cut_address(text)[1]
    if path.lower().endswith(_MANIFEST):
        raise UsageError(f"manifest {masked(text)!r}: must be a file of this machine; copy it here")
    is_search = "*" in path or not path or path.endswith("/")
    return Source(kind="search" if is_search else "file", text=text)


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


def _is_image(text: str) -> bool:
    from pyimgano_core.images import is_image  # noqa: PLC0415 - keeps start-up light: it loads NumPy

    return is_image(text)


def _is_hidden(name: str) -> bool:
    from pyimgano_core.images import is_hidden  # noqa: PLC0415 - as above

    return is_hidden(name)


def read_inputs(sources: Iterable[Source], root: ImageFile | None, notices: Counter[str]) -> Iterator[Input]:
    """Yield the inputs in order: arguments as given, folders sorted by name, manifests by line.

    Args:
        sources: from `find_sources`.
        root: where a manifest's relative paths are looked for that are not found beside the manifest.
        notices: counts what a person should know and what is no failure.

    Raises:
        DataError: a manifest can't be read.
        UsageError: stdin holds no list.
    """
    for source in sources:
        if source.kind == "folder":
            yield from _folder(source.text, frozenset(), notices)
        elif source.kind == "manifest":
            yield from _manifest(Path(source.text), root, notices)
        elif source.kind == "list":
            names = read_paths(cast("BufferedReader", sys.stdin.buffer), null=source.null)
            yield from map(input_of, names)
        elif source.kind == "search":
            from pyimgano_infer._remote import find_images  # noqa: PLC0415 - only addresses need fsspec

            yield from find_images(source.text, notices)
        elif source.kind == "file":
            yield input_of(source.text)
        else:
            notices[LEFT_OUT] += 1


def input_of(text: str) -> Input:
    """Return the input that a path or an address names."""
    file = image_file(text)
    return Input(text=str(file) if isinstance(file, RemoteFile) else text, path=file)


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
        if _is_hidden(name):
            notices[LEFT_OUT] += 1
        elif _is_folder(text):
            yield from _folder(text, above | {identity}, notices)
        elif _is_image(text):
            yield Input(text=text, path=Path(text))
        else:
            notices[LEFT_OUT] += 1


def _manifest(manifest: Path, root: ImageFile | None, notices: Counter[str]) -> Iterator[Input]:
    from pyimgano_core.manifest import read_manifest  # noqa: PLC0415 - as above

    for entry in read_manifest(manifest):
        for issue in entry.issues:
            if issue.severity is Severity.WARNING:
                notices[f"{manifest}: {issue.name}: {issue.message}"] += 1
        if entry.record is not None:
            yield evolve(
                input_of(entry.record.image_path),
                path=_find(entry.record, manifest.parent, root),
                category=entry.record.category,
                record=entry.record,
            )
        elif errors := [issue for issue in entry.issues if issue.severity is Severity.ERROR]:
            message = "; ".join(issue.message for issue in errors)
            yield _failed_line(manifest, entry, errors[0].name, message)


def _find(record: Record, folder: Path, root: ImageFile | None) -> ImageFile:
    """Return where the image of a row is: at its address, beside the manifest, or below the root."""
    from pyimgano_core.manifest import resolve  # noqa: PLC0415 - as above

    if is_address(record.image_path):
        return RemoteFile(record.image_path)
    if not isinstance(root, RemoteFile):
        return resolve(record, folder, root).image
    beside = resolve(record, folder).image
    if beside.exists() or Path(record.image_path).anchor:
        return beside
    before, path, behind = cut_address(root.address)
    below = record.image_path.replace("\\", "/")
    return RemoteFile(f"{before}{path.removesuffix('/')}/{below}{behind}")


def _failed_line(manifest: Path, entry: Entry, code: str, message: str) -> Input:
    text = f"{manifest}:{entry.line}"
    return Input(text=text, path=manifest, failure=Failure(code=code, message=f"{text}: {message}"))

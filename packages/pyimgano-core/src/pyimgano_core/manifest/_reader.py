"""Reads manifests line by line: every line gives a record or its issues, and no fault hides the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from pyimgano_core.contracts.dataset import Entry, LoadedDataset
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.errors import DataError, MachineError
from pyimgano_core.manifest._endings import LineEndings
from pyimgano_core.manifest._line import LineError, parse_line
from pyimgano_core.manifest._plain import Plain, plain_line, plain_record
from pyimgano_core.manifest._record import parse_record
from pyimgano_core.manifest._rows import Rows
from pyimgano_core.manifest._table import SampleTable
from pyimgano_core.manifest._unknown import UnknownFields
from pyimgano_core.textlines import open_lines, raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE_BYTES = 1 << 20
_WAYS_TO_ONE = (
    "correct the path, or make one of a folder of images with pyimgano-core manifest guess "
    "or, where it is in a usual layout, manifest build"
)
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
_PlainLine = tuple[Plain, int]
_NAMES = {
    "PF101": "MANIFEST_NOT_FOUND",
    "PF102": "MANIFEST_EMPTY",
    "PF103": "MANIFEST_ENCODING",
    "PF104": "MANIFEST_BOM",
    "PF106": "MANIFEST_INVALID_JSON",
    "PF107": "MANIFEST_DUPLICATE_KEY",
    "PF110": "MANIFEST_RECORD_LIMIT",
}


def load_manifest(path: Path, root: Path | None = None) -> LoadedDataset:
    """Read a whole manifest and find its files.

    Args:
        path: the manifest.
        root: the folder where images are looked for that are not found from the manifest's folder.

    Returns:
        The samples of all good lines, and all issues. A field that is unknown is one issue, however many
        lines have it.

    Raises:
        DataError: the manifest is missing or unreadable.
        MachineError: the storage failed while reading.
    """
    rows = Rows(path.absolute().parent, None if root is None else root.absolute())
    issues: list[Issue] = []
    unknown = UnknownFields()
    for found in _read(path):
        if isinstance(found, tuple):
            rows.add_plain(*found)
            continue
        if found.record is not None:
            rows.add(found.record)
        issues += (issue for issue in found.issues if not unknown.take(issue))
    issues += unknown.issues()
    if not len(rows) and all(issue.severity is not Severity.ERROR for issue in issues):
        issues.append(_issue("PF102", "the manifest holds no records", Location(manifest=str(path))))
    return LoadedDataset(samples=SampleTable(rows), issues=tuple(issues), manifest=str(path))


def read_manifest(path: Path) -> Iterator[Entry]:
    """Yield what each line holds; blank lines and lines that begin with `#` are skipped.

    Memory is bounded by one line. Lines end with `\\n` or `\\r\\n`; a byte order mark at the start is
    skipped with a warning. Windows line ends and blank lines are told at the end, in one entry.

    Raises:
        DataError: the manifest is missing or unreadable.
        MachineError: the storage failed while reading.
    """  # noqa: D301  # one escape, in plain text
    for found in _read(path):
        if isinstance(found, tuple):
            yield Entry(line=found[1], record=plain_record(*found))
        else:
            yield found


def _read(path: Path) -> Iterator[Entry | _PlainLine]:
    """Yield what `read_manifest` does; plain lines, of which there is nothing to tell, as they are."""
    with _opened(path) as stream:
        try:
            yield from _entries(stream, str(path))
        except OSError as exc:
            raise MachineError(f"{path}: reading failed: {exc.strerror or exc}") from exc


def _opened(path: Path) -> BinaryIO:
    try:
        return open_lines(path, "manifest")
    except DataError as exc:
        is_missing = isinstance(exc.__cause__, FileNotFoundError)
        message = f"{exc}: {_WAYS_TO_ONE}" if is_missing else str(exc)
        raise DataError(message, [_issue("PF101", message, Location(manifest=str(path)))]) from exc


def _entries(stream: BinaryIO, manifest: str) -> Iterator[Entry | _PlainLine]:
    endings = LineEndings()
    line = 0
    for line, raw in enumerate(raw_lines(stream, MAX_LINE_BYTES), 1):
        if raw is None:
            location = Location(manifest=manifest, line=line)
            yield _failed(location, "PF110", f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            continue
        content = raw.strip()
        if line == 1 and raw.startswith((_BOM, *_UTF_16)):
            yield _marked(Location(manifest=manifest, line=line), raw)
            if raw.startswith(_UTF_16):
                return
            content = raw.removeprefix(_BOM).strip()
        is_windows = raw.endswith(b"\r\n")
        if is_windows or not content:
            endings.note(line, is_windows=is_windows, is_blank=not content)
        if content and not content.startswith(b"#"):
            yield _entry(content, manifest, line)
    found = endings.entry(line, manifest)
    if found is not None:
        yield found


def _marked(location: Location, raw: bytes) -> Entry:
    """Return what a mark at the beginning of the file says about its encoding."""
    if raw.startswith(_UTF_16):
        return _failed(location, "PF103", "the manifest is UTF-16: save it as UTF-8")
    return _failed(location, "PF104", "the manifest begins with a byte order mark: save it without")


def _entry(content: bytes, manifest: str, line: int) -> Entry | _PlainLine:
    plain = plain_line(content)
    if plain is not None:
        return plain, line
    try:
        document = parse_line(content)
    except LineError as exc:
        return _failed(Location(manifest=manifest, line=line), exc.code, str(exc))
    record, issues = parse_record(document, Location(manifest=manifest, line=line))
    return Entry(line=line, record=record, issues=issues)


def _failed(location: Location, code: str, message: str) -> Entry:
    return Entry(line=location.line or 0, issues=(_issue(code, message, location),))


def _issue(code: str, message: str, location: Location) -> Issue:
    severity = Severity.WARNING if code == "PF104" else Severity.ERROR
    return Issue(code=code, name=_NAMES[code], severity=severity, message=message, location=location)

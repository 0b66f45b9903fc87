"""Reads manifests line by line: every line gives a record or its issues, and no fault hides the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from attrs import evolve

from pyimgano_core.contracts.dataset import Entry, LoadedDataset
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.errors import DataError, MachineError
from pyimgano_core.manifest._line import LineError, parse_line
from pyimgano_core.manifest._paths import resolve
from pyimgano_core.manifest._record import UNKNOWN_FIELD, parse_record
from pyimgano_core.textlines import open_lines, raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_LINE_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
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
    folder = path.absolute().parent
    base = None if root is None else root.absolute()
    entries = list(read_manifest(path))
    samples = tuple(resolve(entry.record, folder, base) for entry in entries if entry.record is not None)
    issues = tuple(_folded(issue for entry in entries for issue in entry.issues))
    if not samples and all(issue.severity is not Severity.ERROR for issue in issues):
        issues += (_issue("PF102", "the manifest holds no records", Location(manifest=str(path))),)
    return LoadedDataset(samples=samples, issues=issues, manifest=str(path))


def read_manifest(path: Path) -> Iterator[Entry]:
    """Yield what each line holds; blank lines and lines that begin with `#` are skipped.

    Memory is bounded by one line. Lines end with `\\n` or `\\r\\n`; a byte order mark at the start is
    skipped with a warning.

    Raises:
        DataError: the manifest is missing or unreadable.
        MachineError: the storage failed while reading.
    """  # noqa: D301  # one escape, in plain text
    with _opened(path) as stream:
        try:
            yield from _entries(stream, str(path))
        except OSError as exc:
            raise MachineError(f"{path}: reading failed: {exc.strerror or exc}") from exc


def _opened(path: Path) -> BinaryIO:
    try:
        return open_lines(path, "manifest")
    except DataError as exc:
        raise DataError(str(exc), [_issue("PF101", str(exc), Location(manifest=str(path)))]) from exc


def _entries(stream: BinaryIO, manifest: str) -> Iterator[Entry]:
    for line, raw in enumerate(raw_lines(stream, MAX_LINE_BYTES), 1):
        location = Location(manifest=manifest, line=line)
        if line == 1 and raw is not None and raw.startswith(_UTF_16):
            yield _failed(location, "PF103", "the manifest is UTF-16: save it as UTF-8")
            return
        if raw is None:
            yield _failed(location, "PF110", f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            continue
        warnings: tuple[Issue, ...] = ()
        content = raw
        if line == 1 and raw.startswith(_BOM):
            content = raw.removeprefix(_BOM)
            warnings = (
                _issue("PF104", "the manifest begins with a byte order mark: save it without", location),
            )
        content = content.strip()
        if content and not content.startswith(b"#"):
            entry = _entry(content, location)
            yield evolve(entry, issues=warnings + entry.issues) if warnings else entry
        elif warnings:
            yield Entry(line=line, issues=warnings)


def _entry(content: bytes, location: Location) -> Entry:
    try:
        document = parse_line(content)
    except LineError as exc:
        return _failed(location, exc.code, str(exc))
    record, issues = parse_record(document, location)
    return Entry(line=location.line or 0, record=record, issues=issues)


def _folded(issues: Iterable[Issue]) -> Iterator[Issue]:
    """Yield the issues with each unknown field once, at its first line and with the number of its lines."""
    unknown: dict[str | None, list[Issue]] = {}
    for issue in issues:
        if issue.code != UNKNOWN_FIELD:
            yield issue
        else:
            unknown.setdefault(issue.location.field if issue.location else None, []).append(issue)
    for same in unknown.values():
        first = same[0]
        category = first.category if len({issue.category for issue in same}) == 1 else None
        message = first.message if len(same) == 1 else f"{first.message} ({len(same)} lines)"
        yield evolve(first, message=message, category=category, data={"lines": len(same)})


def _failed(location: Location, code: str, message: str) -> Entry:
    return Entry(line=location.line or 0, issues=(_issue(code, message, location),))


def _issue(code: str, message: str, location: Location) -> Issue:
    severity = Severity.WARNING if code == "PF104" else Severity.ERROR
    return Issue(code=code, name=_NAMES[code], severity=severity, message=message, location=location)

"""Reads a predictions file (one JSON object per line) without stopping at a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.json_text import parse_json
from pyimgano_core.errors import DataError, MachineError
from pyimgano_core.predictions._issues import bad_line
from pyimgano_core.predictions._line import BadLineError, PredictedLine, parse_prediction
from pyimgano_core.textlines import open_lines, raw_lines

LineParser = Callable[[object, int], PredictedLine]

_MAX_LINE_BYTES = 1 << 24  # our lines hold regions
_BOM = b"\xef\xbb\xbf"


@define(frozen=True, kw_only=True)
class PredictionsFile:
    """A predictions file as it was read.

    `lines` are the good ones in their order, failures of inputs included, and no image of a category twice.
    `issues` holds an error for each of the others. `line_count` counts both, `keys` the keys that were read.
    """

    path: Path
    sha256: str
    lines: tuple[PredictedLine, ...]
    issues: tuple[Issue, ...] = ()
    keys: dict[str, int] = field(factory=dict)

    @property
    def line_count(self) -> int:
        """How many lines hold something."""
        return len(self.lines) + len(self.issues)


def read_predictions(path: Path, parse: LineParser = parse_prediction) -> PredictionsFile:
    """Return the lines of a predictions file; blank ones are skipped, and bad ones become issues.

    Args:
        path: the file.
        parse: from a JSON document and the number of its line to the line.

    Raises:
        DataError: the file is missing or unreadable, or no line can be used.
        MachineError: the storage failed while reading.
    """
    gathered = _Gathered(path, parse)
    with open_lines(path, "predictions") as stream:
        try:
            for number, raw in enumerate(raw_lines(stream, _MAX_LINE_BYTES), 1):
                gathered.take(number, raw)
            digest = sha256_file(path)
        except OSError as exc:
            raise MachineError(f"{path}: reading failed: {exc.strerror or exc}") from exc
    if not gathered.lines:
        reason = "no line of it can be used" if gathered.issues else "it holds no lines"
        raise DataError(f"predictions {str(path)!r}: {reason}", gathered.issues)
    return PredictionsFile(
        path=path,
        sha256=digest,
        lines=tuple(gathered.lines),
        issues=tuple(gathered.issues),
        keys=dict(sorted(gathered.keys.items())),
    )


class _Gathered:
    """The good lines and the faults of the others, as they pass."""

    def __init__(self, path: Path, parse: LineParser) -> None:
        self.lines: list[PredictedLine] = []
        self.issues: list[Issue] = []
        self.keys: Counter[str] = Counter()
        self._path = str(path)
        self._parse = parse
        self._seen: dict[tuple[str | None, str], int] = {}

    def take(self, number: int, raw: bytes | None) -> None:
        if raw is None:
            self._refuse("EV101", number, f"the line is longer than {_MAX_LINE_BYTES:,} bytes")
            return
        content = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
        if not content:
            return
        try:
            line = self._parse(_document(content), number)
        except BadLineError as exc:
            self._refuse(exc.code, number, str(exc))
            return
        first = self._seen.setdefault((line.category, line.input), number)
        if first != number:
            self._refuse("EV105", number, f"{line.input!r} is in line {first} already: that one counts")
            return
        self.lines.append(line)
        self.keys.update(line.keys)

    def _refuse(self, code: str, number: int, message: str) -> None:
        self.issues.append(bad_line(code, self._path, number, message))


def _document(content: bytes) -> object:
    try:
        return parse_json(content.decode())
    except ValueError as exc:  # UnicodeDecodeError is one
        raise BadLineError("EV101", str(exc).replace("at line 1 column", "at column")) from exc

"""Puts parts together in order, and counts their lines on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.artifacts import parse_json
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_infer._part import damage, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pyimgano_infer._summary import Tally


def join_part(path: Path, write: Callable[[bytes], object], tally: Tally) -> None:
    """Write the lines of a whole part and count them.

    Raises:
        ArtifactError: the part was damaged.
        OSError: they can't be written.
    """
    for line in lines_of(path):
        tally.add(_read(line, path))
        write(line)


def read_lines(paths: Iterable[Path]) -> Iterator[Prediction]:
    """Yield the lines of whole parts.

    Raises:
        ArtifactError: a part was damaged.
    """
    return (_read(line, path) for path in paths for line in lines_of(path))


def _read(line: bytes, path: Path) -> Prediction:
    try:
        return structure(parse_json(line.decode()), Prediction, known_only=False)
    except (ValueError, StructuringError) as exc:
        raise damage(path, str(exc)) from exc

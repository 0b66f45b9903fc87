"""`data.jsonl` of a category: which images a run saw in which role, by content; for audits and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.artifacts import parse_json
from pyimgano_core.contracts.data_line import DataLine
from pyimgano_core.contracts.structuring import structure
from pyimgano_core.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.split import CategorySplit


def data_lines(split: CategorySplit, hashes: Mapping[Path, str]) -> Iterator[DataLine]:
    """Yield a line per image of a category, in the order of roles and then of the data set."""
    for role, samples in split.by_role:
        for sample in samples:
            yield DataLine(
                role=role,
                input=sample.record.image_path,
                label=sample.record.label,
                sha256=hashes.get(sample.image),
                mask_sha256=None if sample.mask is None else hashes.get(sample.mask),
            )


def read_data(path: Path) -> list[DataLine]:
    """Return the lines in `path`.

    Raises:
        ArtifactError: it is missing or no such file.
    """
    try:
        with path.open("rb") as stream:
            return [structure(parse_json(line.decode()), DataLine, known_only=False) for line in stream]
    except OSError as exc:
        raise ArtifactError(f"{path}: can't be read: {exc.strerror or exc}") from exc
    except ValueError as exc:  # of JSON, of UTF-8, or of the contract
        raise ArtifactError(f"{path}: {exc}") from exc

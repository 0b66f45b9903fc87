"""JSON documents with `kind`, `schema_version` and `requires`: read tolerantly, refused when unsafe.

Unknown keys are ignored, so that additive fields never break a reader. A field that changes a verdict is
named in `requires`; a reader that does not know it refuses, so that an older host never ignores a newer
feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from pyimgano_core.artifacts._files import write_text
from pyimgano_core.contracts.json_text import parse_json, to_json
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 64 * 1024 * 1024


class Artifact(Protocol):
    """A contract that lives in a file of its own."""

    KIND: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int]
    KNOWN_FEATURES: ClassVar[frozenset[str]]
    __attrs_attrs__: ClassVar[Any]


A = TypeVar("A", bound=Artifact)


def write_artifact(path: Path, artifact: Artifact) -> None:
    """Write an artifact atomically as indented JSON."""
    write_text(path, to_json(artifact, indent=2) + "\n")


def read_artifact(path: Path, contract: type[A]) -> A:
    """Return the artifact in `path`.

    Raises:
        ArtifactError: where it is missing, torn, of another kind, of a newer schema, or requires a feature
            that this version does not know.
    """
    return structure_artifact(_read_json(path), contract, path)


def structure_artifact(document: object, contract: type[A], path: Path) -> A:
    """Return a parsed document as the artifact that it holds, such as the first line of a file of lines.

    Raises:
        ArtifactError: as `read_artifact`; `path` is what it names.
    """
    if not isinstance(document, dict):
        raise ArtifactError(f"{path}: must hold a JSON object")
    _check_header(document, contract, path)
    try:
        return structure(document, contract, known_only=False)
    except StructuringError as exc:
        raise ArtifactError(f"{path}: {exc}") from exc


def _read_json(path: Path) -> object:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise ArtifactError(f"{path}: larger than {_MAX_BYTES} bytes, this is no artifact of ours")
        return parse_json(raw.decode("utf-8-sig"))
    except FileNotFoundError as exc:
        raise ArtifactError(f"{path}: no such file") from exc
    except OSError as exc:
        raise ArtifactError(f"{path}: can't be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise ArtifactError(f"{path}: holds no text (UTF-8), so it is no JSON file") from exc
    except ValueError as exc:
        raise ArtifactError(f"{path}: {exc}") from exc


def _check_header(document: dict[str, Any], contract: type[A], path: Path) -> None:
    kind, version, requires = (document.get(key) for key in ("kind", "schema_version", "requires"))
    if kind != contract.KIND:
        raise ArtifactError(f"{path}: $.kind is {kind!r}, expected {contract.KIND!r}")
    if type(version) is not int or not 1 <= version <= contract.SCHEMA_VERSION:
        raise ArtifactError(
            f"{path}: $.schema_version is {version!r}, this version reads 1 to {contract.SCHEMA_VERSION}; "
            "update the package to read it"
        )
    names = requires if isinstance(requires, list) else []
    known = contract.KNOWN_FEATURES
    unknown = [name for name in names if not isinstance(name, str) or name not in known]
    if unknown or not isinstance(requires, list | None):
        raise ArtifactError(
            f"{path}: $.requires names {unknown or requires!r}, which this version does not know; "
            "update the package to read it"
        )

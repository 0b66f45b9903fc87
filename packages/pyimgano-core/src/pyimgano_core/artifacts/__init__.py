"""Files that packages exchange: JSON artifacts with a kind and a version, atomic writes, hashes, schemas."""

from pyimgano_core.artifacts._documents import Artifact, read_artifact, structure_artifact, write_artifact
from pyimgano_core.artifacts._files import atomic_writer, relative_path, sha256_file, write_bytes, write_text
from pyimgano_core.artifacts._lock import remove_lock, try_lock
from pyimgano_core.artifacts._schema import json_schema
from pyimgano_core.contracts.json_text import parse_json, to_json

__all__ = [
    # documents
    "Artifact",
    "json_schema",
    "parse_json",
    "read_artifact",
    "structure_artifact",
    "to_json",
    "write_artifact",
    # files
    "atomic_writer",
    "relative_path",
    "remove_lock",
    "sha256_file",
    "try_lock",
    "write_bytes",
    "write_text",
]

"""Write a config that differs from another in one category's calibration, and works where it is written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pyimgano_core.artifacts import relative_path, to_json, write_text
from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig, ParentConfig, required_features
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import UsageError
from pyimgano_infer import __version__
from pyimgano_infer._config import locate_file, named_files
from pyimgano_infer._output import shown, writing
from pyimgano_infer._pack import read_document

_SUFFIX = ".json"
_CALIBRATED = ("threshold", "pixel_threshold", "review_threshold", "reference", "self_test")


def refuse_taken(out: Path) -> None:
    """Raise `UsageError` where a new config can't be written, before any work is done."""
    if out.suffix != _SUFFIX:
        raise UsageError(f"--out {shown(out)!r}: name the new config, a file that ends with {_SUFFIX}")
    if os.path.lexists(out):
        raise UsageError(f"--out {shown(out)!r}: exists already; name a new file, the old one may be in use")


def write_derived(path: Path, config: InferConfig, out: Path, category: str, entry: CategoryModel) -> None:
    """Write the config in `path` to `out`, with the calibration of `entry` for one category.

    All else stays, fields that this version does not know among it; relative paths lead to the same files.

    Args:
        path: the config that is derived from.
        config: its content.
        out: the new config.
        category: the one that was calibrated.
        entry: what it is now.

    Raises:
        ArtifactError: a file that the config names can't be what it names.
        MachineError: the new config can't be written.
        UsageError: somebody else has written it meanwhile.
    """
    document = read_document(path)
    models = {**config.per_category, category: entry}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    document |= {
        "requires": required_features(models.values()),
        "pyimgano_version": __version__,
        "parent": unstructure(ParentConfig(sha256=digest, name=path.name)),
    }
    own, changed = document["per_category"][category], unstructure(entry)
    for name in _CALIBRATED:
        own.pop(name, None)
        if name in changed:
            own[name] = changed[name]
    for name, model in models.items():
        for kind, file in named_files(model).items():
            found = locate_file(path, name, kind, file)
            document["per_category"][name][kind]["path"] = _path_from(out, found, file.path)
    refuse_taken(out)
    with writing(out):
        write_text(out, to_json(document, indent=2) + "\n")


def _path_from(out: Path, file: Path, named: str) -> str:
    """Return the path of a file as a config in `out` names it; where links stand between, the real path."""
    if Path(named).is_absolute():
        return named
    folder = out.absolute().parent
    nearest = relative_path(file, folder)
    if (folder / nearest).resolve() == file.resolve():
        return nearest
    return relative_path(file.resolve(), folder.resolve())

"""What a later update of a model goes on from: the state of its fit, in a file, and the images to add."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.infer_config import NamedFile
from pyimgano_core.contracts.record import Sample
from pyimgano_core.contracts.report import TrainTiles
from pyimgano_core.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path


@define(frozen=True, kw_only=True, eq=False)
class Addition:
    """What an update of a category learns from.

    Attributes:
        state: that of the earlier fit.
        images: the new ones.
        tiles: with tiling, those of the earlier fit.
    """

    state: Mapping[str, NDArray[Any]]
    images: Sequence[Sample]
    tiles: TrainTiles | None = None


def state_path(slug: str) -> str:
    """Return where the state of a category's fit stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/state.npz"


def state_file(state: Mapping[str, NDArray[Any]] | None, slug: str) -> tuple[NamedFile | None, bytes | None]:
    """Return what names the state's file, and its content; None for both where there is no state."""
    if state is None:
        return None, None
    stream = BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **state)
    content = stream.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    return NamedFile(path=state_path(slug), sha256=digest, size_bytes=len(content)), content


def load_state(folder: Path, named: NamedFile) -> dict[str, NDArray[Any]]:
    """Return the state that a report names.

    Args:
        folder: the run directory.
        named: its file.

    Raises:
        ArtifactError: it is missing, torn, or another than the report names.
    """
    path = folder / named.path
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ArtifactError(f"{path}: can't be read: {exc.strerror or exc}") from exc
    if hashlib.sha256(content).hexdigest() != named.sha256:
        raise ArtifactError(f"{path}: its SHA-256 is not the one in the report; the file was changed or torn")
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, BadZipFile) as exc:
        raise ArtifactError(f"{path}: can't be read as the state of a fit: {exc}") from exc

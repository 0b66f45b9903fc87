"""The built-in demo data set: four kinds of texture and part, drawn on the spot, with exact masks.

Light, camera noise, position and shade vary from image to image more than a defect changes the whole image,
so neither its mean brightness nor its difference from the mean image tells good from bad. The folders are
those of MVTec AD, with a manifest beside them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from pyimgano_core.errors import MachineError, UsageError

VERSION = "demo-v1"
MANIFEST_NAME = "manifest.jsonl"

_MARKER = "demo-version.txt"


def demo_root() -> Path:
    """Return where the demo lies unless told otherwise.

    That is `$PYIMGANO_CACHE`, or `pyimgano` in the user's cache folder, and there a folder with the version.
    """
    own = os.environ.get("PYIMGANO_CACHE")
    return (Path(own) if own else _user_cache() / "pyimgano") / VERSION


def write_demo(folder: Path, seed: int = 0) -> Path:
    """Draw the demo data set into `folder`, unless the same is there already.

    It is drawn beside `folder` and renamed when it is whole, so an interrupted run leaves no half of it.

    Args:
        folder: where it goes; absent or empty, or what an earlier call wrote.
        seed: the same seed gives the same pixels.

    Returns:
        `folder`, which holds `manifest.jsonl`.

    Raises:
        UsageError: the folder holds something else.
        MachineError: it can't be written.
    """
    marker = f"{VERSION} seed {seed}\n"
    if _is_finished(folder, marker):
        return folder
    from pyimgano_core.layouts._demo_files import write_files  # noqa: PLC0415 - 3 MB, used by this alone

    partial = folder.with_name(f".{folder.name}.{os.urandom(4).hex()}.partial")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder}: holds something else than this demo; remove it or choose another folder"
            )
        partial.mkdir(parents=True)
        write_files(partial, partial / MANIFEST_NAME, seed)
        (partial / _MARKER).write_text(marker, encoding="utf-8")
        _move(partial, folder, marker)
    except OSError as error:
        reason = error.strerror or error
        raise MachineError(f"{folder}: can't be written ({reason}); PYIMGANO_CACHE names another") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _is_finished(folder: Path, marker: str) -> bool:
    try:
        return (folder / _MARKER).read_text(encoding="utf-8") == marker
    except (OSError, UnicodeDecodeError):
        return False


def _move(partial: Path, folder: Path, marker: str) -> None:
    try:
        if folder.exists():
            folder.rmdir()
        partial.replace(folder)
    except OSError:
        if not _is_finished(folder, marker):  # else another process was faster, with the same result
            raise


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

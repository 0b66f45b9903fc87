"""Where results go: none takes the place of another one, of an input, or of what the run needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.contracts.image_file import is_address
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_infer._inputs import Source
    from pyimgano_infer._request import Request

_OWN = (".partial", ".watching")  # what the command makes beside OUTPUT, and removes


def check_places(request: Request, sources: Iterable[Source], needed: Iterable[Path]) -> None:
    """Refuse results that would destroy something.

    Args:
        request: what the command line asks for.
        sources: its inputs.
        needed: the config and the files that it names.

    Raises:
        UsageError: a result would.
    """
    _check_kinds(request)
    _check_distinct(request)
    _check_own(request)
    for source in sources:
        _check_apart(request, source)
    _check_needed(request, needed)


def _check_kinds(request: Request) -> None:
    """No file may take the place of a device or a pipe: `/dev/null` would be gone for the whole machine."""
    for option, file in request.files.items():
        if file.exists() and not file.is_file():
            to_stdout = option == "--output" and request.watch is None
            remedy = "leave --output out to write to stdout" if to_stdout else "name another"
            raise UsageError(f"{option} {str(file)!r}: is no file; {remedy}")
    for option, folder in request.folders.items():
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{option} {str(folder)!r}: is no folder; name another")


def _check_distinct(request: Request) -> None:
    """No result may take another one's place."""
    places: dict[Path, str] = {}
    for option, file in request.files.items():
        other = places.setdefault(file.resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} both name {str(file)!r}; choose another for one of them")
    for option, folder in request.folders.items():
        for place, other in places.items():
            if folder.resolve().is_relative_to(place):
                raise UsageError(f"{option} {str(folder)!r}: {other} is a file there; choose another folder")


def _check_own(request: Request) -> None:
    """No result may lie where the command tidies up in the end."""
    if request.output is None:
        return
    own = [request.output.with_name(request.output.name + suffix).resolve() for suffix in _OWN]
    for option, path in (request.files | request.folders).items():
        if any(path.resolve().is_relative_to(place) for place in own):
            raise UsageError(
                f"{option} {str(path)!r}: what is there is removed when the run is done; choose another"
            )


def _check_apart(request: Request, source: Source) -> None:
    """No result may overwrite an input, or be found as one."""
    if is_address(source.text):
        return
    path = Path(source.text)
    if source.kind == "folder":
        for option, folder in request.folders.items():
            if folder.resolve().is_relative_to(path.resolve()):
                raise UsageError(f"{option} {str(folder)!r} is inside the input folder {source.text!r}")
    for option, result in request.files.items():
        if _same_file(result, path):
            raise UsageError(f"{option} {str(result)!r} is also an input; choose another")


def _check_needed(request: Request, needed: Iterable[Path]) -> None:
    """No result may overwrite what the run needs, or an image that a folder, a list or a row names."""
    if not request.files:
        return
    from pyimgano_core.images import is_image  # noqa: PLC0415 - keeps start-up light: it loads NumPy

    needed = tuple(needed)
    for option, result in request.files.items():
        if is_image(result):
            raise UsageError(f"{option} {str(result)!r}: is an image's name, and it would not be one")
        if any(_same_file(result, path) for path in needed):
            raise UsageError(f"{option} {str(result)!r} is what the config is made of; choose another")


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except (OSError, ValueError):  # one is not there, or is no path at all
        return False

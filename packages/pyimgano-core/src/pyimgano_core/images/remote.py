"""Read image files behind addresses, through fsspec (extra `remote`) and the package of their protocol.

What the storage says becomes an `ImageError` with the codes of files: `not_found`, `not_readable`,
`not_regular`, `empty_file`, `too_large`, and `storage_error` for all else, no answer in time among it. Where
a package is missing the code is `missing_package`: one odd address in a list costs the others nothing.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.image_file import masked
from pyimgano_core.errors import ImageError, MachineError, PyimganoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from fsspec import AbstractFileSystem

    from pyimgano_core.contracts.image_file import RemoteFile

MAX_BYTES = 1 << 29  # of one file, which comes into memory whole

_CHUNK = 1 << 20
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "smb": "smbprotocol",
}
_FORBIDDEN = (401, 403)
_GONE = (404, 410)
_LONGEST_REASON = 200


def require_packages(file: RemoteFile) -> None:
    """Refuse an address whose protocols have no package here, before anything is done.

    Raises:
        MachineError: one is missing.
    """
    try:
        from fsspec import get_filesystem_class  # noqa: PLC0415 - an extra

        for link in file.address.split("::"):
            with suppress(ValueError):  # no protocol: a path, or one that nobody knows
                get_filesystem_class(link.partition("://")[0])
    except ImportError as error:
        raise MachineError(f"{file}: {_missing(file, error)}") from error


def open_storage(file: RemoteFile) -> tuple[AbstractFileSystem, str]:
    """Return the file system behind an address, and the path in it; call it within `storage_errors`.

    Listings are not kept, so that they don't fill the memory and are never out of date.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

    storage, path = url_to_fs(file.address, use_listings_cache=False)
    return storage, str(path)


@contextmanager
def storage_errors(file: RemoteFile) -> Iterator[None]:
    """Turn whatever the package of a protocol raises into an error with a clear line.

    Raises:
        ImageError: the storage refuses, or does not answer, or the package is missing.
    """
    try:
        yield
    except (PyimganoError, MemoryError):
        raise
    except ImportError as error:
        raise ImageError("missing_package", file, _missing(file, error)) from error
    except Exception as error:  # the errors of these packages have no other base
        code, message = _told(error)
        raise ImageError(code, file, message) from error


def read_remote(file: RemoteFile) -> bytes:
    """Return the content of a file.

    Raises:
        ImageError: it can't be read, is empty, or has more than `MAX_BYTES`.
    """
    with storage_errors(file):
        storage, path = open_storage(file)
        facts = storage.info(path)
        if facts.get("type", "file") != "file":
            raise ImageError("not_regular", file, "is a folder or a device, not a file; end a folder with /")
        size = facts.get("size")  # None where a server does not tell
        _require_size(file, size)
        content: bytes = _read_limited(storage.open(path, "rb")) if size is None else storage.cat_file(path)
    _require_size(file, len(content))
    return content


def _read_limited(stream: BinaryIO) -> bytes:
    """Return what a stream gives in pieces of any length, or the first of it where it is too much."""
    content = io.BytesIO()
    with stream:
        while content.tell() <= MAX_BYTES and (piece := stream.read(_CHUNK)):
            content.write(piece)
    return content.getvalue()


def _require_size(file: RemoteFile, size: int | None) -> None:
    if size == 0:
        raise ImageError("empty_file", file, "is empty (0 bytes); copy it again from its source")
    if size is not None and size > MAX_BYTES:
        raise ImageError(
            "too_large", file, f"has {size:,} bytes or more; {MAX_BYTES:,} are read from an address at most"
        )


def _missing(file: RemoteFile, error: ImportError) -> str:
    if error.name is not None and error.name.partition(".")[0] == "fsspec":
        return "addresses need fsspec: pip install 'pyimgano-infer[remote]'"
    protocols = [link.partition("://")[0] for link in file.address.split("::")]
    packages = [_PACKAGES[protocol] for protocol in protocols if protocol in _PACKAGES]
    return f"{error}" + (f": pip install {' '.join(packages)}" if packages else "")


def _told(error: Exception) -> tuple[str, str]:
    """Return the code and the message of what a storage raised."""
    status = _status(error)
    if isinstance(error, PermissionError) or status in _FORBIDDEN:
        return "not_readable", "may not be read; check its permissions and your credentials"
    if isinstance(error, IsADirectoryError):
        return "not_regular", "is a folder, not a file; end its address with /"
    # fsspec tells of an HTTP server that is not there as of a file that is not: the cause knows better.
    is_certain = error.__cause__ is None or status is not None
    if status in _GONE or (isinstance(error, FileNotFoundError) and is_certain and not status):
        return "not_found", "does not exist"
    return "storage_error", f"could not be read: {_reason(error)}"


def _status(error: BaseException | None) -> int | None:
    """Return the HTTP status that an error or its cause carries, by whatever name."""
    while error is not None:
        response: Any = getattr(error, "response", None)
        known = [getattr(error, name, None) for name in ("status", "status_code", "code")]
        if isinstance(response, dict):
            known.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
        for value in known:
            if isinstance(value, int):
                return value
        error = error.__cause__
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    cause = error.__cause__ or error
    text = " ".join(masked(str(cause)).split())
    return f"{type(cause).__name__}: {text}"[:_LONGEST_REASON].removesuffix(": ")

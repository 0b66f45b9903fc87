"""Where an image is: a file of this machine, or an address that fsspec reads, such as `s3://bucket/a.png`.

The form of addresses, chains such as `zip://a.png::s3://bucket/a.zip` among them, is that of
https://filesystem-spec.readthedocs.io/en/latest/features.html#url-chaining
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from attrs import define, field

_PROTOCOL = r"[A-Za-z][A-Za-z0-9+._-]+"  # two letters at least: C:// is a drive
_ADDRESS = re.compile(rf"((?:{_PROTOCOL}::)*{_PROTOCOL}://)(.*?)(::.*)?", flags=re.DOTALL)
_PASSWORD = re.compile(r"(://[^/:@\s]*:)[^/\s]*(?=@)")
_SECRET = re.compile(
    r"([?&][^=&\s]*(?:sig|token|secret|passw|credential|access_?key|api_?key)[^=&\s]*=)[^&\s:]+",
    flags=re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return text whose addresses tell no passwords, and no signatures or tokens of their queries."""
    return _SECRET.sub(r"\1***", _PASSWORD.sub(r"\1***", text))


@define(frozen=True)
class RemoteFile:
    """A file behind an address. As text it is the address without its secrets."""

    address: str = field(repr=masked)

    def __str__(self) -> str:
        return masked(self.address)

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return PurePosixPath(cut_address(self.address)[1].partition("?")[0]).stem


ImageFile: TypeAlias = Path | RemoteFile


def is_address(text: str) -> bool:
    """Return whether text names no file of this machine: it begins with a protocol and `://`."""
    return _ADDRESS.match(text) is not None


def cut_address(address: str) -> tuple[str, str, str]:
    """Return what stands before the path in an address, the path, and what the path is in.

    `zip://folder/a.png::s3://bucket/a.zip` gives `zip://`, `folder/a.png` and `::s3://bucket/a.zip`.

    Raises:
        ValueError: it is no address.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{masked(address)!r} is no address")
    return match[1], match[2], match[3] or ""


def image_file(text: str) -> ImageFile:
    """Return the file that text names; a file of this machine that looks like an address begins with `./`."""
    return RemoteFile(text) if is_address(text) else Path(text)

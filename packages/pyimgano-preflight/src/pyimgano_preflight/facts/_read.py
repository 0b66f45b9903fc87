"""One file: opened once, its bytes read once, and everything that is asked for taken from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.errors import ImageError
from pyimgano_core.images import FULL_RANGE, require_eight_bit, require_full_range
from pyimgano_preflight.facts._bytes import FileBytes, UnusableFileError, open_regular
from pyimgano_preflight.facts._contract import (
    Depth,
    FileError,
    FileFacts,
    FileRole,
    HeaderFacts,
    MaskFacts,
    PixelFacts,
)
from pyimgano_preflight.facts._decode import decode_image, decode_mask, decode_small, require_finite
from pyimgano_preflight.facts._header import read_header, truncated
from pyimgano_preflight.facts._png import broken_checksum

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray

_DEEP_BITS = 16


def read_facts(
    path: str,
    role: FileRole,
    depth: Depth,
    sixteen_bit_range: tuple[int, int] = FULL_RANGE,
    earlier: FileFacts | None = None,
) -> FileFacts:
    """Return what is known of the file at `path`; what is wrong with it is in the facts, never raised.

    Args:
        path: the file.
        role: masks are decoded from `standard` on, images in `deep` only.
        depth: how far to look.
        sixteen_bit_range: the 16-bit values that count as black and white.
        earlier: what such a look found at another time; it still holds where the SHA-256 is the same.
    """
    look = _Look(
        path=Path(path), role=role, depth=depth, sixteen_bit_range=sixteen_bit_range, earlier=earlier
    )
    try:
        with open_regular(path) as file:
            error = look.collect(file)
            return look.facts(path, file, error)
    except UnusableFileError as unusable:
        return FileFacts(path=path, error=unusable.error)


def read_picture(path: str, sixteen_bit_range: tuple[int, int] = FULL_RANGE) -> NDArray[np.int16] | None:
    """Return a small picture of an image, as `decode_small`, None where it can't be read any more.

    Args:
        path: the file.
        sixteen_bit_range: the 16-bit values that count as black and white.
    """
    try:
        with open_regular(path) as file:
            return decode_small(Path(path), file, sixteen_bit_range)
    except (ImageError, UnusableFileError):
        return None


def of_state(facts: FileFacts, state: os.stat_result) -> FileFacts:
    """Return facts as those of a file in this state."""
    inode = (state.st_dev, state.st_ino) if state.st_ino else None  # some file systems have none
    return evolve(facts, size=state.st_size, mtime_ns=state.st_mtime_ns, inode=inode)


@define
class _Look:
    """What has been found in one file so far."""

    path: Path
    role: FileRole
    depth: Depth
    sixteen_bit_range: tuple[int, int]
    earlier: FileFacts | None
    sha256: str | None = None
    header: HeaderFacts | None = None
    checksums_hold: bool | None = None
    pixels: PixelFacts | None = None
    mask: MaskFacts | None = None

    @property
    def known(self) -> FileFacts | None:
        """The earlier facts, once the bytes have turned out to be the same."""
        is_same = self.sha256 is not None and self.earlier is not None and self.earlier.sha256 == self.sha256
        return self.earlier if is_same else None

    def collect(self, file: FileBytes) -> FileError | None:
        """Take from the bytes what is asked for; return what ended it early."""
        try:
            if self.depth != "quick":
                file.hold()
                self.sha256 = file.sha256()
                if self.known is not None:
                    return None
            self._read_header(file)
            self._decode(file)
        except ImageError as error:
            return FileError(code=error.code, message=str(error).removeprefix(f"{error.path}: "))
        except MemoryError:
            message = "could not be decoded: there is not enough memory"
            return FileError(code="storage_error", message=message)
        return None

    def facts(self, path: str, file: FileBytes, error: FileError | None) -> FileFacts:
        """Return all that was found."""
        found = self.known or FileFacts(
            path=path,
            error=error,
            header=self.header,
            sha256=self.sha256,
            checksums_hold=self.checksums_hold,
            pixels=self.pixels,
            mask=self.mask,
        )
        return of_state(found, file.state)

    def _read_header(self, file: FileBytes) -> None:
        self.header = header = read_header(self.path, file)
        decides = self.role == "image" or self.depth == "quick"  # a mask is judged by core, in its words
        if header.is_complete is False and decides:
            raise truncated(self.path)
        if header.format == "PNG" and self.depth != "quick":
            broken = broken_checksum(file)
            self.checksums_hold = broken is None
            if broken is not None and decides:
                where = f"the checksum of its {broken[0]!r} chunk at byte {broken[1]} is wrong"
                message = f"is corrupt: {where}; copy it again from its source"
                raise ImageError("corrupt", self.path, message)
        if self.role == "image":
            if self.depth == "deep" and header.mode == "F":
                require_finite(self.path, file)
            self._require_brightness(header)

    def _require_brightness(self, header: HeaderFacts) -> None:
        """Refuse what training would refuse of a sound file."""
        is_deep = header.bits == _DEEP_BITS
        if not (is_deep and header.mode.startswith("I")):
            require_eight_bit(self.path, header.mode)
            if is_deep:
                require_full_range(self.path, self.sixteen_bit_range)

    def _decode(self, file: FileBytes) -> None:
        if self.header is None or self.depth == "quick":
            return
        if self.role == "mask":
            self.mask = decode_mask(self.path, file, self.header)
        elif self.depth == "deep":
            self.pixels = decode_image(self.path, file, self.sixteen_bit_range)

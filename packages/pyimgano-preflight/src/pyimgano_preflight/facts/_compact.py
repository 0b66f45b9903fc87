"""The facts of many files in some 80 bytes each: numbers in fixed places, and headers and errors once."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from attrs import evolve, fields

from pyimgano_preflight.facts._contract import FileError, FileFacts, HeaderFacts, MaskFacts, PixelFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

Part = Literal["known", "size", "mtime_ns", "inode", "error", "header", "sha256", "pixels", "mask"]

_PARTS: Final[tuple[Part, ...]] = (
    "size",
    "mtime_ns",
    "inode",
    "error",
    "header",
    "sha256",
    "pixels",
    "mask",
    "known",
)
_BITS = {part: 1 << place for place, part in enumerate(_PARTS)}
_SIZE, _MTIME, _INODE, _ERROR, _HEADER, _SHA256, _PIXELS, _MASK, _KNOWN = _BITS.values()
_CHECKED, _HOLDS = 1 << 9, 1 << 10  # checksums were looked at, and hold
_ROW = struct.Struct("<HqqQQii32sqi")
_COLUMNS = np.dtype({"names": ["flags"], "formats": ["<u2"], "itemsize": _ROW.size})
_NUMBERS = tuple(part.name for part in fields(PixelFacts) if part.type in {"float", float})
_TEXTS = tuple(part.name for part in fields(PixelFacts) if part.type in {"str", str})
_PIXEL_NUMBERS = struct.Struct(f"<{len(_NUMBERS)}d")
_HASH_LETTERS = 64
_TEXT_LENGTH = struct.Struct("<i")


class FactTable:
    """The facts of a fixed number of files; nothing is known of them at first."""

    def __init__(self, count: int) -> None:
        """Make room for `count` files."""
        self._rows = bytearray(count * _ROW.size)
        self._rest = bytearray()  # of pixels and masks
        self._codes: dict[FileError | HeaderFacts, int] = {}
        self._shared: list[FileError | HeaderFacts] = []
        self._unusual: dict[int, FileFacts] = {}

    def put(self, number: int, facts: FileFacts) -> None:
        """Keep the facts of a file, less its path."""
        try:
            row, rest = self._packed(facts)
        except (struct.error, ValueError):  # an inode beyond 64 bits, a hash that is none
            self._unusual[number] = facts
            row, rest = self._packed(FileFacts(path=""))
        self._rest += rest
        self._rows[number * _ROW.size : (number + 1) * _ROW.size] = row

    def get(self, number: int, path: str) -> FileFacts:
        """Return the facts of a file, which lies at `path`."""
        if number in self._unusual:
            return evolve(self._unusual[number], path=path)
        flags, size, mtime_ns, device, inode, error, header, sha256, start, length = _ROW.unpack_from(
            self._rows, number * _ROW.size
        )
        rest = self._rest[start : start + length]
        return FileFacts(
            path=path,
            size=size if flags & _SIZE else None,
            mtime_ns=mtime_ns if flags & _MTIME else None,
            inode=(device, inode) if flags & _INODE else None,
            error=self._shared[error] if flags & _ERROR else None,
            header=self._shared[header] if flags & _HEADER else None,
            sha256=sha256.hex() if flags & _SHA256 else None,
            checksums_hold=bool(flags & _HOLDS) if flags & _CHECKED else None,
            pixels=_unpacked_pixels(rest) if flags & _PIXELS else None,
            mask=_unpacked_mask(rest) if flags & _MASK else None,
        )

    def sha256(self, number: int) -> str | None:
        """Return the hash of a file alone."""
        if number in self._unusual:
            return self._unusual[number].sha256
        row = _ROW.unpack_from(self._rows, number * _ROW.size)
        return row[7].hex() if row[0] & _SHA256 else None

    def inode(self, number: int) -> tuple[int, int] | None:
        """Return the inode of a file alone."""
        if number in self._unusual:
            return self._unusual[number].inode
        flags, _, _, device, inode, *_ = _ROW.unpack_from(self._rows, number * _ROW.size)
        return (device, inode) if flags & _INODE else None

    def has(self, part: Part) -> NDArray[np.bool_]:
        """Return of which files some part of the facts is known, (N,)."""
        flags = np.frombuffer(self._rows, _COLUMNS)["flags"]
        found: NDArray[np.bool_] = (flags & _BITS[part]) != 0
        for number, facts in self._unusual.items():
            found[number] = part == "known" or getattr(facts, part) is not None
        return found

    def _packed(self, facts: FileFacts) -> tuple[bytes, bytes]:
        """Return the row of a file, and what does not fit into one.

        Raises:
            ValueError: there is something that is not usual.
            struct.error: a number is too large.
        """
        flags = _KNOWN
        for part in _PARTS[:-1]:
            if getattr(facts, part) is not None:
                flags |= _BITS[part]
        if facts.checksums_hold is not None:
            flags |= _CHECKED | _HOLDS * facts.checksums_hold
        if flags & _PIXELS and flags & _MASK:
            raise ValueError("both the pixels of an image and those of a mask are known")
        if facts.sha256 is not None and len(facts.sha256) != _HASH_LETTERS:
            raise ValueError("the hash is no SHA-256")
        rest = b""
        if facts.pixels is not None:
            rest = _packed_pixels(facts.pixels)
        elif facts.mask is not None:
            rest = _packed_mask(facts.mask)
        device, inode = facts.inode or (0, 0)
        row = _ROW.pack(
            flags,
            facts.size or 0,
            facts.mtime_ns or 0,
            device,
            inode,
            self._code(facts.error),
            self._code(facts.header),
            bytes.fromhex(facts.sha256 or ""),
            len(self._rest),
            len(rest),
        )
        return row, rest

    def _code(self, part: FileError | HeaderFacts | None) -> int:
        if part is None:
            return 0
        code = self._codes.setdefault(part, len(self._shared))
        if code == len(self._shared):
            self._shared.append(part)
        return code


def _packed_pixels(pixels: PixelFacts) -> bytes:
    texts = [bytes.fromhex(getattr(pixels, name)) for name in _TEXTS]
    numbers = _PIXEL_NUMBERS.pack(*(getattr(pixels, name) for name in _NUMBERS))
    return numbers + b"".join(_TEXT_LENGTH.pack(len(text)) + text for text in texts)


def _unpacked_pixels(rest: bytearray) -> PixelFacts:
    values = dict(zip(_NUMBERS, _PIXEL_NUMBERS.unpack_from(rest), strict=True))
    place = _PIXEL_NUMBERS.size
    for name in _TEXTS:
        start = place + _TEXT_LENGTH.size
        place = start + _TEXT_LENGTH.unpack_from(rest, place)[0]
        values[name] = rest[start:place].hex()
    return PixelFacts(**values)


def _packed_mask(mask: MaskFacts) -> bytes:
    numbers = (mask.marked, mask.pixels, mask.height, mask.width, mask.value_count, *mask.values)
    return struct.pack(f"<{len(numbers)}q", *numbers)


def _unpacked_mask(rest: bytearray) -> MaskFacts:
    numbers = struct.unpack(f"<{len(rest) // 8}q", rest)
    marked, pixels, height, width, value_count, *values = numbers
    return MaskFacts(
        marked=marked,
        pixels=pixels,
        height=height,
        width=width,
        values=tuple(values),
        value_count=value_count,
    )

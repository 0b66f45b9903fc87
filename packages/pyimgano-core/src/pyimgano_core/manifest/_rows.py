"""Records in little memory: numbers in fixed places, repeated names once, and the rest in one run of bytes.

A record as an object takes 1 to 2 KB; as a row, some 70 bytes. What a data set repeats is kept once: names of
categories, groups and defects, and the folders of files.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Sample, Split
from pyimgano_core.manifest._paths import Places, cut_path

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SPLITS: Final[tuple[Split | None, ...]] = (None, "train", "val", "test")
_SPLIT_CODES = {split: code for code, split in enumerate(SPLITS)}
NO_NAME = -1
# The flags of a row; the lowest two bits are the split's code.
SPLIT_BITS = 3
IS_ANOMALOUS = 4
_LABELLED = 8
_IMAGE_BELOW_ROOT = 16
_MASK_BELOW_ROOT = 32
# A row is read with what stands before it, which is where the texts of the row before end.
_FIELDS = "iiiiiiBq"
_ROW = struct.Struct(f"<{_FIELDS}")
_READ = struct.Struct(f"<q{_FIELDS}")
_BEGINNING = bytes(_READ.size - _ROW.size)
_COLUMNS = np.dtype(
    [
        ("line", "<i4"),
        ("category", "<i4"),
        ("group", "<i4"),
        ("defect", "<i4"),
        ("image_folder", "<i4"),
        ("mask_folder", "<i4"),
        ("flags", "u1"),
        ("end", "<i8"),
    ]
)
_ENCODING = ("utf-8", "surrogatepass")  # a file's name need not be UTF-8


class Rows:
    """The records of a data set, to be added one by one, and given back as samples."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        """Begin a data set without records.

        Args:
            folder: where relative paths start from, absolute.
            root: where files are looked for that are not found from `folder`, absolute.
        """
        self.names: list[str] = []
        self._codes: dict[str | None, int] = {None: NO_NAME}
        self._rows = bytearray(_BEGINNING)
        self._texts = bytearray()
        self._unusual: dict[int, dict[str, Any]] = {}  # meta that orjson can't write
        self._places = Places(folder, root)

    def __len__(self) -> int:
        """Return the number of records."""
        return (len(self._rows) - len(_BEGINNING)) // _ROW.size

    def add(self, record: Record) -> None:
        """Keep a record, with the folder that each of its files is found in."""
        flags = _SPLIT_CODES[record.split] | IS_ANOMALOUS * record.label | _LABELLED * record.labelled
        image_path, mask_path = record.image_path, record.mask_path
        folder, name = cut_path(image_path)
        mask_folder = None
        texts = self._texts
        texts += name.encode(*_ENCODING)
        places = self._places
        if places.has_root:
            flags |= _IMAGE_BELOW_ROOT * places.is_below_root(image_path)
        if mask_path is not None:
            mask_folder, name = cut_path(mask_path)
            texts += b"\0" + name.encode(*_ENCODING)
            if places.has_root:
                flags |= _MASK_BELOW_ROOT * places.is_below_root(mask_path)
        if meta := self._meta(record.meta):
            texts += b"\0\0" if mask_path is None else b"\0"
            texts += meta
        self._rows += _ROW.pack(
            record.line,
            self._code(record.category),
            self._code(record.group_id),
            self._code(record.defect),
            self._code(folder),
            self._code(mask_folder),
            flags,
            len(texts),
        )

    def sample(self, row: int) -> Sample:
        """Return one record with its files, equal to what was added."""
        begin, line, category, group, defect, image_folder, mask_folder, flags, end = self._read(row)
        names = self.names
        texts = self._texts[begin:end].decode(*_ENCODING).split("\0", 2)
        folder, name = names[image_folder], texts[0]
        mask_path = mask_file = None
        if mask_folder != NO_NAME:
            mask_path = names[mask_folder] + texts[1]
            below = bool(flags & _MASK_BELOW_ROOT)
            mask_file = self._places.file(names[mask_folder], texts[1], below_root=below)
        record = Record(
            image_path=folder + name,
            category=names[category],
            split=SPLITS[flags & SPLIT_BITS],
            label=ANOMALOUS if flags & IS_ANOMALOUS else NORMAL,
            labelled=bool(flags & _LABELLED),
            mask_path=mask_path,
            group_id=None if group == NO_NAME else names[group],
            defect=None if defect == NO_NAME else names[defect],
            meta=orjson.loads(texts[2]) if len(texts) > 2 else self._unusual.get(row, {}),  # noqa: PLR2004
            line=line,
        )
        image_file = self._places.file(folder, name, below_root=bool(flags & _IMAGE_BELOW_ROOT))
        return Sample(record=record, image=image_file, mask=mask_file)

    def image_file(self, row: int) -> str:
        """Return where the image of a record lies, without making a sample of it."""
        begin, _, _, _, _, folder, _, flags, end = self._read(row)
        name = self._texts[begin:end].decode(*_ENCODING).partition("\0")[0]
        return self._places.file(self.names[folder], name, below_root=bool(flags & _IMAGE_BELOW_ROOT))

    def mask_file(self, row: int) -> str | None:
        """Return where the mask of a record lies, None where it has none."""
        begin, _, _, _, _, _, folder, flags, end = self._read(row)
        if folder == NO_NAME:
            return None
        name = self._texts[begin:end].decode(*_ENCODING).split("\0", 2)[1]
        return self._places.file(self.names[folder], name, below_root=bool(flags & _MASK_BELOW_ROOT))

    def columns(self) -> NDArray[np.void]:
        """Return the numbers of all rows as a structured array (N,); no record can be added after that."""
        return np.frombuffer(self._rows, _COLUMNS, offset=len(_BEGINNING))

    def _read(self, row: int) -> tuple[int, ...]:
        return _READ.unpack_from(self._rows, row * _ROW.size)

    def _meta(self, meta: dict[str, Any]) -> bytes:
        try:
            return orjson.dumps(meta) if meta else b""
        except orjson.JSONEncodeError:  # integers beyond 64 bits, text that is not UTF-8
            self._unusual[len(self)] = meta
            return b""

    def _code(self, name: str | None) -> int:
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = len(self.names)
            self.names.append(name or "")
        return code

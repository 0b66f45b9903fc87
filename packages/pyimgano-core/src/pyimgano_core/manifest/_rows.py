"""Records in little memory: numbers in fixed places, what repeats once, and the rest in one run of bytes.

A record as an object takes 1 to 2 KB; as a row, 16 bytes and the names of its files. What a data set repeats
is kept once: what records have in common, the names of groups, and the folders of files.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import orjson
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.record import ANOMALOUS, Record, Sample, Split
from pyimgano_core.manifest._lines import Lines
from pyimgano_core.manifest._paths import Places, cut_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.manifest._plain import Plain, Sort

SPLITS: Final[tuple[Split | None, ...]] = (None, "train", "val", "test")
_SPLIT_CODES = {split: code for code, split in enumerate(SPLITS)}
NO_NAME = -1
_IMAGE_BELOW_ROOT = 1
_MASK_BELOW_ROOT = 2
# A row is the places of its group, image folder and kind, and where its texts end. It is read with what
# stands before it, which is where its texts begin.
_ROW = struct.Struct("<iiiI")
_READ = struct.Struct("<IiiiI")
_BEGINNING = bytes(_READ.size - _ROW.size)
_COLUMNS = np.dtype([("group", "<i4"), ("folder", "<i4"), ("kind", "<i4"), ("end", "<u4")])
_REACH = 1 << 32  # ends are counted anew from here
_MOST_SHARED_META = 4096
_ENCODING = ("utf-8", "surrogatepass")  # a file's name need not be UTF-8
# What many rows have in common: the sort, the mask's folder if any, which files lie below the root, and meta.
_Kind = tuple["Sort", str | None, int, bytes]


@define(frozen=True, kw_only=True, eq=False)
class KindColumns:
    """What the rows of each kind have in common."""

    category: NDArray[np.int32]  # (K,), places in the names
    split: NDArray[np.uint8]  # (K,), places in `SPLITS`
    anomalous: NDArray[np.bool_]  # (K,)
    masked: NDArray[np.bool_]  # (K,)


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
        self._kinds: dict[_Kind, int] = {}
        self._kind_at: list[_Kind] = []
        self._rows = bytearray(_BEGINNING)
        self._texts = bytearray()
        self._reached: list[int] = []  # the rows in whose texts ends are counted anew
        self._lines = Lines()
        self._unusual: dict[int, dict[str, Any]] = {}  # meta that orjson can't write
        self._places = Places(folder, root)

    def __len__(self) -> int:
        """Return the number of records."""
        return (len(self._rows) - len(_BEGINNING)) // _ROW.size

    def add(self, record: Record) -> None:
        """Keep a record, with the folder that each of its files is found in."""
        sort = (record.category, record.split, record.label, record.labelled, record.defect)
        self.add_plain((record.image_path, sort, record.mask_path, record.group_id, record.meta), record.line)

    def add_plain(self, plain: Plain, line: int) -> None:
        """Keep what a record would hold."""
        image_path, sort, mask_path, group, meta = plain
        cut = image_path.rfind("/") + 1
        texts = self._texts
        texts += image_path[cut:].encode("utf-8", "surrogatepass")
        mask_folder = None
        if mask_path is not None:
            mask_folder, name = cut_path(mask_path)
            texts += b"\0" + name.encode(*_ENCODING)
        below = self._below_root(image_path, mask_path) if self._places.has_root else 0
        kind = (sort, mask_folder, below, self._meta(meta) if meta else b"")
        kind_code = self._kinds.get(kind)
        if kind_code is None:
            kind_code = self._new_kind(*kind)
        if line != self._lines.next:
            self._lines.jump(len(self), line)
        self._lines.next += line > 0
        end = len(texts)
        if end >= _REACH * (len(self._reached) + 1):
            self._reached.append(len(self))
        codes = self._codes
        folder = image_path[:cut]
        group_code = codes[group] if group in codes else self._new_name(group)
        folder_code = codes[folder] if folder in codes else self._new_name(folder)
        self._rows += _ROW.pack(group_code, folder_code, kind_code, end % _REACH)

    def sample(self, row: int) -> Sample:
        """Return one record with its files, equal to what was added."""
        group, image_folder, kind, all_texts = self._read(row)
        (category, split, label, labelled, defect), mask_folder, below, meta = self._kind_at[kind]
        texts = all_texts.split("\0", 2)
        folder = self.names[image_folder]
        if not meta and len(texts) > 2:  # noqa: PLR2004
            meta = texts[2].encode()
        mask_path = mask_file = None
        if mask_folder is not None:
            mask_path = mask_folder + texts[1]
            mask_file = self._mask_file(mask_folder, texts[1], below)
        record = Record(
            image_path=folder + texts[0],
            category=category,
            split=split,
            label=label,
            labelled=labelled,
            mask_path=mask_path,
            group_id=None if group == NO_NAME else self.names[group],
            defect=defect,
            meta=orjson.loads(meta) if meta else self._unusual.get(row, {}),
            line=self._lines.at(row),
        )
        return Sample(record=record, image=self._image_file(folder, texts[0], below), mask=mask_file)

    def image_file(self, row: int) -> str:
        """Return where the image of a record lies, without making a sample of it."""
        _, folder, kind, texts = self._read(row)
        return self._image_file(self.names[folder], texts.partition("\0")[0], self._kind_at[kind][2])

    def named_images(self, rows: Iterable[int]) -> Iterator[tuple[str, str]]:
        """Yield the category and the `image_file` of many rows, in half the time."""
        read, table, texts, names = _READ.unpack_from, self._rows, self._texts, self.names
        kinds, size, file = self._kind_at, _ROW.size, self._places.file
        for row in rows:
            begin, _, folder, kind_code, end = read(table, row * size)
            kind = kinds[kind_code]
            name = texts[begin:end].decode("utf-8", "surrogatepass").partition("\0")[0]
            yield kind[0][0], file(names[folder], name, below_root=bool(kind[2] & _IMAGE_BELOW_ROOT))

    def mask_file(self, row: int) -> str | None:
        """Return where the mask of a record lies, None where it has none."""
        _, _, kind, texts = self._read(row)
        _, folder, below, _ = self._kind_at[kind]
        return None if folder is None else self._mask_file(folder, texts.split("\0", 2)[1], below)

    def column(self, name: Literal["group", "kind"]) -> NDArray[np.int32]:
        """Return a number of all rows (N,); no record can be added after that."""
        found: NDArray[np.int32] = np.frombuffer(self._rows, _COLUMNS, offset=len(_BEGINNING))[name]
        return found

    def lines(self, rows: NDArray[np.int32] | None) -> NDArray[np.int32]:
        """Return the lines of some rows (N,), or of all."""
        return self._lines.of(np.arange(len(self), dtype=np.int32) if rows is None else rows)

    def kind_columns(self) -> KindColumns:
        """Return what the rows of each kind have in common."""
        sorts = [sort for sort, *_ in self._kind_at]
        return KindColumns(
            category=np.array([self._codes[category] for category, *_ in sorts], np.int32),
            split=np.array([_SPLIT_CODES[split] for _, split, *_ in sorts], np.uint8),
            anomalous=np.array([label == ANOMALOUS for _, _, label, *_ in sorts], np.bool_),
            masked=np.array([folder is not None for _, folder, *_ in self._kind_at], np.bool_),
        )

    def _read(self, row: int) -> tuple[int, int, int, str]:
        """Return the places of a row's group, image folder and kind, and its texts."""
        begin, group, folder, kind, end = _READ.unpack_from(self._rows, row * _ROW.size)
        if self._reached:
            begin += _REACH * bisect_left(self._reached, row)
            end += _REACH * bisect_right(self._reached, row)
        return group, folder, kind, self._texts[begin:end].decode(*_ENCODING)

    def _image_file(self, folder: str, name: str, below: int) -> str:
        return self._places.file(folder, name, below_root=bool(below & _IMAGE_BELOW_ROOT))

    def _mask_file(self, folder: str, name: str, below: int) -> str:
        return self._places.file(folder, name, below_root=bool(below & _MASK_BELOW_ROOT))

    def _below_root(self, image_path: str, mask_path: str | None) -> int:
        is_below = self._places.is_below_root
        below = _IMAGE_BELOW_ROOT * is_below(image_path)
        return below if mask_path is None else below | _MASK_BELOW_ROOT * is_below(mask_path)

    def _meta(self, meta: dict[str, Any]) -> bytes:
        try:
            return orjson.dumps(meta)
        except orjson.JSONEncodeError:  # integers beyond 64 bits, text that is not UTF-8
            self._unusual[len(self)] = meta
            return b""

    def _new_kind(self, sort: Sort, mask_folder: str | None, below: int, meta: bytes) -> int:
        """Return the place of a kind that is new; meta that hardly repeats goes into the texts instead."""
        if meta and len(self._kinds) >= _MOST_SHARED_META:
            self._texts += (b"\0\0" if mask_folder is None else b"\0") + meta
            meta = b""
        if sort[0] not in self._codes:
            self._new_name(sort[0])
        kind = (sort, mask_folder, below, meta)
        code = self._kinds.setdefault(kind, len(self._kind_at))
        if code == len(self._kind_at):
            self._kind_at.append(kind)
        return code

    def _new_name(self, name: str | None) -> int:
        code = self._codes[name] = len(self.names)
        self.names.append(name or "")
        return code

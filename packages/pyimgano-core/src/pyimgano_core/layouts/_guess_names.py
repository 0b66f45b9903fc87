"""What a folder's name says of the images in it, however people write it: `NOK`, `n.i.O.`, `OK Teile`."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.record import Split

# Lower case, letters and digits alone; the reference page on manifests lists them.
NORMAL_NAMES = frozenset(
    {"good", "normal", "ok", "pass", "passed", "accepted", "defectfree", "nodefect", "nodefects"}
    | {"gut", "inordnung", "io", "fehlerfrei"}
    | {"良品", "合格", "正常"}
)
ANOMALOUS_NAMES = frozenset(
    {"abnormal", "anomalies", "anomalous", "anomaly", "bad", "damaged", "defect", "defective", "defects"}
    | {"fail", "failed", "faulty", "ko", "ng", "nogood", "nok", "notgood", "notok", "reject", "rejected"}
    | {"rejects", "scrap"}
    | {"ausschuss", "defekt", "fehler", "nichtinordnung", "nichtio", "nichtok", "nio", "schlecht"}
    | {"不良", "不良品", "不合格", "异常", "異常", "缺陷", "欠陥"}
)
MASK_NAMES = frozenset({"groundtruth", "gt", "mask", "maske", "masken", "masks"})
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_NEVER_NUMBERED = frozenset({"io", "ko", "ng", "pass"})  # with a number, these are parts or passes
_VAGUE_MASKS = frozenset({"gt"})  # or a product
_NEGATIONS = frozenset({"free", "no", "non", "not", "without", "frei", "keine", "nicht", "ohne"})
# What may stand before or behind good and bad, and says nothing: OK-Teile, good_images, NOK_2024.
_EMPTY_WORDS = "images?|imgs?|parts?|photos?|pictures?|pieces?|samples?|bild(?:er)?|fotos?|teile?"
_EMPTY = re.compile(f"^(?:{_EMPTY_WORDS})+|(?:{_EMPTY_WORDS})+$")
_NUMBERED = re.compile(rf"^(?:\d|{_EMPTY_WORDS})+|(?:\d|{_EMPTY_WORDS})+$")
_NO_LETTERS = re.compile(r"[\W_]+")


def says_normal(name: str) -> bool:
    """Return whether a folder of this name holds normal images."""
    return _says(name, NORMAL_NAMES)


def says_anomalous(name: str) -> bool:
    """Return whether a folder of this name holds anomalous images."""
    return _says(name, ANOMALOUS_NAMES)


def says_no_more_than_anomalous(name: str) -> bool:
    """Return whether a name says so and nothing of the defect: `defect 1` and `defect 2` are two."""
    return _EMPTY.sub("", _squeezed(name)) in ANOMALOUS_NAMES


def says_masks(name: str, *, among_kinds: bool) -> bool:
    """Return whether a folder of this name holds masks.

    Args:
        name: of the folder.
        among_kinds: whether it lies in a split or a kind, or beside one: elsewhere a vague name says nothing.
    """
    squeezed = _squeezed(name)
    return squeezed in MASK_NAMES and (among_kinds or squeezed not in _VAGUE_MASKS)


def split_said(name: str, neighbours: Iterable[str]) -> Split | None:
    """Return the split that a folder of this name holds; `valid` beside `invalid` is none."""
    squeezed = _squeezed(name)
    if squeezed == "valid" and "invalid" in map(_squeezed, neighbours):
        return None
    return SPLIT_NAMES.get(squeezed)


def mentions_anomalous(name: str) -> bool:
    """Return whether a word of the name is one for anomalous images, whatever else it says: `Ausschuss A`."""
    words = set(_NO_LETTERS.split(_plain(name)))
    return not words.isdisjoint(ANOMALOUS_NAMES) and words.isdisjoint(_NEGATIONS)


def _says(name: str, names: frozenset[str]) -> bool:
    squeezed = _squeezed(name)
    return _EMPTY.sub("", squeezed) in names or _NUMBERED.sub("", squeezed) in names - _NEVER_NUMBERED


def _squeezed(name: str) -> str:
    return _NO_LETTERS.sub("", _plain(name))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

"""What a folder's name says of the images in it, however people write it: `NOK`, `n.i.O.`, `OK Teile`."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
_ALONE = frozenset({"pass"})  # with a number, it is one of several passes
# What may stand before or behind good and bad, and says nothing: OK-Teile, good_images, NG_2024.
_EMPTY_WORDS = r"(?:\d|images?|imgs?|parts?|photos?|pictures?|pieces?|samples?|bild(?:er)?|fotos?|teile?)+"
_EMPTY = re.compile(f"^{_EMPTY_WORDS}|{_EMPTY_WORDS}$")
_NO_LETTERS = re.compile(r"[\W_]+")


def says_normal(name: str) -> bool:
    """Return whether a folder of this name holds normal images."""
    return _squeezed(name) in NORMAL_NAMES or _kind(name) in NORMAL_NAMES - _ALONE


def says_anomalous(name: str) -> bool:
    """Return whether a folder of this name holds anomalous images, without saying which defect."""
    return _kind(name) in ANOMALOUS_NAMES


def says_masks(name: str) -> bool:
    """Return whether a folder of this name holds masks."""
    return _squeezed(name) in MASK_NAMES


def split_said(name: str) -> Split | None:
    """Return the split that a folder of this name holds."""
    return SPLIT_NAMES.get(_squeezed(name))


def mentions_anomalous(name: str) -> bool:
    """Return whether a word of the name is one for anomalous images, whatever else it says: `Ausschuss A`."""
    words = [word for word in _NO_LETTERS.split(_plain(name)) if word]
    return any(word in ANOMALOUS_NAMES for word in words)


def _kind(name: str) -> str:
    squeezed = _squeezed(name)
    return _EMPTY.sub("", squeezed) or squeezed


def _squeezed(name: str) -> str:
    return _NO_LETTERS.sub("", _plain(name))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

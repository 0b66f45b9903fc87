"""Which layout is read how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError
from pyimgano_core.layouts._category import Dialect
from pyimgano_core.layouts._result import LayoutRecords, root_missing
from pyimgano_core.layouts._tree import read_tree
from pyimgano_core.layouts._visa import read_visa

if TYPE_CHECKING:
    from pathlib import Path

_MVTEC = Dialect(name="mvtec", normal=frozenset({"good"}))
_BTAD = Dialect(name="btad", normal=frozenset({"ok"}), anomalous=frozenset({"ko"}))
_CUSTOM = Dialect(
    name="custom",
    normal=frozenset({"good", "ok", "normal"}),
    anomalous=frozenset({"anomaly", "anomalous", "bad", "ko", "defect"}),
    single=True,
)
_DIALECTS = {dialect.name: dialect for dialect in (_MVTEC, _BTAD, _CUSTOM)}
_VISA = "visa"

LAYOUT_NAMES = (*_DIALECTS, _VISA)


def build_records(name: str, root: Path) -> LayoutRecords:
    """Return the records of a data set that lies in folders.

    Args:
        name: `mvtec`, `visa`, `btad` or `custom`.
        root: the data set's folder.

    Returns:
        Records whose paths are relative to `root`, in the same order on every machine, and all issues.

    Raises:
        UsageError: there is no such layout.
        MachineError: a folder can't be listed.
    """
    if name not in LAYOUT_NAMES:
        raise UsageError(f"layout {name!r} is none of {', '.join(LAYOUT_NAMES)}")
    if not root.is_dir():
        return LayoutRecords(issues=(root_missing(root),))
    return read_visa(root) if name == _VISA else read_tree(root, _DIALECTS[name])

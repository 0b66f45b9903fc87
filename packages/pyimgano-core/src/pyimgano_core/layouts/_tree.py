"""The layout of MVTec AD and its relatives: a folder of categories, each with its splits and masks."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pyimgano_core.images import is_hidden
from pyimgano_core.layouts._category import CategoryReader, is_category, list_folder
from pyimgano_core.layouts._result import LayoutRecords, not_used, wrong_structure

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.layouts._category import Dialect

_SINGLE_CATEGORY = "custom"


def read_tree(root: Path, dialect: Dialect, below: str = "") -> LayoutRecords:
    """Return the records of all categories.

    Args:
        root: the data set's folder, which exists; paths are relative to it.
        dialect: which names the folders have.
        below: the folder of `root` that holds the categories, where it is not `root` itself.
    """
    top = root / below
    if dialect.single and is_category(top):
        return _merged([CategoryReader(dialect, root, top, _SINGLE_CATEGORY)], ())
    folders, files = list_folder(top)
    categories = [name for name in folders if not is_hidden(name) and is_category(top / name)]
    others = sorted({*folders, *files} - set(categories))
    issues = [not_used(others, "not in a category's folder")] if others else []
    if not categories:
        issues.append(wrong_structure(dialect.name, _no_category(top, dialect)))
    readers = [CategoryReader(dialect, root, top / name, name) for name in categories]
    return _merged(readers, issues)


def _no_category(top: Path, dialect: Dialect) -> str:
    if is_category(top):
        return f"{top}: is one category; give the folder that holds the categories"
    normal = min(dialect.normal)
    return (
        f"{top}: holds no <category>/train/{normal}, as the layout {dialect.name!r} has it; "
        "pyimgano-core manifest guess makes a manifest of other folders"
    )


def _merged(readers: list[CategoryReader], issues: list[Issue] | tuple[()]) -> LayoutRecords:
    for reader in readers:
        reader.read()
    all_issues = (*issues, *chain.from_iterable(reader.issues for reader in readers))
    return LayoutRecords(
        records=tuple(chain.from_iterable(reader.records for reader in readers)),
        issues=all_issues,
        ignored=tuple(path for issue in all_issues if issue.code == "PF213" for path in issue.paths),
    )

"""Folder layouts: how data sets lie on disk, turned into manifest records; all that follows has one path.

`mvtec`, `visa`, `btad` and `custom` are read as they are; `demo` is drawn on the spot; `manifest` is read by
`pyimgano_core.manifest`. What other folders hold is guessed from their names.
"""

from pyimgano_core.layouts._build import LAYOUT_NAMES, build_records
from pyimgano_core.layouts._guess import GuessedRecords, guess_records
from pyimgano_core.layouts._load import list_categories, load_dataset
from pyimgano_core.layouts._result import LayoutRecords
from pyimgano_core.layouts.demo import demo_root, write_demo

__all__ = [
    # Layouts to records
    "LAYOUT_NAMES",
    "LayoutRecords",
    "build_records",
    # Other folders to records
    "GuessedRecords",
    "guess_records",
    # The built-in data set
    "demo_root",
    "write_demo",
    # What a config names
    "list_categories",
    "load_dataset",
]

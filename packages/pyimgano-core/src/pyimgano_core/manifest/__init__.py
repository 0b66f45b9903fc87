"""Manifests: one JSON object per line and image, read without stopping at a fault, and written whole.

Every kind of data set becomes manifest records first; all that follows has one code path.
"""

from pyimgano_core.manifest._issues import locate_issues
from pyimgano_core.manifest._numbers import KeyNumbers, find_repeated
from pyimgano_core.manifest._paths import resolve
from pyimgano_core.manifest._reader import load_manifest, read_manifest
from pyimgano_core.manifest._relocation import path_from, relocated
from pyimgano_core.manifest._rows import SPLITS, Rows
from pyimgano_core.manifest._slugs import category_slug, is_safe_category
from pyimgano_core.manifest._table import (
    Columns,
    SampleTable,
    categories_of,
    columns_of,
    image_file,
    lines_of,
    mask_file,
    named_images,
    take,
)
from pyimgano_core.manifest._writer import write_manifest

__all__ = [
    # reading
    "load_manifest",
    "locate_issues",
    "read_manifest",
    "resolve",
    # many samples in little memory
    "SPLITS",
    "Columns",
    "KeyNumbers",
    "Rows",
    "SampleTable",
    "categories_of",
    "columns_of",
    "find_repeated",
    "image_file",
    "lines_of",
    "mask_file",
    "named_images",
    "take",
    # writing
    "path_from",
    "relocated",
    "write_manifest",
    # names in paths
    "category_slug",
    "is_safe_category",
]

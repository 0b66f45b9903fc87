"""Numbers that others published: shown beside own ones where they are asked for, never mixed in or ranked."""

from pyimgano_bench.references._published import Published, Reference, find_published
from pyimgano_bench.references._tables import TITLE, WARNING, category_table, mean_table

__all__ = [
    # what there is
    "Published",
    "Reference",
    "find_published",
    # as tables
    "TITLE",
    "WARNING",
    "category_table",
    "mean_table",
]

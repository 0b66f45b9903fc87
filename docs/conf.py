"""The documentation's site: `uv run --group docs sphinx-build -W docs site`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pyimgano"
author = "the pyimgano developers"
copyright = "the pyimgano developers"  # noqa: A001 - Sphinx names it so
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "generated",
    "mathml",
]
exclude_patterns = ["_build", "plug-in"]
smartquotes = False  # two hyphens and straight quotes are what one types
html_theme = "furo"
html_title = "pyimgano"
html_show_sphinx = False
html_copy_source = False
html_math_renderer = "mathml"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False

copybutton_exclude = ".linenos, .gp, .go"

linkcheck_ignore = [r"https://doi\.org/"]  # made to last, and publishers refuse programs

"""Find what is wrong with an image data set before anyone trains on it.

`pyimgano_preflight.runner.run_preflight` gives the report; it loads numpy and Pillow, so it is not imported here.
"""

from pyimgano_preflight.rules import Rule, find_rule, load_rules

__all__ = [
    # what is checked
    "Rule",
    "find_rule",
    "load_rules",
]

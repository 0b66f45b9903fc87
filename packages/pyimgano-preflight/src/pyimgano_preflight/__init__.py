"""Find what is wrong with an image data set before anyone trains on it.

The report comes from `pyimgano_preflight.runner.run_preflight`, which loads numpy and Pillow.
"""

from pyimgano_preflight.rules import Rule, find_rule, load_rules

__all__ = [
    # what is checked
    "Rule",
    "find_rule",
    "load_rules",
]

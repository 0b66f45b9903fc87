"""The options that all commands of studies have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_bench.options import limit_option, output_option, suite_options
from pyimgano_core.cli.app import json_option

if TYPE_CHECKING:
    from collections.abc import Callable


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is run, where results go, and in which form they are printed."""
    return suite_options(limit_option(output_option(json_option(command))))

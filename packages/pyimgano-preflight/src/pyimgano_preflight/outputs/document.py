"""The report as one JSON document, with keys in order: equal data gives equal bytes, apart from `times`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.artifacts import to_json

if TYPE_CHECKING:
    from pyimgano_core.contracts.preflight import PreflightReport


def render_json(report: PreflightReport) -> str:
    """Return `{"preflight": …}`, indented."""
    return to_json({"preflight": report}, indent=2, sort_keys=True)

"""The report as one JSON document, with keys in order: equal data gives equal bytes, apart from `times`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.structuring import unstructure

if TYPE_CHECKING:
    from pyimgano_core.contracts.preflight import PreflightReport


def render_json(report: PreflightReport) -> str:
    """Return `{"preflight": …}`, indented."""
    return to_json({"preflight": in_order(unstructure(report))}, indent=2)


def in_order(value: Any) -> Any:
    """Return a JSON value with the keys of all its objects sorted."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list | tuple) else value

"""Which versions a graph needs, and which of them are not installed."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from pyimgano_core.environment import installed_version, onnxruntime_distributions
from pyimgano_core.scoring._onnx import VERSION
from pyimgano_core.scoring._trust import graph_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONNXRUNTIME = "onnxruntime"
# No config makes us advise to install others.
_PACKAGES = ("pyimgano-core", "pyimgano-infer", _ONNXRUNTIME, "openvino")
_VERSION = re.compile(r"(\d+(?:\.\d+)*)[0-9A-Za-z.+-]*")
# What the lowest supported runtime reads (https://onnxruntime.ai/docs/reference/compatibility.html).
_LOWEST_RUNTIME, _ITS_FORMAT, _ITS_OPERATORS = "1.22", 10, 22
_LOWEST_CORE = "0.1.0"


def lowest_versions(model: bytes) -> dict[str, str]:
    """Return the lowest versions, by distribution, that read a graph and give its scores.

    Args:
        model: an ONNX file of our own making.
    """
    form, operators = graph_versions(model)
    is_read = form <= _ITS_FORMAT and operators <= _ITS_OPERATORS
    return {
        "pyimgano-core": _LOWEST_CORE,
        _ONNXRUNTIME: _LOWEST_RUNTIME if is_read else VERSION,
    }


def version_problems(lowest: Mapping[str, str]) -> list[str]:
    """Return which installed packages are older than asked for, and the command that mends it.

    Args:
        lowest: versions by distribution; any distribution of onnxruntime counts as `onnxruntime`.
    """
    found = (_problem(name, needed) for name, needed in lowest.items())
    return [problem for problem in found if problem is not None]


def _problem(name: str, needed: str) -> str | None:
    if name not in _PACKAGES or _VERSION.fullmatch(needed) is None:
        return f"{name!r} {needed!r} is asked for, which this version knows nothing of; update pyimgano-infer"
    is_runtime = name == _ONNXRUNTIME
    found = VERSION if is_runtime else installed_version(name)
    if found is not None and not _is_older(found, needed):
        return None
    package = next(iter(onnxruntime_distributions()), name) if is_runtime else name
    state = "is not installed" if found is None else f"{found} is installed"
    return f"{package} {state}, {needed} or later is needed: pip install --upgrade '{package}>={needed}'"


def _is_older(found: str, needed: str) -> bool:
    pairs = zip_longest(_numbers(found), _numbers(needed), fillvalue=0)
    return next((have < want for have, want in pairs if have != want), False)


def _numbers(text: str) -> list[int]:
    """Return the leading numbers of a version; what follows, such as `rc1` or `+cpu`, is not compared."""
    match = _VERSION.match(text)
    return [int(part) for part in match[1].split(".")] if match else []

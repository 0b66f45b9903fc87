"""The suites that come with the package, by name: TOML files in its folder `suites`."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from pyimgano_bench.suite import load_suite
from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pyimgano_bench.suite import Suite

_SUFFIX = ".toml"


def shipped_names() -> tuple[str, ...]:
    """Return the names of all shipped suites, sorted."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _folder().iterdir() if _is_suite(path)))


def load_shipped(name: str) -> Suite:
    """Return a shipped suite.

    Raises:
        UsageError: there is none of that name.
    """
    names = shipped_names()
    if name not in names:
        raise UsageError(f"--suite {name!r}: {unknown('suite', name, list(names))}")
    with as_file(_folder() / f"{name}{_SUFFIX}") as path:
        return load_suite(path)


def _folder() -> Traversable:
    return files("pyimgano_bench") / "suites"


def _is_suite(path: Traversable) -> bool:
    return path.name.endswith(_SUFFIX)

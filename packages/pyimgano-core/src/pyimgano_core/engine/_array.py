"""Which shard a job of an array is to run, as SLURM and Kubernetes tell it.

Sources: https://slurm.schedmd.com/job_array.html and the indexed mode of
https://kubernetes.io/docs/concepts/workloads/controllers/job/. Kubernetes tells no count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INDEX_VARIABLES = ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX")
_COUNT_VARIABLES = ("SLURM_ARRAY_TASK_COUNT",)
_LAST_VARIABLE = "SLURM_ARRAY_TASK_MAX"


@define(frozen=True, kw_only=True)
class Shard:
    """One of `count` parts of the work, numbered from 0."""

    index: int = 0
    count: int = 1


def find_shard(index: int | None, count: int | None, environment: Mapping[str, str]) -> Shard:
    """Return a shard; what is None is what `environment` tells a job of an array.

    The index is taken as it is told: let the array begin with 0. Part of an array that is run again keeps its
    indices and has another count, so a script that may be run so gives the count itself.

    Raises:
        UsageError: the environment does not tell it, or there is no such shard, for this job or the last one.
    """
    count = _told(_COUNT_VARIABLES, environment, "count") if count is None else count
    if index is None:
        index = _told(_INDEX_VARIABLES, environment, "index")
        _require_last(count, environment)
    if not 0 <= index < count:
        raise UsageError(f"there is no shard {index} of {count}; the first one is 0")
    return Shard(index=index, count=count)


def _require_last(count: int, environment: Mapping[str, str]) -> None:
    """Refuse, in each of its jobs, an array of SLURM that goes further than the shards do."""
    last = environment.get(_LAST_VARIABLE, "")
    if last.isdecimal() and int(last) >= count:
        raise UsageError(
            f"the array goes up to {last}, and there is no shard {last} of {count}: let it be 0-{count - 1}, "
            "or give the shard and the number of all"
        )


def _told(names: Sequence[str], environment: Mapping[str, str], what: str) -> int:
    text = next((environment[name] for name in names if name in environment), "")
    if re.fullmatch(r"\d{1,9}", text, flags=re.ASCII) is None:
        found = f"holds {text!r}" if text else "is not set"
        raise UsageError(f"the {what} of the shard is not given, and {' or '.join(names)} {found}")
    return int(text)

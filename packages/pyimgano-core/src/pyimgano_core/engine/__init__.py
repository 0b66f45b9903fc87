"""Run work in parallel: a function over inputs on threads, or over shards in processes and on a cluster.

A shard that is done is a part file that is whole, so nothing here keeps a record of what was done: whoever
runs the same shards again has those skipped by the function itself.
"""

from pyimgano_core.engine._array import Shard, find_shard
from pyimgano_core.engine._contract import Engine, LocalEngine, RayEngine, ShardOutcome, choose_engine
from pyimgano_core.engine._quarantine import quarantine
from pyimgano_core.engine._shards import ShardError, run_shards
from pyimgano_core.engine._threads import default_workers, map_ordered, reading_workers

__all__ = [
    # inputs on threads
    "default_workers",
    "map_ordered",
    "reading_workers",
    # shards in processes and on a cluster
    "Engine",
    "LocalEngine",
    "RayEngine",
    "ShardError",
    "ShardOutcome",
    "choose_engine",
    "quarantine",
    "run_shards",
    # one shard of an array of jobs
    "Shard",
    "find_shard",
]

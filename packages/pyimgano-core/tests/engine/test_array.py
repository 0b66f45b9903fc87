import pytest

from pyimgano_core.engine import Shard, find_shard
from pyimgano_core.errors import UsageError

SLURM = {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"}
KUBERNETES = {"JOB_COMPLETION_INDEX": "7"}


@pytest.mark.parametrize(
    ("index", "count", "environment", "shard"),
    [
        (0, 1, {}, Shard()),
        (3, 9, SLURM, Shard(index=3, count=9)),
        (None, 9, SLURM, Shard(index=5, count=9)),
        (3, None, SLURM, Shard(index=3, count=8)),
        (None, None, SLURM, Shard(index=5, count=8)),
        (None, 8, KUBERNETES, Shard(index=7, count=8)),
    ],
)
def test_what_is_not_given_is_told_by_the_job(index, count, environment, shard):
    assert shard == find_shard(index, count, environment)


@pytest.mark.parametrize(
    ("index", "count", "environment", "words"),
    [
        (8, 8, {}, "no shard 8 of 8"),
        (0, 0, {}, "no shard 0 of 0"),
        (-1, 8, {}, "no shard -1"),
        (None, 5, SLURM, "no shard 5 of 5"),
        (None, 8, {}, "index .* SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX is not set"),
        (1, None, KUBERNETES, "count .* SLURM_ARRAY_TASK_COUNT is not set"),
        (None, 8, {"SLURM_ARRAY_TASK_ID": "first"}, "holds 'first'"),
        (None, 8, {"SLURM_ARRAY_TASK_ID": "\u0663"}, "holds"),
        (None, 8, {"SLURM_ARRAY_TASK_ID": "-1"}, "holds '-1'"),
    ],
)
def test_what_names_no_shard_is_refused(index, count, environment, words):
    with pytest.raises(UsageError, match=words):
        find_shard(index, count, environment)

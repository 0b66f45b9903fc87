import pytest

from pyimgano_core.engine import Shard, find_shard
from pyimgano_core.errors import UsageError

SLURM = {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"}


def array(number, numbers):
    """What SLURM tells a job of an array that has these numbers."""
    values = {"ID": number, "COUNT": len(numbers), "MIN": min(numbers), "MAX": max(numbers)}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


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


@pytest.mark.parametrize("number", [1, 5, 16])
@pytest.mark.parametrize("count", [None, 16])
def test_every_job_of_an_array_that_does_not_begin_with_0_is_refused(number, count):
    with pytest.raises(UsageError, match="no shard 16 of 16: let it be 0-15"):
        find_shard(None, count, array(number, range(1, 17)))


def test_an_array_with_gaps_is_refused_where_it_tells_the_count():
    with pytest.raises(UsageError, match="goes up to 4, and there is no shard 4 of 3"):
        find_shard(None, None, array(0, [0, 2, 4]))


def test_part_of_an_array_that_is_run_again_has_its_old_shard():
    assert Shard(index=3, count=16) == find_shard(None, 16, array(3, [3, 7]))


def test_a_shard_that_is_given_may_be_computed_from_any_array():
    assert Shard(index=15, count=16) == find_shard(15, None, array(16, range(1, 17)))

import click
import pytest
from click.testing import CliRunner

from pyimgano_bench.scale import Scale, read_scale, scale_options
from pyimgano_core.engine import LocalEngine, RayEngine, Shard, default_workers
from pyimgano_core.errors import UsageError


def scale_of(*arguments, environment=None):
    """Return what a command that has the options makes of its arguments."""
    found = []

    @click.command()
    @scale_options
    def command(**options):
        found.append(read_scale(options, environment or {}))

    CliRunner().invoke(command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False)
    return found[0]


def test_one_worker_with_the_threads_of_a_lone_command_is_the_default():
    assert Scale(engine=LocalEngine(workers=1, threads=None), shard=Shard()) == scale_of()


def test_several_workers_share_the_processors():
    engine = scale_of("--workers", 2).engine
    assert LocalEngine(workers=2, threads=max(1, default_workers() // 2)) == engine
    assert 1 == scale_of("--workers", 10_000).engine.threads


def test_no_worker_is_this_process():
    assert scale_of("--workers", 0).engine is None


def test_a_cluster_takes_as_many_as_it_can():
    ray = ("--engine", "ray", "--address", "auto")
    assert RayEngine(address="auto") == scale_of(*ray).engine
    assert RayEngine(address="auto", workers=3) == scale_of(*ray, "--workers", 3).engine


@pytest.mark.parametrize(
    "arguments",
    [
        ("--engine", "ray"),
        ("--address", "auto"),
        ("--engine", "ray", "--address", "auto", "--workers", 0),
        ("--num-shards", 2),
        ("--shard-index", 0),
        ("--num-shards", 2, "--shard-index", 2),
    ],
)
def test_what_can_not_be_followed_is_refused(arguments):
    with pytest.raises(UsageError):
        scale_of(*arguments)


@pytest.mark.parametrize("variable", ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"])
def test_an_array_of_jobs_tells_the_index(variable):
    found = scale_of("--num-shards", 4, environment={variable: "3"})
    assert Shard(index=3, count=4) == found.shard


def test_a_job_of_an_array_that_does_not_ask_for_a_share_gets_all():
    environment = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4"}
    assert Shard() == scale_of(environment=environment).shard
    assert Shard(index=1, count=4) == scale_of("--shard-index", 1, environment=environment).shard

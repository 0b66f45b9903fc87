"""Several jobs that share a folder of cells."""

import pytest

from pyimgano_bench.occupancy import only_job
from pyimgano_core.engine import Shard
from pyimgano_core.errors import UsageError

JOBS = [Shard(index=index, count=3) for index in range(3)]


def places(sweep):
    return [(cell.detector, cell.category) for cell in sweep.cells]


def test_jobs_share_the_cells_and_the_last_one_has_all(bench):
    plan = bench.plan("pass_by", "fail")
    sweeps = [bench.sweep(plan, engine=None, shard=job) for job in JOBS]
    assert [3, 2, 0] == [sweep.missing for sweep in sweeps]
    assert [1, 1, 4] == [len(sweep.cells) for sweep in sweeps]
    bench.output = bench.output.with_name("alone")
    assert places(bench.sweep(plan, engine=None)) == places(sweeps[-1])
    assert [] == bench.left_over


def test_the_last_job_tries_no_failed_cell_of_another_again(bench):
    plan = bench.plan("fail")
    sweeps = [bench.sweep(plan, engine=None, shard=Shard(index=index, count=2)) for index in range(2)]
    assert ["failed", "failed"] == [cell.status for cell in sweeps[-1].cells]
    assert 2 == len(bench.fits)


def test_more_jobs_than_cells_leave_some_with_nothing_to_do(bench):
    plan = bench.plan("pass_by")
    missing = [
        bench.sweep(plan, engine=None, shard=Shard(index=index, count=5)).missing for index in range(5)
    ]
    assert missing == sorted(missing, reverse=True)
    assert (0, 2) == (missing[-1], len(bench.fits))


def test_the_last_job_looks_over_the_cells_of_others(bench, maker):
    plan = bench.plan("pass_by")
    first, last = (Shard(index=index, count=2) for index in range(2))
    bench.sweep(plan, engine=None, shard=first)
    image = maker.folder / "bolt_train0.png"
    image.write_bytes(image.read_bytes() + b"\0")  # the first job's cell is of other data now
    done = bench.sweep(plan, engine=None, shard=last)
    assert (0, 1, 3) == (done.missing, done.replaced, len(bench.fits))
    assert 2 == bench.sweep(plan, engine=None).reused


def test_a_plain_command_puts_together_what_jobs_left(bench):
    plan = bench.plan("pass_by")
    bench.sweep(plan, engine=None, shard=Shard(index=1, count=2))
    done = bench.sweep(plan, engine=None)
    assert (1, 2, 2) == (done.reused, len(done.cells), len(bench.fits))


def test_cells_of_other_settings_are_missing(bench):
    bench.sweep(bench.plan("pass_by"), engine=None)
    plan = bench.plan("pass_by", threshold={"quantile": 0.5})
    assert 1 == bench.sweep(plan, engine=None, shard=Shard(index=0, count=2)).missing


@pytest.mark.parametrize(
    ("at_work", "wanted"),
    [
        (Shard(), Shard()),
        (Shard(), JOBS[0]),
        (JOBS[0], Shard()),
        (JOBS[0], JOBS[0]),
        (JOBS[0], Shard(count=2)),
    ],
)
def test_two_commands_in_one_folder_are_refused(bench, at_work, wanted):
    plan = bench.plan("pass_by")
    with only_job(bench.output / "cells", at_work):
        unfinished = bench.output / "cells" / ".x.tmp"
        unfinished.touch()
        with pytest.raises(UsageError, match="another benchmark is at work"):
            bench.sweep(plan, engine=None, shard=wanted)
        assert unfinished.exists()
    assert [] == bench.fits
    assert 2 == len(bench.sweep(plan, engine=None).cells)


def test_jobs_of_one_array_do_not_hinder_each_other(bench):
    with only_job(bench.output / "cells", JOBS[0]):
        assert 1 == len(bench.sweep(bench.plan("pass_by"), engine=None, shard=JOBS[2]).cells)


def test_what_killed_commands_left_hinders_nobody_and_is_taken_away(bench):
    folder = bench.output / "cells"
    folder.mkdir(parents=True)
    for name in (".lock-0-of-1", ".lock-1-of-2", ".a.1234.tmp", ".a.1234.journal"):
        (folder / name).write_bytes(b"1")
    bench.sweep(bench.plan("pass_by"), engine=None)
    assert [] == bench.left_over

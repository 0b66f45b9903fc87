"""Cells run by real processes, some of which are really killed."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from pyimgano_bench.failures import DetectorError
from pyimgano_bench.filling import Work, fill_cell
from pyimgano_core.engine import LocalEngine
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import MachineError
from pyimgano_core.progress import SilentProgress

TWO = LocalEngine(workers=2)


def test_workers_give_what_this_process_gives(bench):
    plan = bench.plan("pass_by", seeds=(0, 1))
    apart = bench.sweep(plan, engine=TWO).cells
    bench.output = bench.output.with_name("here")
    here = bench.sweep(plan, engine=None).cells
    assert [cell.key for cell in here] == [cell.key for cell in apart]
    assert [cell.report for cell in here] == [cell.report for cell in apart]
    assert [cell.per_image for cell in here] == [cell.per_image for cell in apart]
    processes = {int(process) for process, *_ in bench.fits}
    assert os.getpid() in processes
    assert len(processes) > 1


def test_one_worker_runs_all_cells_with_the_threads_of_the_command(bench, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    bench.sweep(bench.plan("pass_by", seeds=(0, 1)))
    assert 4 == len(bench.fits)
    assert 1 == len({process for process, *_ in bench.fits})
    assert {"5"} == {threads for *_, threads in bench.fits}


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals")
def test_what_goes_wrong_in_a_cell_costs_that_cell_alone(bench):
    plan = bench.plan("die_once", "die", "fail", "use_up_memory", "pass_by", categories=["nut"])
    done = bench.sweep(plan)
    expected = {
        "die_once": None,
        "die": "MachineError",
        "fail": "RuntimeError",
        "use_up_memory": "MemoryError",
        "pass_by": None,
    }
    assert expected == {cell.detector: cell.error and cell.error.type for cell in done.cells}
    tries = {"die_once": 2, "die": 2, "fail": 1, "use_up_memory": 1, "pass_by": 1}
    assert tries == Counter(act for _, act, *_ in bench.fits)
    assert "killed two processes" in done.cells[1].error.message
    assert ["die", "fail", "use_up_memory"] == [where.split()[0] for where, _ in bench.told]
    assert [] == bench.left_over
    assert 4 == done.exit_code


def test_a_detector_s_own_error_comes_back_with_its_traceback(bench):
    done = bench.sweep(bench.plan("fail", categories=["nut"]))
    ((where, error),) = bench.told
    assert "fail on parts/nut, seed 0" == where
    assert isinstance(error, DetectorError)
    assert "shapes can't be multiplied" == str(error) == done.cells[0].error.message
    assert "in fail\n" in error.details


def test_a_process_with_other_packages_than_the_command_runs_no_cell(bench):
    plan = bench.plan("pass_by")
    work = Work(
        run="1",
        plan=plan,
        folder=bench.output,
        working_folder=Path.cwd(),
        versions={**installed_versions(), "timm": "0.0"},
        progress=SilentProgress(),
    )
    bench.output.mkdir()
    with pytest.raises(MachineError, match=r"timm .*, not 0\.0"):
        fill_cell(work, next(plan.places()))
    assert [] == bench.fits

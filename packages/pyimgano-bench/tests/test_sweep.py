from pathlib import Path

import pytest

from pyimgano_bench.cell import BenchCell, CellError
from pyimgano_bench.plan import make_plan
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_bench.sweep import Sweep, run_sweep
from pyimgano_core.progress import SilentProgress

FILTERS = {"dataset": {"resize": [64, 64]}, "model": {"name": "padim", "features": {"backbone": "filters"}}}


class Interrupting(SilentProgress):
    """Stands for a person who presses Ctrl-C while the category `nut` is tested."""

    def track(self, items, label, total=None):
        if label == "nut: test":
            raise KeyboardInterrupt
        return super().track(items, label, total)


def outcome(exit_code=None):
    error = None if exit_code is None else CellError(type="E", message="m", exit_code=exit_code)
    status = "ok" if error is None else "failed"
    return BenchCell(key="k", detector="a", dataset="d", category="c", seed=0, status=status, error=error)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([None, None], 0),
        ([None, 74], 4),
        ([None, 64], 4),
        ([None, 74, 2], 2),
        ([74, 74], 74),
        ([64], 64),
        ([5, 74], 4),
        ([2, 74], 2),
    ],
)
def test_the_exit_code_weighs_all_cells(codes, expected):
    assert expected == Sweep(cells=tuple(map(outcome, codes)), reused=0).exit_code


def test_an_interrupted_sweep_goes_on_where_it_stopped(manifest, tmp_path):
    suite = Suite(
        detectors=(DetectorEntry(label="p"),),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(manifest)}),),
    )
    plan = make_plan(suite, FILTERS, Path())
    failures = []

    def sweep(progress):
        return run_sweep(plan, tmp_path, {}, progress, lambda where, error: failures.append((where, error)))

    with pytest.raises(KeyboardInterrupt):
        sweep(Interrupting())
    assert 1 == len(list((tmp_path / "cells").glob("*.json")))
    done = sweep(SilentProgress())
    assert (1, ["bolt", "nut"]) == (done.reused, [cell.category for cell in done.cells])
    assert [] == failures


def test_a_detector_s_own_error_is_recorded_with_its_class(one_category, tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("shapes can't be multiplied")

    monkeypatch.setattr("pyimgano_bench.sweep.run_category", broken)
    suite = Suite(
        detectors=(DetectorEntry(label="p"),),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(one_category)}),),
    )
    told = []
    done = run_sweep(
        make_plan(suite, FILTERS, Path()), tmp_path, {}, SilentProgress(), lambda where, _: told.append(where)
    )
    expected = CellError(type="RuntimeError", message="shapes can't be multiplied", exit_code=4)
    assert [expected] == [cell.error for cell in done.cells]
    assert ["p on parts/bolt, seed 0"] == told


def test_groups_of_the_test_images_are_counted(maker, tmp_path):
    for index in range(8):
        maker.add("bolt", f"train{index}", split="train")
    for index in range(4):
        maker.add("bolt", f"good{index}", split="test", label=0, group_id=f"lot{index // 2}")
        maker.add("bolt", f"bad{index}", defect=True)
    suite = Suite(
        detectors=(DetectorEntry(label="p"),),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(maker.write())}),),
    )
    plan = make_plan(suite, FILTERS, Path())
    (cell,) = run_sweep(plan, tmp_path, {}, SilentProgress(), lambda *_: None).cells
    assert 2 + 4 == cell.group_count

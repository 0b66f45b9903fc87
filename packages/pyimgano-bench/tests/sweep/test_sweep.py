import pytest

from pyimgano_core.progress import SilentProgress


class Interrupting(SilentProgress):
    """Stands for a person who presses Ctrl-C while the category `nut` is tested."""

    def track(self, items, label, total=None):
        if label == "nut: test":
            raise KeyboardInterrupt
        return super().track(items, label, total)


def test_cells_stand_in_the_order_of_the_plan(bench):
    done = bench.sweep(bench.plan("pass_by", "fail", seeds=(1, 0)), engine=None)
    expected = [
        (seed, category, detector)
        for seed in (1, 0)
        for category in ("bolt", "nut")
        for detector in ("pass_by", "fail")
    ]
    assert expected == [(cell.seed, cell.category, cell.detector) for cell in done.cells]


def test_the_categories_of_a_detector_are_fitted_one_after_the_other(bench):
    bench.sweep(bench.plan("pass_by", "fail", seeds=(0, 1)), engine=None)
    assert ["pass_by", "pass_by", "fail", "fail"] * 2 == [act for _, act, _ in bench.fits]


def test_an_interrupted_sweep_goes_on_where_it_stopped(bench):
    plan = bench.plan("pass_by")
    with pytest.raises(KeyboardInterrupt):
        bench.sweep(plan, engine=None, progress=Interrupting())
    assert 1 == len(bench.cells)
    done = bench.sweep(plan, engine=None)
    assert (1, ["bolt", "nut"]) == (done.reused, [cell.category for cell in done.cells])
    assert [] == bench.told


def test_a_data_set_without_tests_is_sent_to_the_workbench(bench, maker):
    maker.rows = [row for row in maker.rows if not (row["category"] == "nut" and row["split"] == "test")]
    maker.write()
    done = bench.sweep(bench.plan("pass_by"), engine=None)
    assert {"UsageError"} == {cell.error.type for cell in done.cells}
    assert "('nut')" in done.cells[0].error.message
    assert "pyimgano-train" in done.cells[0].error.message
    assert [] == bench.fits


def test_groups_of_the_test_images_are_counted(bench, maker):
    maker.rows = [row for row in maker.rows if row["category"] == "bolt"]
    for index in range(4):
        maker.add("bolt", f"lot{index}", split="test", label=0, group_id=f"lot{index // 2}")
    maker.write()
    (cell,) = bench.sweep(bench.plan("pass_by"), engine=None).cells
    assert 2 + 2 + 2 == cell.group_count  # images without a group are one each

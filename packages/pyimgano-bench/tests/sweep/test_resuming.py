"""What a second sweep in the same folder does, and what it leaves alone."""

from collections import Counter

import pytest
from attrs import evolve

from pyimgano_bench.cell import read_cell, slug_of
from pyimgano_core.progress import SilentProgress


class Listening(SilentProgress):
    """Keeps the label of each long step."""

    def __init__(self):
        self.labels = []

    def track(self, items, label, total=None):
        self.labels.append(label)
        return super().track(items, label, total)


def run(bench, plan, **options):
    listening = Listening()
    return bench.sweep(plan, engine=None, progress=listening, **options), listening.labels


def test_a_round_is_prepared_once_for_all_of_its_cells(bench):
    _, labels = run(bench, bench.plan("pass_by", "fail", seeds=(0, 1)))
    assert 2 == labels.count("hashing files")


def test_a_second_sweep_reads_no_image_beyond_hashing_it(bench):
    plan = bench.plan("pass_by")
    _, first = run(bench, plan)
    done, second = run(bench, plan)
    assert "bolt: train images" in first
    assert {"cells", "hashing files", "bolt: masks", "nut: masks"} == set(second)
    assert (2, 2) == (done.reused, len(bench.fits))


def test_failed_cells_alone_are_tried_again(bench):
    plan = bench.plan("fail", "pass_by")
    assert ["failed", "ok"] * 2 == [cell.status for cell in run(bench, plan)[0].cells]
    done, _ = run(bench, plan)
    assert 2 == done.reused
    assert {"fail": 4, "pass_by": 2} == Counter(act for _, act, *_ in bench.fits)


def test_a_data_set_with_errors_is_looked_at_and_told_of_once(bench):
    with open(bench.data, "a", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write('{"image_path": "bolt_bad0.png", "category": "bolt", "label": 7}\n')
    done, labels = run(bench, bench.plan("pass_by", "fail"))
    assert 1 == labels.count("hashing files")
    assert ["pass_by on parts/bolt, seed 0"] == [where for where, _ in bench.told]
    assert {"DataError"} == {cell.error.type for cell in done.cells}
    assert 2 == done.exit_code
    assert 4 == len(bench.cells)


def test_a_finished_cell_outlives_that_its_data_can_not_be_read_for_a_while(bench, maker):
    plan = bench.plan("pass_by")
    run(bench, plan)
    away = maker.folder.rename(maker.folder.with_name("away"))
    maker.folder.mkdir()
    (maker.folder / "parts.jsonl").write_bytes((away / "parts.jsonl").read_bytes())
    gone, _ = run(bench, plan)
    assert ["failed", "failed"] == [cell.status for cell in gone.cells]
    (maker.folder / "parts.jsonl").unlink()
    maker.folder.rmdir()
    away.rename(maker.folder)
    back, _ = run(bench, plan)
    assert (2, 2) == (back.reused, len(bench.fits))


@pytest.mark.parametrize("changed", ["timm", "quick"])
def test_other_code_computes_anew_and_says_so(bench, quick, install, changed):
    plan = bench.plan("pass_by")
    run(bench, plan)
    install(quick, changed, "1.1")
    done, _ = run(bench, plan)
    assert (0, 2) == (done.reused, done.replaced)
    assert 4 == len(bench.fits)


def test_a_data_set_that_moved_computes_nothing(bench, maker):
    run(bench, bench.plan("pass_by"))
    moved = maker.folder.rename(maker.folder.with_name("elsewhere"))
    bench.data = str(moved / "parts.jsonl")
    done, _ = run(bench, bench.plan("pass_by"))
    assert (2, 0, 2) == (done.reused, done.replaced, len(bench.fits))


def test_a_trial_is_short_and_marked_and_leaves_full_cells_alone(bench):
    full = run(bench, bench.plan("pass_by"))[0].cells
    done, _ = run(bench, bench.plan("pass_by", limit=2))
    assert [2, 2] == [cell.trial for cell in done.cells]
    assert [2, 2] == [cell.report.dataset_summary.test_count for cell in done.cells]
    assert (0, 0, 2) == (done.reused, done.replaced, done.others)
    again, _ = run(bench, bench.plan("pass_by"))
    assert (full, 2) == (again.cells, again.reused)
    assert {cell.key for cell in full}.isdisjoint(cell.key for cell in done.cells)


def test_a_cell_stands_where_its_file_name_says(bench):
    for cell in run(bench, bench.plan("pass_by", limit=2))[0].cells:
        assert cell == read_cell(bench.output / "cells", slug_of(cell))
        assert slug_of(cell) != slug_of(evolve(cell, trial=None))

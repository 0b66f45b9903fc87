import json
import shutil
import sys

import pytest
from attrs import define

from pyimgano_bench.occupancy import only_job
from pyimgano_bench.plan import make_plan
from pyimgano_bench.study.cases import Study, run_study
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.engine import Shard
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.progress import SilentProgress

OVERRIDES = {"dataset": {"resize": [32, 32]}, "model": {"features": {"backbone": "filters"}}}


@define(frozen=True, kw_only=True)
class Counted:
    """A row that tells what its case was."""

    place: str
    tests: int
    failed_count: int = 0


class Work:
    """Counts test images; fails and stops where it is told to."""

    def __init__(self):
        self.done = []
        self.failing = {}

    def __call__(self, case, part):
        place = f"{case.detector} {case.dataset}/{case.category.split.category} {case.config.seed} {part}"
        if place in self.failing:
            raise self.failing[place]
        self.done.append(place)
        return (Counted(place=place, tests=len(case.category.split.test)),)


class Bench:
    """Runs studies over the same plan."""

    def __init__(self, folder, manifests, seeds=(0,), detectors=("a",), categories=()):
        self.suite = Suite(
            detectors=tuple(DetectorEntry(label=name) for name in detectors),
            datasets=tuple(
                DatasetEntry(label=label, dataset={"manifest_path": str(path)})
                for label, path in manifests.items()
            ),
            seeds=seeds,
            categories=categories,
        )
        self.folder = folder
        self.work = Work()
        self.told = []

    def run(self, *, parts=("",), settings=None, limit=None, folder=None, name="study"):
        self.work.done.clear()
        study = Study(name=name, work=self.work, settings=settings or {}, parts=parts)
        return run_study(
            study,
            make_plan(self.suite, OVERRIDES, self.folder, limit),
            folder or self.folder / "out",
            progress=SilentProgress(),
            on_error=lambda where, error: self.told.append((where, str(error))),
        )


@pytest.fixture
def bench(tmp_path, manifest):
    return Bench(tmp_path, {"parts": manifest})


def test_every_contender_meets_every_category_of_every_data_set_under_every_seed(tmp_path, manifest):
    bench = Bench(tmp_path, {"one": manifest, "two": manifest}, seeds=(0, 7), detectors=("a", "b"))
    sweep = bench.run()
    expected = [
        f"{detector} {dataset}/{category} {seed} "
        for dataset in ("one", "two")
        for seed in (0, 7)
        for category in ("bolt", "nut")
        for detector in ("a", "b")
    ]
    assert expected == [row["place"] for row in sweep.rows]
    assert (0, 0) == (sweep.exit_code, sweep.reused)
    assert len(expected) == len(list((tmp_path / "out" / "cells").glob("*.json")))


def test_each_part_is_a_cell(bench):
    sweep = bench.run(parts=("draw 0", "draw 1"))
    assert ["draw 0", "draw 1"] * 2 == [cell.part for cell in sweep.cells]


def test_a_second_run_computes_only_what_is_missing(bench):
    first = bench.run(parts=("draw 0",))
    again = bench.run(parts=("draw 0", "draw 1"))
    assert ["a parts/bolt 0 draw 1", "a parts/nut 0 draw 1"] == bench.work.done
    assert (2, first.rows) == (again.reused, again.rows[::2])


@pytest.mark.parametrize("change", [{"settings": {"x": 1}}, {"limit": 4}, {"name": "other"}])
def test_other_settings_another_trial_and_another_study_are_other_cells(bench, change):
    bench.run()
    assert 0 == bench.run(**change).reused


def test_where_the_data_lies_does_not_matter_but_what_it_holds_does(bench, tmp_path, manifest):
    bench.run()
    moved = tmp_path / "moved"
    shutil.copytree(manifest.parent, moved)
    other = Bench(tmp_path, {"parts": moved / "parts.jsonl"})
    assert 2 == other.run().reused
    shutil.copy(moved / "bolt_bad0.png", moved / "bolt_bad1.png")
    assert 1 == other.run().reused


def test_an_interrupted_study_goes_on_where_it_stopped(bench):
    bench.work.failing["a parts/nut 0 "] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    bench.work.failing.clear()
    sweep = bench.run()
    assert (1, ["a parts/nut 0 "]) == (sweep.reused, bench.work.done)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), DataError("no image"), MemoryError()])
def test_a_failed_cell_is_recorded_and_told_and_the_others_go_on(bench, error):
    bench.work.failing["a parts/bolt 0 "] = error
    sweep = bench.run()
    assert ["failed", "ok"] == [cell.status for cell in sweep.cells]
    assert [("a on parts/bolt, seed 0", sweep.cells[0].error.message)] == bench.told
    assert (type(error).__name__, 1) == (sweep.cells[0].error.type, len(sweep.failures))
    assert sweep.exit_code in {2, 4}
    bench.work.failing.clear()
    assert (1, 0) == ((again := bench.run()).reused, again.exit_code)


def test_a_bug_is_no_failed_cell(bench):
    bench.work.failing["a parts/bolt 0 "] = KeyError("oops")
    with pytest.raises(KeyError):
        bench.run()


def test_errors_of_a_data_set_are_told_once_and_stop_no_other(tmp_path, maker_in):
    good, bad = (maker_in(tmp_path / name) for name in ("good", "bad"))
    for maker in (good, bad):
        maker.add_category("bolt")
        maker.add_category("nut")
    bad.rows[0]["image_path"] = bad.rows[8]["image_path"]  # a train image is a test image
    bench = Bench(tmp_path, {"bad": bad.write(), "good": good.write()})
    sweep = bench.run()
    assert ["failed", "failed", "ok", "ok"] == [cell.status for cell in sweep.cells]
    assert (["bad, seed 0"], 2) == ([where for where, _ in bench.told], sweep.exit_code)


def test_a_category_without_test_images_is_refused(tmp_path, maker):
    maker.add_category("bolt", normals=0, anomalies=0)
    bench = Bench(tmp_path, {"parts": maker.write()})
    assert 64 == bench.run().exit_code
    assert "'bolt'" in bench.told[0][1]


def test_a_category_without_test_images_that_is_not_asked_for_does_not_matter(tmp_path, maker):
    maker.add_category("bolt")
    maker.add_category("nut")
    maker.add_category("cog", normals=0, anomalies=0)
    bench = Bench(tmp_path, {"parts": maker.write()}, categories=("bolt", "nut"))
    assert 0 == bench.run().exit_code
    assert [] == bench.told


def test_a_trial_has_fewer_test_images_and_says_so(bench):
    sweep = bench.run(limit=3)
    assert [3, 3] == [row["tests"] for row in sweep.rows]
    assert [3, 3] == [cell.trial for cell in sweep.cells]
    assert [8, 8] == [row["tests"] for row in bench.run().rows]


def test_names_that_differ_never_share_a_cell(tmp_path, maker):
    for category in ("a b", "a_b", "A b.", "ä;b" if sys.platform == "win32" else "ä|b", "x.."):
        maker.add_category(category, train=2, normals=1, anomalies=1)
    bench = Bench(tmp_path, {"d e": maker.write()}, detectors=("a", "A", "a b"))
    sweep = bench.run()
    assert [] == bench.told
    assert 15 == len(sweep.cells) == len(list((tmp_path / "out" / "cells").glob("*.json")))
    assert 15 == bench.run().reused


def test_a_folder_with_other_files_is_left_alone(bench, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="other files"):
        bench.run(folder=tmp_path / "mine")


def test_two_studies_at_a_time_in_one_folder_are_refused(bench, tmp_path):
    with only_job(tmp_path / "out" / "cells", Shard()), pytest.raises(UsageError, match="is at work in it"):
        bench.run()


def test_a_cell_is_an_artifact_of_its_own_kind(bench, tmp_path):
    bench.run()
    cells = [json.loads(path.read_text()) for path in (tmp_path / "out" / "cells").glob("*.json")]
    assert {("pyimgano.bench_study_cell", 1)} == {(cell["kind"], cell["schema_version"]) for cell in cells}

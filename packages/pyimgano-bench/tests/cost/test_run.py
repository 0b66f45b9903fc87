import csv
import os
import shutil
import sys

import pytest
from attrs import evolve, fields

from pyimgano_bench.cost._contract import CostResults, CostRow, Spread
from pyimgano_bench.cost._run import make_notes, schedule
from pyimgano_core.artifacts import read_artifact
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import SilentProgress

UNUSED = {"error", "fit_gpu_bytes", "learning_seconds"}  # of a detector that tells no steps
if not sys.platform.startswith("linux"):
    UNUSED |= {"fit_peak_bytes", "scoring_peak_bytes"}


def test_every_measure_is_taken_in_every_round_and_is_above_zero(measured):
    row = measured.results.rows[0]
    values = {attribute.name: getattr(row, attribute.name) for attribute in fields(CostRow)}
    spreads = [value for value in values.values() if isinstance(value, Spread)]
    assert UNUSED == {name for name, value in values.items() if value is None}
    assert all(found.low > 0 and found.count == 2 for found in spreads)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_contender_that_dies_is_told_and_the_other_goes_on(measured):
    assert ["pass_by", "die"] == [row.detector for row in measured.results.rows]
    assert "fit: the process was killed by signal 9" in measured.results.rows[1].error
    assert measured.results.rows[1].fit_seconds is None
    assert ["die on parts/bolt"] == [place for place, _ in measured.told]
    assert (ExitCode.SOME_INPUTS_FAILED, True) == (measured.exit_code, measured.results.is_complete)


def test_each_fit_has_a_process_of_its_own_with_the_threads_it_is_given(measured, quick):
    assert measured.results.is_complete
    fits = [line.split() for line in (quick / "fits").read_text().splitlines()]
    assert ["pass_by", "die", "pass_by"] == [act for _, act, _ in fits[:3]]
    assert 3 == len({process for process, _, _ in fits[:3]})
    assert {"2"} == {threads for _, _, threads in fits[:3]}


def test_a_part_is_no_more_than_its_whole(measured):
    row = measured.results.rows[0]
    assert row.preparation_p50_seconds.median < row.latency_p50_seconds.median
    assert row.latency_p50_seconds.median < row.cold_start_seconds.median


def test_the_graph_is_as_large_as_its_file(measured):
    (model,) = (measured.folder / "cost").glob("*.onnx")
    assert model.stat().st_size == measured.results.rows[0].checkpoint_bytes.median


def test_all_files_hold_the_same_numbers(measured):
    results = read_artifact(measured.folder / "cost.json", CostResults)
    assert measured.results == results
    with (measured.folder / "cost.csv").open(newline="") as stream:
        lines = {line["measure"]: float(line["median"]) for line in csv.DictReader(stream)}
    assert {name: getattr(results.rows[0], name).median for name in lines} == lines
    assert "| bolt | pass\\_by |" in (measured.folder / "cost.md").read_text()


def test_contenders_take_turns_forwards_and_backwards():
    assert list("abccbaabc") == list(schedule("abc", 3))


class Stopping(SilentProgress):
    """Interrupts before the first turn."""

    def track(self, items, label, total=None):
        for item in super().track(items, label, total):
            if label == "cost":
                raise KeyboardInterrupt
            yield item


def test_an_interrupt_leaves_what_was_measured(plan_of, protocol, measurement):
    with pytest.raises(KeyboardInterrupt):
        measurement.run(plan_of("pass_by"), protocol, Stopping())
    results = read_artifact(measurement.folder / "cost.json", CostResults)
    assert not results.is_complete
    assert ["pass_by"] == [row.detector for row in results.rows]
    assert any("interrupted" in note for note in results.notes)


def test_a_folder_of_something_else_is_refused_and_one_of_a_benchmark_is_not(plan_of, protocol, measurement):
    (measurement.folder / "letters").mkdir(parents=True)
    with pytest.raises(UsageError, match="holds other files"):
        measurement.run(plan_of("pass_by"), protocol)
    (measurement.folder / "cells").mkdir()
    with pytest.raises(KeyboardInterrupt):
        measurement.run(plan_of("pass_by"), protocol, Stopping())
    assert (measurement.folder / "cost.json").is_file()


def test_data_with_errors_is_told_once_and_by_its_own_code(plan_of, protocol, measurement, maker):
    maker.add_category("bolt")
    manifest = maker.write()
    shutil.copy(manifest.with_name("bolt_train0.png"), manifest.with_name("bolt_good0.png"))  # a leak
    measurement.run(plan_of("pass_by", "fail", manifest=manifest), protocol)
    assert (ExitCode.DATA_ERRORS, 1) == (measurement.exit_code, len(measurement.told))
    assert all("1 error" in row.error for row in measurement.results.rows)


def test_a_busy_machine_is_told(protocol):
    busy = 10.0 * (os.cpu_count() or 1)
    notes = list(make_notes(protocol, ((0.0, 0.0, 0.0), (busy, 0.0, 0.0)), is_complete=True))
    assert any(f"a load of up to {busy:.1f}" in note for note in notes)
    idle = list(make_notes(protocol, ((0.0, busy, busy), None), is_complete=True))
    assert not any("busy" in note for note in idle)


def test_a_percentile_of_few_images_is_told(protocol):
    few = make_notes(evolve(protocol, images=99), (None, None), is_complete=True)
    enough = make_notes(evolve(protocol, images=100), (None, None), is_complete=True)
    assert (True, False) == (any("p99" in note for note in few), any("p99" in note for note in enough))

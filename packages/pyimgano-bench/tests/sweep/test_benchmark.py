from datetime import UTC, datetime

import pytest

from pyimgano_bench.benchmark import run_benchmark
from pyimgano_bench.results import BenchResults
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.artifacts import read_artifact
from pyimgano_core.engine import Shard
from pyimgano_core.errors import UsageError
from pyimgano_core.progress import SilentProgress

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SUITE = Suite(detectors=(DetectorEntry(label="d"),), datasets=(DatasetEntry(label="parts"),))


@pytest.fixture
def run(bench):
    """Return a function that runs a plan in this process."""

    def call(plan, **options):
        return run_benchmark(
            SUITE,
            {},
            plan,
            bench.output,
            SilentProgress(),
            now=NOW,
            on_error=lambda *_: None,
            **options,
        )

    return call


def test_results_are_written_where_the_cells_of_all_jobs_stand(bench, run):
    plan = bench.plan("pass_by")
    first = run(plan, shard=Shard(index=0, count=2))
    assert (None, 1) == (first.results, first.sweep.missing)
    assert ["cells"] == [path.name for path in bench.output.iterdir()]
    last = run(plan, shard=Shard(index=1, count=2))
    assert ["bolt", "nut"] == [row.category for row in last.results.rows]
    assert last.results == read_artifact(bench.output / "results.json", BenchResults)
    assert last.results.rows == run(plan).results.rows


@pytest.mark.parametrize("limit", [None, 2])
def test_a_trial_is_marked_in_the_results(bench, run, limit):
    assert limit == run(bench.plan("pass_by", limit=limit)).results.trial


def test_a_folder_of_other_files_is_refused_and_kept(bench, run):
    bench.output.mkdir()
    (bench.output / "report.json").touch()
    with pytest.raises(UsageError, match="holds other files"):
        run(bench.plan("pass_by"))
    assert ["report.json"] == [path.name for path in bench.output.iterdir()]

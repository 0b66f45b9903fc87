import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_bench.cost._cases import make_cases
from pyimgano_bench.cost._contract import Spread
from pyimgano_bench.cost._fit import FitAnswer
from pyimgano_bench.cost._tally import Tally, spread
from pyimgano_core.errors import DataError
from pyimgano_core.progress import SilentProgress


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=9))
def test_a_spread_is_of_the_values_that_there_are(values):
    known = [value for value in values if value is not None]
    found = spread(values)
    if not known:
        assert found is None
    else:
        assert (min(known), max(known), len(known)) == (found.low, found.high, found.count)
        assert found.low <= found.median <= found.high


def test_the_median_is_between_the_two_in_the_middle():
    assert Spread(median=2.5, low=1.0, high=9.0, count=4) == spread([9, 1, 2, 3])


@pytest.fixture
def case(plan_of, protocol, tmp_path):
    (case,) = make_cases(plan_of("pass_by"), tmp_path, protocol, SilentProgress())
    return case


def test_a_fit_that_fails_is_told_and_not_tried_again(case):
    dataset = evolve(case.fit.config.dataset, category="washer")
    broken = evolve(case.fit, config=evolve(case.fit.config, dataset=dataset))
    tally = Tally(case=evolve(case, fit=broken))
    told = []
    tally.measure(1, lambda *failure: told.append(failure))
    assert "fit: $.dataset.category: 'washer'" in tally.row().error
    assert [("pass_by on parts/bolt", tally.error)] == told
    tally.measure(1, lambda *failure: told.append(failure))
    assert 1 == len(told)


def test_what_was_measured_before_a_failure_stays(case):
    dataset = evolve(case.fit.config.dataset, category="washer")
    broken = evolve(case.fit, config=evolve(case.fit.config, dataset=dataset))
    tally = Tally(case=evolve(case, fit=broken))
    tally.fits.append(
        FitAnswer(
            seconds=2.0,
            cpu_seconds=3.0,
            learning_seconds=None,
            peak_bytes=5,
            gpu_bytes=None,
            checkpoint_bytes=7,
        )
    )
    tally.measure(1, lambda *_: None)
    row = tally.row()
    assert row.error is not None
    assert (2.0, 3.0, 7) == tuple(
        found.median for found in (row.fit_seconds, row.fit_cpu_seconds, row.checkpoint_bytes)
    )
    assert row.learning_seconds is row.fit_gpu_bytes is row.latency_p50_seconds is None


def test_a_case_that_can_not_be_measured_starts_no_process(case):
    tally = Tally(case=evolve(case, fit=None, score=None, error=DataError("no test image")))
    tally.measure(1, lambda *_: None)
    assert "no test image" == tally.row().error

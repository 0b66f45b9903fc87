"""When a file is ready to be scored, told by a clock of the test's own."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_infer._scan import Found
from pyimgano_infer._settling import Settling


def seen(unlisted=(), **files):
    return Found(
        files={f"in/{name}": state for name, state in files.items()}, unlisted=dict.fromkeys(unlisted)
    )


@pytest.fixture
def settling():
    return Settling(1.0)


def test_a_file_is_ready_when_it_has_not_changed_for_a_while(settling):
    assert [] == settling.ready(seen(a=(1, 1)), 0.0)
    assert [] == settling.ready(seen(a=(1, 1)), 0.9)
    assert ["in/a"] == settling.ready(seen(a=(1, 1)), 1.0)
    assert (1, 1) == settling.state("in/a")


@pytest.mark.parametrize("changed", [(2, 1), (1, 2)], ids=["size", "time"])
def test_a_change_of_size_or_time_starts_again(settling, changed):
    settling.ready(seen(a=(1, 1)), 0.0)
    assert [] == settling.ready(seen(a=changed), 1.0)
    assert [] == settling.ready(seen(a=changed), 1.9)
    assert ["in/a"] == settling.ready(seen(a=changed), 2.0)


def test_what_was_written_first_comes_first(settling):
    files = seen(a=(1, 30), b=(1, 10), c=(1, 20))
    settling.ready(files, 0.0)
    assert ["in/b", "in/c", "in/a"] == settling.ready(files, 1.0)


def test_a_file_that_has_its_line_is_ready_again_only_when_it_is_written_anew(settling):
    settling.finish("in/a", (1, 1))
    settling.ready(seen(a=(1, 1)), 0.0)
    assert [] == settling.ready(seen(a=(1, 1)), 5.0)
    settling.ready(seen(a=(1, 2)), 6.0)
    assert ["in/a"] == settling.ready(seen(a=(1, 2)), 7.0)
    settling.finish("in/a", (1, 2))
    assert [] == settling.ready(seen(a=(1, 2)), 20.0)


def test_a_file_that_changed_while_it_was_scored_starts_again(settling):
    settling.ready(seen(a=(1, 1)), 0.0)
    settling.start_again("in/a")
    assert [] == settling.ready(seen(a=(1, 1)), 1.0)
    assert ["in/a"] == settling.ready(seen(a=(1, 1)), 2.0)


def test_a_damaged_file_is_tried_again_each_time_that_it_could_have_settled_and_then_given_up(settling):
    now, tries = 0.0, []
    settling.ready(seen(a=(1, 1)), now)
    is_passing = True
    while is_passing:
        now += 0.25
        if settling.ready(seen(a=(1, 1)), now):
            tries.append(now)
            is_passing = settling.try_later("in/a", now)
    assert [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0] == tries


def test_a_file_is_waiting_until_it_has_its_line_or_is_gone(settling):
    settling.ready(seen(b=(1, 1), a=(1, 1), c=(1, 1)), 0.0)
    assert ["in/a", "in/b", "in/c"] == settling.waiting()
    settling.finish("in/a", (1, 1))
    settling.ready(seen(a=(1, 1), b=(1, 1)), 0.5)
    assert ["in/b"] == settling.waiting()


def test_what_is_gone_is_forgotten_for_memory_is_bounded_by_what_is_there(settling):
    settling.finish("in/a", (1, 1))
    settling.ready(seen(b=(1, 1)), 0.0)
    settling.ready(seen(a=(1, 1), b=(1, 1)), 1.0)
    assert ["in/b", "in/a"] == sorted(settling.ready(seen(a=(1, 1), b=(1, 1)), 2.0), reverse=True)


@pytest.mark.parametrize(
    "share", [seen(), seen(["in"]), seen(["in/deep"], b=(1, 1))], ids=["empty", "root", "deep"]
)
def test_a_share_that_goes_away_and_comes_back_costs_nothing(settling, share):
    name = f"in/deep{os.sep}a" if share.files else f"in{os.sep}a"  # as a look into a folder gives them
    settling.finish(name, (1, 1))
    settling.ready(share, 0.0)
    back = Found(files={name: (1, 1)}, unlisted={})
    settling.ready(back, 1.0)
    assert [] == settling.ready(back, 5.0)


def test_nothing_is_ready_that_is_not_there_now(settling):
    settling.ready(seen(a=(1, 1)), 0.0)
    assert [] == settling.ready(seen(), 5.0)
    assert ["in/a"] == settling.ready(seen(a=(1, 1)), 6.0)


@given(st.lists(st.tuples(st.floats(0.01, 3), st.integers(0, 2)), max_size=30))
def test_no_file_is_ready_before_its_state_has_lasted(looks):
    settling, now, since, before = Settling(1.0), 0.0, 0.0, None
    for step, state in looks:
        now += step
        if state != before:
            since, before = now, state
        assert (now - since >= 1.0) == bool(settling.ready(seen(a=(state, 0)), now))

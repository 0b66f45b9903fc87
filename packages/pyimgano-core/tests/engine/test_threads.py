import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.engine import default_workers, map_ordered, reading_workers


class Reader:
    """Counts how many of the numbers have been taken."""

    def __init__(self, count):
        self.taken = 0
        self.count = count

    def __iter__(self):
        for number in range(self.count):
            self.taken += 1
            yield number


def test_at_least_one_processor_may_be_used():
    assert default_workers() >= 1


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 5))
def test_results_stand_in_the_order_of_the_items(delays, workers):
    def wait(pair):
        time.sleep(pair[1] / 2000)
        return pair

    pairs = list(enumerate(delays))
    assert pairs == list(map_ordered(wait, pairs, workers=workers))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_only_a_few_items_are_read_ahead(workers):
    reader = Reader(1000)
    for done, _ in enumerate(map_ordered(str, reader, workers=workers), 1):
        assert reader.taken - done <= 2 * workers + 1
    assert 1000 == reader.taken


def test_several_items_are_worked_on_at_once():
    meeting = threading.Barrier(3, timeout=10)
    assert {0, 1, 2} == set(map_ordered(lambda item: meeting.wait() * 0 + item, range(3), workers=3))


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_stands_where_its_result_would(workers):
    def invert(number):
        return 6 // number

    results = map_ordered(invert, [3, 2, 0, 1], workers=workers)
    assert [2, 3] == [next(results), next(results)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_leaving_early_begins_no_more_items_and_leaves_no_thread():
    begun = []
    before = threading.active_count()
    results = map_ordered(begun.append, range(1000), workers=2)
    next(results)
    results.close()
    count = len(begun)
    time.sleep(0.02)
    assert count == len(begun) <= 6
    assert before == threading.active_count()


def test_an_error_of_the_items_is_raised_and_leaves_no_thread():
    def items():
        yield 1
        raise OSError("the share is gone")

    before = threading.active_count()
    with pytest.raises(OSError, match="the share is gone"):
        list(map_ordered(str, items(), workers=2))
    assert before == threading.active_count()


def test_storage_that_answers_at_once_is_read_by_a_thread_for_each_processor():
    assert default_workers() == reading_workers(0.0) == reading_workers(0.001)


def test_slow_storage_is_read_by_many_threads():
    assert reading_workers(0.002) == max(32, default_workers())

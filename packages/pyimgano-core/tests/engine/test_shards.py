from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.engine import ShardError
from pyimgano_core.engine._shards import Tasks


@given(st.lists(st.integers(0, 9), max_size=20), st.randoms(use_true_random=False))
def test_each_shard_ends_once_and_is_tried_seven_times_at_most(deaths, random):
    """`deaths[i]` is how often shard i would kill its process, were it tried for ever."""
    tasks = Tasks(deaths)
    tries, given_up, done, running = Counter(), [], [], []
    while True:
        if (len(running) < 3 or not running) and (task := tasks.take()) is not None:
            running.append(task)
            continue
        if not running:
            break
        task = running.pop(random.randrange(len(running)))
        tries[task.index] += 1
        if tries[task.index] > task.shard:
            done.append(task.index)
        elif (outcome := tasks.died(task, "was killed")) is not None:
            assert isinstance(outcome.error, ShardError)
            given_up.append(outcome.index)
    assert [index for index, count in enumerate(deaths) if count < 7] == sorted(done)
    assert [index for index, count in enumerate(deaths) if count >= 7] == sorted(given_up)
    assert {index: min(count + 1, 7) for index, count in enumerate(deaths)} == tries


def test_a_shard_that_is_tried_again_comes_before_the_others():
    tasks = Tasks("abc")
    first = tasks.take()
    assert tasks.died(first, "was killed") is None
    assert ["a", "b", "c"] == [tasks.take().shard for _ in range(3)]
    assert tasks.take() is None


def test_an_error_says_which_shard_and_why():
    tasks = Tasks("abc")
    task = tasks.take()
    for _ in range(6):
        tasks.died(task, "was killed by SIGKILL")
    error = tasks.died(task, "was killed by SIGSEGV").error
    assert "shard 0: given up after 7 tries: its process was killed by SIGSEGV" == str(error)
    assert (0, 4) == (error.index, error.exit_code)

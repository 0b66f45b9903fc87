from hypothesis import given
from hypothesis import strategies as st

from pyimgano_bench.study.words import complete_categories

RUNS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)))


def test_a_category_without_a_run_that_another_has_is_incomplete():
    runs = [("bolt", "a"), ("bolt", "b"), ("nut", "a"), ("cog", "b"), ("cog", "a")]
    assert ("bolt", "cog") == complete_categories(runs)
    assert () == complete_categories([("bolt", "a"), ("nut", "b")])
    assert () == complete_categories([])


@given(RUNS)
def test_complete_categories_have_all_runs_and_the_others_lack_one(runs):
    everything = {run for _, run in runs}
    complete = complete_categories(runs)
    for category in dict.fromkeys(name for name, _ in runs):
        assert (category in complete) == all((category, run) in runs for run in everything)
    assert list(complete) == [name for name in dict.fromkeys(name for name, _ in runs) if name in complete]

from hypothesis import given
from hypothesis import strategies as st

from pyimgano_bench.leaderboard._cost import Price
from pyimgano_bench.leaderboard._front import Contender, front_in_words, pareto_front

_NUMBERS = st.tuples(st.sampled_from([0.5, 1.0, 2.0, 4.0]), st.sampled_from([0.7, 0.8, 0.9]))
FIELD = st.lists(_NUMBERS, min_size=1, max_size=6).map(
    lambda pairs: [Contender(name=str(n), cost=cost, value=value) for n, (cost, value) in enumerate(pairs)]
)
SECONDS = Price(name="time", unit="s", of={})


@given(FIELD)
def test_nobody_beats_the_front_and_everybody_else_is_beaten_by_it(contenders):
    front = pareto_front(contenders)
    assert not any(other.beats(each) for each in front for other in contenders)
    assert all(any(each.beats(other) for each in front) for other in contenders if other not in front)


@given(FIELD)
def test_along_the_front_quality_rises_with_cost(contenders):
    front = pareto_front(contenders)
    assert sorted(each.cost for each in front) == [each.cost for each in front]
    assert sorted(each.value for each in front) == [each.value for each in front]


def test_equal_contenders_are_both_on_the_front():
    pair = [Contender(name=name, cost=1.0, value=0.9) for name in "ab"]
    assert pair == pareto_front(pair)


def test_the_front_is_told_from_cheap_to_dear_and_who_beats_the_others():
    contenders = [
        Contender(name="dear", cost=4.0, value=0.95),
        Contender(name="poor", cost=2.0, value=0.8),
        Contender(name="cheap", cost=1.0, value=0.9),
    ]
    expected = [
        "On the front, from cheap to dear: cheap (1 s, 0.9000), dear (4 s, 0.9500).",
        "poor (2 s, 0.8000) is behind it: cheap is no worse and no dearer.",
    ]
    assert expected == front_in_words(contenders, SECONDS)


def test_of_several_that_beat_a_contender_the_best_is_named():
    values = {"good": (1.0, 0.8), "best": (2.0, 0.9), "poor": (4.0, 0.7)}
    contenders = [Contender(name=name, cost=cost, value=value) for name, (cost, value) in values.items()]
    assert front_in_words(contenders, SECONDS)[1].endswith("is behind it: best is no worse and no dearer.")

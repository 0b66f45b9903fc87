import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from pyimgano_bench.leaderboard._cost import Price
from pyimgano_bench.leaderboard._front import Contender
from pyimgano_bench.leaderboard._picture import _log_ticks, picture

SECONDS = Price(name="time of a fit", unit="s", of={})


def contender(name, cost, value, **ends):
    return Contender(name=name, cost=cost, value=value, **ends)


def svg_of(*contenders):
    return ET.fromstring(re.search("<svg.*</svg>", picture(contenders, SECONDS))[0])  # noqa: S314 - our own


def test_one_contender_needs_no_picture():
    assert not picture([contender("a", 1.0, 0.9)], SECONDS)


def test_better_is_higher_and_dearer_is_to_the_right():
    cheap, dear = svg_of(contender("a", 1.0, 0.8), contender("b", 10.0, 0.9)).findall("circle")
    assert float(cheap.get("cx")) < float(dear.get("cx"))
    assert float(cheap.get("cy")) > float(dear.get("cy"))


def test_the_front_is_a_line_through_those_that_nobody_beats():
    drawn = svg_of(contender("a", 1.0, 0.8), contender("b", 3.0, 0.7), contender("c", 10.0, 0.9))
    kinds = [circle.get("class") for circle in drawn.findall("circle")]
    assert ["front", "behind", "front"] == kinds
    line = next(path.get("d") for path in drawn.findall("path") if path.get("class") == "line")
    assert 2 == len(re.findall("[ML]", line))


def test_an_interval_is_a_bar_through_its_mark():
    drawn = svg_of(contender("a", 1.0, 0.8, low=0.7, high=0.85), contender("b", 3.0, 0.9))
    (bar,) = [path.get("d") for path in drawn.findall("path") if path.get("class", "").startswith("bar")]
    low, high = map(float, re.fullmatch(r"M\S+ (\S+)V(\S+)", bar).groups())
    assert high < float(drawn.findall("circle")[0].get("cy")) < low


@pytest.mark.parametrize("costs", [(1.0, 1.0), (1e-3, 1e4), (0.5, 7.0)])
def test_whatever_the_costs_all_stands_within_the_picture(costs):
    drawn = svg_of(*(contender(str(cost), cost, 0.9) for cost in costs))
    width, height = map(float, drawn.get("viewBox").split()[2:])
    for circle in drawn.findall("circle"):
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


@pytest.mark.parametrize("costs", [(1.0, 1.0, 1.0, 1.0), (3.4, 2.6, 5.5, 2.4), (1.0, 1.3, 1.6, 2.0)])
def test_no_name_covers_another(costs):
    fields = [contender(f"n{index}abcdefgh", cost, 0.9 + index * 1e-4) for index, cost in enumerate(costs)]
    places = []
    for text in svg_of(*fields).findall("text"):
        if text.text.endswith("abcdefgh"):
            start = float(text.get("x")) - (90 if text.get("text-anchor") == "end" else 0)
            places.append((start, float(text.get("y"))))
    assert all(abs(a - c) >= 90 or abs(b - d) >= 20 for (a, b), (c, d) in combinations(places, 2))


def test_no_name_covers_a_mark():
    drawn = svg_of(contender("a long name of a cheap one", 1.0, 0.9), contender("b", 1.1, 0.9))
    marks = [(float(each.get("cx")), float(each.get("cy"))) for each in drawn.findall("circle")]
    name = next(text for text in drawn.findall("text") if (text.text or "").startswith("a long"))
    left, foot = float(name.get("x")), float(name.get("y"))
    assert left < marks[1][0] < left + 100
    assert foot - 13 > marks[1][1] + 5


def test_no_axis_goes_beyond_one():
    ticks = [text.text for text in svg_of(contender("a", 1.0, 1.0), contender("b", 2.0, 1.0)).findall("text")]
    assert "1.000" in ticks
    assert not [tick for tick in ticks if tick.startswith("1.0") and float(tick) > 1]


@pytest.mark.parametrize(("low", "high"), [(1.5, 9.0), (0.3, 70.0), (1e-3, 1e4), (0.9, 3.0)])
def test_the_cost_axis_has_a_few_round_numbers(low, high):
    ticks = _log_ticks(low, high)
    assert 3 <= len(ticks) <= 9
    assert low <= ticks[0] < ticks[-1] <= high


def test_names_are_escaped():
    assert "<b>" not in picture([contender("<b>", 1.0, 0.9), contender("b", 2.0, 0.8)], SECONDS)

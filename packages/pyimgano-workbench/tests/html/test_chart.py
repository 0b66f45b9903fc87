import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_workbench.html._chart import HEIGHT, WIDTH, Frame, _ticks, chart, figure, mark, widened


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_an_axis_has_a_few_round_numbers_within_its_ends(low, span):
    high = low + span
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 8
    slack = 0.01 * span
    assert all(low - slack <= value <= high + slack for value, _ in ticks)
    assert [value for value, _ in ticks] == sorted({value for value, _ in ticks})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.0, 0.3, ["0.0", "0.1", "0.2", "0.3"]),
        (-0.5, 0.5, ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
        (0.0, 13.0, ["0", "5", "10"]),
    ],
)
def test_ticks_are_written_as_people_would(low, high, words):
    assert words == [word for _, word in _ticks(low, high)]


def test_all_that_is_drawn_stands_within_the_picture():
    frame = Frame((2.0, 4.0), (0.0, 10.0))
    corners = [(frame.at_x(x), frame.at_y(y)) for x in frame.x for y in frame.y]
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in corners)
    assert frame.at_y(10.0) < frame.at_y(0.0)


def test_a_path_runs_through_its_points():
    frame = Frame((0.0, 1.0), (0.0, 1.0))
    numbers = list(map(float, re.findall(r"[\d.]+", frame.path((0, 1), (0, 1)))))
    expected = [frame.at_x(0), frame.at_y(0), frame.at_x(1), frame.at_y(1)]
    assert expected == pytest.approx(numbers, abs=0.05)


@pytest.mark.parametrize(("value", "anchor"), [(0.1, "start"), (0.9, "end")])
def test_the_name_of_a_mark_goes_where_there_is_room(value, anchor):
    assert f'text-anchor="{anchor}"' in mark(Frame((0.0, 1.0), (0.0, 1.0)), value, "threshold")


@pytest.mark.parametrize("ends", [(0.0, 0.0), (1.0, 3.0)])
def test_an_axis_is_widened_even_where_all_is_equal(ends):
    low, high = widened(*ends)
    assert low < ends[0] <= ends[1] < high


def test_all_text_is_escaped():
    svg = chart(Frame((0.0, 1.0), (0.0, 1.0)), "", ("<x>", "<y>"), 'n"<ame>', ("<first>", "<last>"))
    shown = figure("<title>", svg, ["<note>"], [("normal", "<key>")])
    assert [] == re.findall("<(x|y|ame|first|last|title|note|key)>", shown)


def test_sentences_begin_a_line_of_their_own_below_the_legend():
    below = [figure("", "", notes, keys) for notes in ([], ["A.", "B."]) for keys in ([], [("normal", "x")])]
    key = '<span class="key normal"></span>x'
    captions = [re.findall("<figcaption>(.*)</figcaption>", text)[0] for text in below]
    assert ["", key, "A. B.", f"{key}<br>A. B."] == captions

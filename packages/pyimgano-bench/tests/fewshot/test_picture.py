import math
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from pyimgano_bench.fewshot._picture import svg_picture

SVG = "{http://www.w3.org/2000/svg}"


def texts(root):
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


@pytest.fixture
def drawn(results_of):
    return lambda rows, trial=None: ET.fromstring(svg_picture(results_of(rows, trial)))  # noqa: S314 - our own picture


def test_each_detector_has_a_curve_with_a_point_per_number(drawn, row_of):
    rows = [row_of(detector=name, count=count) for name in "ab" for count in (1, 2, 4)]
    root = drawn(rows)
    assert (2, 6) == (len(list(root.iter(f"{SVG}polyline"))), len(list(root.iter(f"{SVG}circle"))))
    shown = texts(root)
    assert {"a", "b", "1", "2", "4", "parts: image AUROC by normal images"} <= set(shown)


def test_points_stand_where_the_axes_say(drawn, row_of):
    root = drawn([row_of(count=1, image_auroc=0.5), row_of(count=4, image_auroc=1.0)])
    ticks = {
        "".join(tick.itertext()): (float(tick.get("x")), float(tick.get("y")))
        for tick in root.iter(f"{SVG}text")
    }
    first, last = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    assert (ticks["1"][0], ticks["4"][0]) == (first[0], last[0])
    assert pytest.approx((ticks["0.50"][1], ticks["1.00"][1])) == (first[1] + 4, last[1] + 4)


def test_twice_the_images_are_always_as_far(drawn, row_of):
    root = drawn([row_of(count=count) for count in (1, 2, 4, 8)])
    places = [float(circle.get("cx")) for circle in root.iter(f"{SVG}circle")]
    steps = {round(b - a) for a, b in pairwise(places)}
    assert 1 == len(steps)


def test_the_area_holds_all_draws(drawn, row_of):
    root = drawn([row_of(draw=draw, image_auroc=value) for draw, value in ((0, 0.6), (1, 0.9))])
    (area,) = root.iter(f"{SVG}polygon")
    ends = [float(point.split(",")[1]) for point in area.get("points").split()]
    (dot,) = [float(circle.get("cy")) for circle in root.iter(f"{SVG}circle")]
    assert min(ends) < dot < max(ends)


@pytest.mark.parametrize("value", [0.0, 0.123, 0.5, 1.0])
def test_one_value_alone_can_be_drawn(drawn, row_of, value):
    root = drawn([row_of(image_auroc=value)])
    (circle,) = root.iter(f"{SVG}circle")
    assert all(math.isfinite(float(circle.get(name))) for name in ("cx", "cy"))


def test_without_an_auroc_it_says_so(drawn, row_of):
    assert "no AUROC is defined" in texts(drawn([row_of(image_auroc=None)]))
    assert not list(drawn([]).iter(f"{SVG}circle"))


def test_more_detectors_than_colours_still_differ(drawn, row_of):
    root = drawn([row_of(detector=f"d{index}") for index in range(20)])
    looks = {
        (group.get("class"), line.get("stroke-dasharray"))
        for group in root.iter(f"{SVG}g")
        if group.get("class")
        for line in group.iter(f"{SVG}polyline")
    }
    assert 20 == len(looks)
    assert max(float(text.get("y")) for text in root.iter(f"{SVG}text")) < float(root.get("height"))


def test_names_are_text_and_a_trial_is_marked(drawn, row_of):
    shown = texts(drawn([row_of(detector="<b>&", dataset="x" * 70)], trial=9))
    assert "<b>&" in shown
    assert any("TRIAL: at most 9" in text for text in shown)

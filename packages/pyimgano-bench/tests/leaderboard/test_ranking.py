from pyimgano_bench.leaderboard._cost import Price
from pyimgano_bench.leaderboard._ranking import ranking

TITLES = {"image_auroc": "AUROC", "aupro": "AUPRO"}
SECONDS = Price(name="time of a fit", unit="s", of={"a": 1.0})


def test_the_best_mean_comes_first_and_equal_ones_share_a_rank(make_cell, make_results, outline):
    values = {"a": 0.8, "b": 0.9, "c": 0.9, "d": None}
    means = make_results(*(make_cell(name, value) for name, value in values.items())).means
    found = outline(ranking(means, TITLES, SECONDS))
    assert [["1", "b"], ["1", "c"], ["3", "a"], ["-", "d"]] == [row[:2] for row in found.rows[1:]]
    assert ["-", "-", "1", "-"] == [row[-1] for row in found.rows[1:]]


def test_the_best_of_each_metric_is_bold(make_cell, make_results):
    means = make_results(make_cell("a", 0.9), make_cell("b", 0.8)).means
    html = ranking(means, TITLES, SECONDS)
    assert all(text in html for text in ("<b>0.9000</b>", "<b>a</b>", "<b>0.8000</b>"))
    assert "<td>0.8000<br>" in html  # the AUROC of b, which is a's best AUPRO


def test_a_mean_stands_with_its_interval_and_its_spread(make_cell, make_results, outline):
    rows = [make_cell("a", value, seed=seed) for seed, value in enumerate((0.9, 0.9))]
    found = outline(ranking(make_results(*rows).means, TITLES, SECONDS))
    assert "0.9000 0.880 to 0.920 ± 0.0000" == found.rows[1][2]
    assert "2 seeds, ± is their standard deviation; below each its 95 % interval" in found.text


def test_those_within_the_interval_of_the_best_are_tied_with_it(make_cell, make_results, outline):
    values = {"a": 0.9, "b": 0.885, "c": 0.8}
    means = make_results(*(make_cell(name, value) for name, value in values.items())).means
    assert "Tied with a as far as its interval can tell: b. " in outline(ranking(means, TITLES, SECONDS)).text
    without = [each for each in means if each.detector != "b"]
    assert "No other mean lies within the interval of a." in outline(ranking(without, TITLES, SECONDS)).text


def test_a_best_without_interval_is_not_judged(make_cell, make_results, outline):
    perfect = make_cell("a", 1.0, width=0.0)
    means = make_results(perfect, make_cell("b", 0.9)).means
    assert "The mean of a has no interval" in outline(ranking(means, TITLES, SECONDS)).text


def test_categories_that_are_left_out_stand_in_the_heads_and_by_name(make_cell, make_results, outline):
    rows = [make_cell("a", 0.9), make_cell("a", 0.9, "y"), make_cell("b", 0.8), make_cell("b", None, "y")]
    found = outline(ranking(make_results(*rows).means, TITLES, SECONDS))
    assert ["AUROC (1 of 2)", "AUPRO (1 of 2)"] == found.rows[0][2:4]
    assert "Means over 1 of 2 categories (without y) and one seed" in found.text


def test_without_a_shared_category_there_is_no_ranking(make_cell, make_results, outline):
    rows = [make_cell(name, value, at) for name, at, value in _CROSSED]
    found = outline(ranking(make_results(*rows).means, TITLES, SECONDS))
    assert ["-", "-"] == [row[0] for row in found.rows[1:]]
    assert "so there is no ranking" in found.text


_CROSSED = (("a", "x", 0.9), ("a", "y", None), ("b", "x", None), ("b", "y", 0.9))

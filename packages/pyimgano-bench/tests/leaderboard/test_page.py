import pytest

from pyimgano_bench.leaderboard import render_leaderboard
from pyimgano_bench.references import Published, Reference


@pytest.fixture
def document(make_cell, make_results):
    rows = [
        make_cell("a", 0.9, fit=1.0),
        make_cell("b", 0.95, fit=4.0),
        make_cell("b", None, "<y> & z", seed=0),
        make_cell("a", 0.8, "<y> & z"),
        make_cell("a", 0.7, dataset="e"),
    ]
    machine = {"processor": "a <fast> one", "processors": 2, "memory_gib": 23.5}
    return make_results(*rows, notes=("d/x: something <odd>",), machine=machine, versions={"numpy": "2"})


def test_the_page_is_whole_and_shows_every_data_set(document, outline):
    found = outline(render_leaderboard(document))
    titles = ["Leaderboard", "d", "e", "1 of 5 cells failed", "Notes", "Machine and versions"]
    assert titles == [title for title in titles if title in found.words]
    assert 1 == found.tags.count("svg")  # of d; e has one contender
    assert ["memory", "23.5 GiB"] in found.rows
    assert all(word in found.text for word in ("d/x: something <odd>", "a <fast> one", "no <device>"))


def test_nothing_of_the_page_is_fetched_or_run(document):
    html = render_leaderboard(document)
    assert not [word for word in ("<script", "http", "src=", "@import", "url(", "javascript") if word in html]


def test_names_can_not_break_the_page(document):
    assert not [
        word for word in ("<y>", "<fast>", "<odd>", "<device>") if word in render_leaderboard(document)
    ]


def test_failed_cells_are_gathered_by_reason(document, outline):
    assert ["d", "b", "<y> & z seed 0", "no <device>"] in outline(render_leaderboard(document)).rows


def test_means_that_leave_out_a_category_say_so(document, outline):
    text = outline(render_leaderboard(document)).text
    assert "Means over 1 of 2 categories (without <y> & z)" in text


def test_a_trial_is_marked_on_top(make_cell, make_results, outline):
    found = outline(render_leaderboard(make_results(make_cell("a", 0.9, trial=6), trial=6)))
    assert "Leaderboard of a trial" in found.words
    assert (
        "TRIAL: at most 6 test images of a category were used; these numbers are no results." in found.words
    )


def test_what_others_published_stands_below_in_tables_of_its_own(document, outline):
    reference = Reference(
        dataset="mvtec",
        method="PaDiM",
        source="a paper",
        means={"image_auroc": 95.0},
        categories={"image_auroc": {"x": 93.0}},
    )
    html = render_leaderboard(document, None, [Published(dataset="d", references=(reference,))])
    found = outline(html)
    unknown = ["not known"] * 3
    assert ["PaDiM", "95.0", "a paper", *unknown, ""] in found.rows
    assert ["x", "93.0"] in found.rows
    assert html.index("<h2>Notes") < html.index("<h2>Published by others: d")
    assert [] == [row for row in found.rows if "PaDiM" in row and row[0] in {"1", "2", "3"}]


def test_without_a_value_at_all_the_page_says_so(make_cell, make_results, outline):
    found = outline(render_leaderboard(make_results(make_cell("a", None))))
    assert "there is no ranking" in found.text
    assert "svg" not in found.tags

from pyimgano_bench.leaderboard._categories import category_details, category_overview

TITLES = {"image_auroc": "AUROC", "aupro": "AUPRO"}


def test_the_overview_has_the_mean_over_seeds_and_the_best_in_bold(make_cell, outline):
    values = {"a": (0.9, 0.8), "b": (0.7, 0.7)}
    rows = [make_cell(name, v, seed=seed) for name, pair in values.items() for seed, v in enumerate(pair)]
    html = category_overview(rows)
    assert [["category", "a", "b"], ["x", "0.8500", "0.7000"]] == outline(html).rows
    assert "<b>0.8500</b>" in html


def test_a_seed_that_failed_is_never_averaged_away(make_cell, outline):
    rows = [make_cell("a", 0.9, seed=0), make_cell("a", None, seed=1), make_cell("b", 0.8)]
    assert ["x", "failed", "0.8000"] == outline(category_overview(rows)).rows[1]


def test_the_details_have_a_line_per_detector_and_seed(make_cell, outline):
    rows = [make_cell(name, 0.9, seed=seed) for seed in (0, 1) for name in "ab"]
    found = outline(category_details(rows, TITLES))
    assert [
        "detector",
        "seed",
        "AUROC",
        "AUPRO",
        "threshold",
        "false alarms",
        "misses",
        "fit s",
    ] == found.rows[0]
    assert [("a", "0"), ("a", "1"), ("b", "0"), ("b", "1")] == [tuple(row[:2]) for row in found.rows[1:]]
    assert ["0.9000 [.880, .920]", "0.8000", "2.5", "1/10", "2/20", "1.0"] == found.rows[1][2:]


def test_a_failed_cell_is_a_line_that_says_why(make_cell, outline):
    found = outline(category_details([make_cell("a", None), make_cell("b", 0.9)], TITLES))
    assert ["a", "0", "failed: no <device>"] == found.rows[1]
    assert "x (1 of 2 cells failed)" in found.text


def test_a_review_band_has_a_column(make_cell, outline):
    row = make_cell("a", 0.9, reviews=3, review_normal=1, review_anomalous=2)
    assert ["1/10 + 2/20", "1.0"] == outline(category_details([row], TITLES)).rows[1][-2:]

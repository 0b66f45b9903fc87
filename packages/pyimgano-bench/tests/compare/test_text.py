import pytest
from attrs import evolve

from pyimgano_bench.compare import Comparisons, Judged, PairComparison, ask_gate, markdown_report, text_report

LOST = Judged(
    metric="image_auroc",
    category="bolt",
    verdict="worse",
    contender=0.95,
    baseline=0.98,
    difference=-0.03,
    low=-0.04,
    high=-0.02,
    p_value=1e-6,
    adjusted_p_value=2e-6,
    seed_p_value=0.001,
)
GONE = Judged(metric="image_auroc", category="nut", verdict="missing", reason="the contender failed: no room")
MEAN = Judged(
    metric="image_auroc",
    verdict="undecided",
    contender=0.95,
    baseline=0.96,
    difference=-0.01,
    low=-0.04,
    high=0.02,
    p_value=0.4,
    adjusted_p_value=0.4,
    seed_p_value=0.2,
    categories=("bolt",),
    category_count=2,
)


@pytest.fixture
def comparisons():
    pair = PairComparison(
        contender="padim|2",
        baseline="padim",
        dataset="parts",
        contender_seeds=(0, 1),
        baseline_seeds=(0, 1),
        paired_seeds=False,
        judged=(LOST, GONE),
        means=(MEAN,),
        notes=("bolt: other image sizes",),
    )
    return Comparisons(contender="runs/a", baseline="runs/b", pairs=(pair,))


def test_a_mean_tells_how_many_categories_it_lacks(comparisons):
    for text in (text_report(comparisons), markdown_report(comparisons)):
        assert "mean of 1 of 2" in text
        assert "-0.0400 to -0.0200" in text
        assert "0.0001" in text
        assert "missing: the contender failed: no room (image AUROC nut)" in text
        assert "bolt: other image sizes" in text
        assert "seeds 0, 1 on both sides" in text


def test_markdown_escapes_names(comparisons):
    assert r"padim\|2" in markdown_report(comparisons)


def test_the_gate_names_each_reason(comparisons):
    text = text_report(ask_gate(comparisons))
    assert "the gate trips" in text
    assert "worse by more than 0.01: padim|2 against padim on parts, bolt: image AUROC worse, -0.0300" in text
    assert "can't be compared: padim|2 against padim on parts, nut" in text
    assert "the gate" not in text_report(comparisons)


@pytest.mark.parametrize(
    ("difference", "seed_p_value", "trips"),
    [(-0.03, 0.001, True), (-0.03, 0.2, False), (-0.005, 0.001, False)],
)
def test_an_undecided_loss_trips_where_seeds_do_not_explain_it_and_it_matters(
    comparisons, difference, seed_p_value, trips
):
    pair = comparisons.pairs[0]
    mean = evolve(MEAN, difference=difference, seed_p_value=seed_p_value)
    found = ask_gate(evolve(comparisons, pairs=(evolve(pair, judged=(), means=(mean,)),)))
    assert trips == found.gate.tripped

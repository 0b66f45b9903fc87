from statistics import fmean

from pyimgano_bench.compare._effect import Effect
from pyimgano_bench.compare._measure import Found
from pyimgano_bench.compare._verdict import Rule, judge, judge_mean

RULE = Rule(margin=0.01, alpha=0.05)


def found(ours, theirs, variance, *, identical=False):
    effect = Effect(
        contender=ours, baseline=theirs, paired=False, image_variance=variance, least_variance=0.0
    )
    return Found(effect=effect, contender=fmean(ours), baseline=fmean(theirs), identical=identical)


def lost(loss, error):
    """A loss that all seeds agree on, of so many standard errors over images."""
    return found((0.9 - loss,) * 3, (0.9,) * 3, error**2)


def test_a_loss_that_one_category_in_twenty_shows_by_chance_is_not_called_among_many():
    """A p-value of .03 is below .05 in one category, and not among four."""
    alone = judge("image_auroc", {"a": lost(0.05, 0.023)}, RULE)
    equal = {name: lost(0.0001, 0.02) for name in "bcd"}
    among = judge("image_auroc", {"a": lost(0.05, 0.023), **equal}, RULE)
    assert ("worse", "undecided") == (alone[0].verdict, among[0].verdict)
    assert alone[0].p_value == among[0].p_value
    assert among[0].adjusted_p_value == 4 * among[0].p_value


def test_what_these_images_show_is_told_where_it_is_beyond_the_margin():
    large, small = judge("image_auroc", {"a": lost(0.03, 0.03), "b": lost(0.009, 0.03)}, RULE)
    assert ("undecided", "undecided") == (large.verdict, small.verdict)
    assert "on these images" in large.reason
    assert small.reason is None


def test_a_mean_of_which_one_category_is_identical_is_judged():
    same = found((0.9,) * 3, (0.9,) * 3, 0.0, identical=True)
    mean = judge_mean("image_auroc", {"a": same, "b": lost(0.2, 0.02)}, RULE)
    assert ("worse", ("a", "b"), 2) == (mean.verdict, mean.categories, mean.category_count)


def test_a_category_that_can_not_be_bounded_is_undecided_and_not_in_the_mean():
    unsure = Found(contender=0.5, baseline=0.9, reason="there are too few images")
    absent = Found(reason="no masks")
    everything = {"a": unsure, "b": lost(0.2, 0.02), "c": absent}
    mean = judge_mean("image_auroc", everything, RULE)
    assert (("b",), 2) == (mean.categories, mean.category_count)
    verdicts = [judged.verdict for judged in judge("image_auroc", everything, RULE)]
    assert ["undecided", "worse", "undefined"] == verdicts

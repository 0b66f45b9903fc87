import json

import numpy as np
import pytest

from pyimgano_bench.compare import ask_gate, compare_folders, gate
from pyimgano_core.artifacts import read_artifact, write_artifact
from pyimgano_core.errors import ArtifactError, UsageError

AUROC = {"metrics": ["image_auroc"]}


def mean_of(found, metric="image_auroc"):
    (pair,) = found.pairs
    return next(mean for mean in pair.means if mean.metric == metric)


def verdicts(found):
    (pair,) = found.pairs
    return {judged.category: judged.verdict for judged in pair.judged}


def test_a_planted_loss_is_called_worse(side):
    found = compare_folders(side("planted", loss=0.6), side("before"), margin=0.0, **AUROC)
    mean = mean_of(found)
    assert "worse" == mean.verdict
    assert mean.low < mean.difference < mean.high < 0.0
    assert mean.difference == mean.contender - mean.baseline
    assert {"bolt": "worse", "nut": "worse"} == verdicts(found)


def test_the_same_loss_is_a_gain_from_the_other_side(side):
    planted, before = side("planted", loss=0.6), side("before")
    worse = mean_of(compare_folders(planted, before, **AUROC))
    better = mean_of(compare_folders(before, planted, **AUROC))
    assert "better" == better.verdict
    assert (better.difference, better.low, better.high) == pytest.approx(
        (-worse.difference, -worse.high, -worse.low)
    )
    assert better.p_value == pytest.approx(worse.p_value)


@pytest.mark.parametrize("draw", range(3))
def test_runs_that_differ_only_by_seed_are_not_called(side, draw):
    first, second = side("first", seeds=(0, 1, 2), draw=draw), side("second", seeds=(3, 4, 5), draw=draw)
    found = ask_gate(compare_folders(second, first, metrics=["image_auroc", "aupro"]))
    (pair,) = found.pairs
    assert not pair.paired_seeds
    assert {"equivalent", "undecided"} >= {each.verdict for each in (*pair.judged, *pair.means)}
    assert not found.gate.tripped


def test_a_comparison_with_itself_is_equivalent_and_has_no_interval(side):
    folder = side("same", seeds=(0,))
    mean = mean_of(compare_folders(folder, folder, **AUROC))
    assert ("equivalent", 0.0, None) == (mean.verdict, mean.difference, mean.p_value)


def test_one_seed_decides_nothing_however_large_the_loss(side):
    found = compare_folders(side("planted", loss=1.5, seeds=(0,)), side("before"), **AUROC)
    mean = mean_of(found)
    assert ("undecided", None, None) == (mean.verdict, mean.low, mean.p_value)
    assert "one seed on a side" in mean.reason
    assert mean.difference < -0.1


def test_a_small_difference_that_is_sure_is_equivalent_within_a_wide_margin(side):
    planted, before = side("planted", loss=0.6), side("before")
    assert "equivalent" == mean_of(compare_folders(planted, before, margin=0.3, **AUROC)).verdict


def test_sides_may_have_other_seeds_and_another_number_of_them(side):
    planted, before = side("planted", loss=0.6), side("before", seeds=(3, 4, 5, 6))
    (pair,) = compare_folders(planted, before, **AUROC).pairs
    assert ((0, 1, 2), (3, 4, 5, 6)) == (pair.contender_seeds, pair.baseline_seeds)
    assert "worse" == pair.means[0].verdict


def test_a_failed_category_is_missing_and_the_mean_says_what_it_is_over(side, bench, make_sketch):
    before, torn = side("before"), bench("torn")
    random = np.random.default_rng(0)
    for seed in range(3):
        torn.add("padim", "bolt", seed, make_sketch(random.normal(size=80)))
        torn.fail("padim", "nut", seed)
    found = ask_gate(compare_folders(torn.done(), before, **AUROC))
    mean = mean_of(found)
    assert "missing" == verdicts(found)["nut"]
    assert (("bolt",), 2) == (mean.categories, mean.category_count)
    assert any("can't be compared" in reason and "no memory" in reason for reason in found.gate.reasons)


def test_a_category_that_was_not_run_is_missing(side):
    found = gate(side("before"), side("fewer", categories=("bolt",)), margin=0.5, **AUROC)
    assert {"bolt": "equivalent", "nut": "missing"} == verdicts(found)
    assert found.gate.tripped


def test_a_category_that_lacks_a_seed_is_missing(bench, side, make_sketch):
    partial = bench("partial")
    random = np.random.default_rng(0)
    for category, seeds in (("bolt", (0, 1, 2)), ("nut", (0, 1))):
        for seed in seeds:
            partial.add("padim", category, seed, make_sketch(random.normal(size=80)))
    found = compare_folders(partial.done(), side("before"), **AUROC)
    (missing,) = [each for each in found.pairs[0].judged if each.verdict == "missing"]
    assert ("nut", "the contender was not run on it under seed 2") == (missing.category, missing.reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"normals": 30}, "labels differ"),
        ({"prefix": "other"}, "160 images scored on one side only"),
        ({"groups": [str(index // 2) for index in range(80)]}, "groups differ"),
    ],
)
def test_other_test_images_are_refused_and_named(bench, side, make_sketch, changes, reason):
    other = bench("other")
    random = np.random.default_rng(0)
    for seed in range(3):
        other.add("padim", "bolt", seed, make_sketch(random.normal(size=80), **changes))
    with pytest.raises(UsageError, match=reason):
        compare_folders(other.done(), side("before", categories=("bolt",)), **AUROC)


def test_images_of_the_same_names_but_other_contents_are_refused(bench, side, make_sketch):
    other = bench("other")
    for seed in range(3):
        scores = np.random.default_rng(seed).normal(size=80)
        other.add("padim", "bolt", seed, make_sketch(scores), content="changed")
    with pytest.raises(UsageError, match="names agree, but the contents"):
        compare_folders(other.done(), side("before", categories=("bolt",)), **AUROC)


def test_test_images_that_follow_the_seed_are_compared_seed_by_seed(bench, make_sketch):
    folders = []
    for name, loss in (("planted", 1.0), ("before", 0.0)):
        folder = bench(name)
        for seed in range(4):
            random = np.random.default_rng(seed)
            scores = random.normal(size=80) + (np.arange(80) >= 40) * (2.5 - loss)
            folder.add("padim", "bolt", seed, make_sketch(scores, prefix=f"{seed}_"))
        folders.append(folder.done())
    found = compare_folders(*folders, **AUROC)
    assert (True, "worse") == (found.pairs[0].paired_seeds, mean_of(found).verdict)


def test_images_of_one_group_count_as_one(bench, make_sketch):
    """Five copies of every image, each in its image's group, say no more than one of them."""
    means = []
    for copies in (1, 5):
        folders = []
        for name, loss in ((f"planted{copies}", 0.8), (f"before{copies}", 0.0)):
            folder = bench(name)
            for seed in range(3):
                random = np.random.default_rng([seed, int(loss > 0)])
                base = np.random.default_rng(1).normal(size=80) + (np.arange(80) >= 40) * (2.5 - loss)
                scores = np.repeat(base + 0.5 * random.normal(size=80), copies)
                groups = [str(index // copies) for index in range(80 * copies)]
                folder.add("padim", "bolt", seed, make_sketch(scores, normals=40 * copies, groups=groups))
            folders.append(folder.done())
        means.append(mean_of(compare_folders(*folders, **AUROC)))
    one, five = (mean.high - mean.low for mean in means)
    assert five == pytest.approx(one, rel=0.05)


def test_detectors_of_one_folder_are_compared(bench, make_sketch):
    folder = bench("both")
    for seed in range(3):
        random = np.random.default_rng(seed)
        base = np.random.default_rng(9).normal(size=80)
        for label, gap in (("padim", 3.0), ("subspace", 1.5)):
            scores = base + 0.2 * random.normal(size=80) + (np.arange(80) >= 40) * gap
            folder.add(label, "bolt", seed, make_sketch(scores))
    path = folder.done()
    found = compare_folders(path, path, detectors=[("padim", "subspace")], **AUROC)
    assert ("padim", "subspace") == (found.pairs[0].contender, found.pairs[0].baseline)
    assert "better" == mean_of(found).verdict
    assert ["padim", "subspace"] == [pair.contender for pair in compare_folders(path, path, **AUROC).pairs]


def test_one_detector_on_each_side_needs_no_common_name(side):
    found = compare_folders(side("new", label="padim-v2"), side("old", label="padim"), **AUROC)
    assert [("padim-v2", "padim")] == [(pair.contender, pair.baseline) for pair in found.pairs]


def test_a_detector_that_only_one_side_has_is_told(bench, side, make_sketch):
    folder = bench("more")
    for label in ("padim", "extra"):
        for seed in range(2):
            random = np.random.default_rng([seed, len(label)])
            folder.add(label, "bolt", seed, make_sketch(random.normal(size=80)))
    found = compare_folders(folder.done(), side("before", categories=("bolt",)), **AUROC)
    assert ("only the contender has 'extra'",) == found.notes


def test_pixel_metrics_that_one_side_lacks_are_missing_and_those_of_none_undefined(bench, make_sketch):
    def write(name, **changes):
        folder = bench(name)
        for seed in range(2):
            random = np.random.default_rng(seed)
            folder.add("padim", "bolt", seed, make_sketch(random.normal(size=80)), **changes)
        return folder.done()

    bare, full = write("bare", pixels=False), write("full")
    found = compare_folders(bare, full)
    assert ("missing", "no category can be compared") == (
        mean_of(found, "aupro").verdict,
        mean_of(found, "aupro").reason,
    )
    none = compare_folders(bare, bare)
    assert "undefined" == mean_of(none, "aupro").verdict
    assert "no masks" == none.pairs[0].judged[1].reason


def test_limits_that_differ_are_named(bench, make_sketch):
    folders = []
    for name, limit in (("narrow", 0.05), ("wide", 0.3)):
        folder = bench(name)
        for seed in range(2):
            random = np.random.default_rng(seed)
            folder.add("padim", "bolt", seed, make_sketch(random.normal(size=80)), aupro_limit=limit)
        folders.append(folder.done())
    found = compare_folders(*folders)
    reasons = {judged.metric: judged.reason for judged in found.pairs[0].judged}
    assert "aupro_limit is 0.05 for the contender and 0.3 for the baseline" == reasons["aupro"]


def test_saturations_that_differ_keep_only_au_spro_from_being_compared(bench, make_sketch):
    folders = []
    for saturation in (0.5, 1.0):
        folder = bench(f"saturation{saturation}")
        for seed in range(2):
            scores = np.random.default_rng(seed).normal(size=80)
            folder.add("padim", "bolt", seed, make_sketch(scores, saturation=saturation))
        folders.append(folder.done())
    judged = compare_folders(*folders, metrics=["aupro", "au_spro"]).pairs[0].judged
    assert ["equivalent", "missing"] == [each.verdict for each in judged]
    assert "saturation is 0.5 for the contender and 1.0 for the baseline" == judged[1].reason


def test_a_broken_detector_with_constant_scores_is_worse(bench, side, make_sketch):
    broken = bench("broken")
    for seed in range(3):
        for category in ("bolt", "nut"):
            broken.add("padim", category, seed, make_sketch(np.zeros(80)))
    assert "worse" == mean_of(compare_folders(broken.done(), side("before"), **AUROC)).verdict


def test_two_perfect_sides_are_not_taken_for_equivalent(bench, make_sketch):
    folders = []
    for name in ("one", "other"):
        folder = bench(name)
        for seed in range(2):
            scores = np.random.default_rng([seed, len(name)]).random(80) + (np.arange(80) >= 40) * 2
            folder.add("padim", "bolt", seed, make_sketch(scores))
        folders.append(folder.done())
    mean = mean_of(compare_folders(*folders, **AUROC))
    assert ("undecided", 1.0, 1.0) == (mean.verdict, mean.contender, mean.baseline)
    assert "bounds nothing" in mean.reason


def test_the_gate_trips_beyond_its_margin_only(side):
    before, planted = side("before"), side("planted", loss=0.6)
    assert gate(before, planted, margin=0.01, **AUROC).gate.tripped
    assert not gate(before, planted, margin=0.3, **AUROC).gate.tripped
    assert not gate(planted, before, margin=0.01, **AUROC).gate.tripped


def test_the_gate_trips_where_one_seed_can_not_be_judged_but_not_where_all_is_equal(side):
    before, again = side("before", seeds=(0,)), side("again", seeds=(0,))
    assert not gate(before, again, margin=0.01).gate.tripped
    (reason, *_) = gate(before, side("other", seeds=(0,), draw=1), margin=0.01).gate.reasons
    assert "can't be judged: one seed on a side" in reason


def test_a_folder_without_a_benchmark_is_refused(tmp_path, side):
    with pytest.raises(UsageError, match=r"has no results\.json: name the folder of a finished benchmark"):
        compare_folders(tmp_path, side("before"))


def test_a_trial_is_refused(bench, side, make_sketch):
    trial = bench("trial", trial=4)
    trial.add("padim", "bolt", 0, make_sketch(np.arange(80.0)))
    with pytest.raises(UsageError, match="is a trial of at most 4 test images"):
        compare_folders(trial.done(), side("before"))


def test_a_trial_cell_in_the_place_of_a_full_one_is_refused(bench, side, make_sketch):
    trial = bench("trial", trial=4)
    trial.add("padim", "bolt", 0, make_sketch(np.arange(80.0)))
    trial.trial = None
    with pytest.raises(ArtifactError, match=r"this is not the cell that results\.json has"):
        compare_folders(trial.done(), side("before"))


@pytest.mark.parametrize(
    ("damage", "message"), [("torn", "not the sketch that its cell names"), ("gone", "is missing")]
)
def test_a_sketch_that_is_torn_or_gone_is_refused(side, damage, message):
    folder = side("damaged")
    path = min((folder / "cells").glob("*.npz"))
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    with pytest.raises(ArtifactError, match=message):
        compare_folders(folder, side("before"))


def test_a_cell_that_is_gone_is_refused(side):
    folder = side("damaged")
    path = min((folder / "cells").glob("*.json"))
    path.unlink()
    with pytest.raises(ArtifactError, match="no such file"):
        compare_folders(folder, side("before"))


def test_results_that_are_torn_are_refused(side):
    folder = side("damaged")
    (folder / "results.json").write_text('{"kind": ')
    with pytest.raises(ArtifactError, match=r"results\.json"):
        compare_folders(folder, side("before"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["auroc"]}, "metric 'auroc' is unknown; there are image_auroc"),
        ({"margin": -0.1}, "the margin -0.1"),
        ({"alpha": 0.0}, r"alpha 0\.0"),
        ({"detectors": [("padim", "nope")]}, "the second folder has no detector 'nope', only 'padim'"),
    ],
)
def test_arguments_that_can_not_be_followed_are_named(side, arguments, message):
    folder = side("before", seeds=(0,), categories=("bolt",))
    with pytest.raises(UsageError, match=message):
        compare_folders(folder, folder, **arguments)


def test_data_sets_without_a_common_name_are_refused(bench, side, make_sketch):
    other = bench("other")
    other.add("padim", "bolt", 0, make_sketch(np.arange(80.0)), dataset="elsewhere")
    with pytest.raises(
        UsageError, match="no data set in common: 'elsewhere' on one side, 'parts' on the other"
    ):
        compare_folders(other.done(), side("before"))


def test_the_document_can_be_read_again(side, tmp_path):
    found = ask_gate(compare_folders(side("planted", loss=0.6), side("before"), **AUROC))
    write_artifact(tmp_path / "comparison.json", found)
    assert found == read_artifact(tmp_path / "comparison.json", type(found))
    assert "pyimgano.bench_comparison" == json.loads((tmp_path / "comparison.json").read_text())["kind"]

from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from pyimgano_bench.trial import cut_short
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.gate import MaskState
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.pixel_gate import decide_gate
from pyimgano_core.preparation import Prepared, PreparedCategory


def samples(role, labels):
    return [
        Sample(
            record=Record(image_path=f"{role}{index}.png", category="bolt", label=label),
            image=Path(f"{role}{index}.png"),
        )
        for index, label in enumerate(labels)
    ]


def prepared_of(*, train=0, calibration=0, test=(), masks=None):
    """Return a category with test images of these labels; the anomalous ones have masks unless told else."""
    split = CategorySplit(
        category="bolt",
        train=samples("train", [0] * train),
        calibration=samples("val", [0] * calibration),
        test=samples("test", test),
    )
    given_masks = masks or ["ok" if label else "absent" for label in test]
    states = tuple(MaskState(status=status) for status in given_masks)
    gate = decide_gate(split.test, states, RunConfig().evaluation)
    category = PreparedCategory(split=split, masks=states, gate=gate)
    return Prepared(samples=(), categories=(category,), hashes={}, issues=())


def cut(prepared, limit, seed=0):
    return cut_short(prepared, evolve(RunConfig(), seed=seed), limit).categories[0]


labels_of_tests = st.lists(st.integers(0, 1), min_size=1, max_size=40)


@given(labels_of_tests, st.integers(2, 20), st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
def test_a_trial_has_the_asked_number_of_tests_and_something_of_everything(
    labels, limit, train, calibration, seed
):
    whole = prepared_of(train=train, calibration=calibration, test=labels)
    split = cut(whole, limit, seed).split
    assert min(limit, len(labels)) == len(split.test)
    assert set(labels) == {sample.record.label for sample in split.test}
    assert (train > 0, calibration > 0) == (len(split.train) > 0, len(split.calibration) > 0)
    for role, kept in split.by_role:
        before = [sample.image for sample in dict(whole.categories[0].split.by_role)[role]]
        places = [before.index(sample.image) for sample in kept]
        assert places == sorted(set(places))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 40))
def test_classes_and_roles_keep_their_proportions(normal, anomalous, limit):
    assume(limit < normal + anomalous)
    split = cut(prepared_of(train=90, test=[0] * normal + [1] * anomalous), limit).split
    share = limit / (normal + anomalous)
    kept = Counter(sample.record.label for sample in split.test)
    assert kept[1] == pytest.approx(share * anomalous, abs=1)
    assert kept[0] == pytest.approx(share * normal, abs=1)
    assert 0 <= len(split.train) - share * 90 < 1 + 1e-9


def test_a_category_that_is_short_already_stays_as_it_is():
    whole = prepared_of(train=3, calibration=2, test=[0, 1, 1])
    assert whole.categories[0] == cut(whole, 3)


def test_the_seed_draws_the_images():
    whole = prepared_of(test=[0, 1] * 20)
    drawn = [[sample.image for sample in cut(whole, 6, seed).split.test] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_the_masks_that_are_left_decide_on_pixel_metrics():
    whole = prepared_of(test=[0, 1, 1], masks=["absent", "ok", "not_found"])
    assert not whole.categories[0].gate.enabled
    found = {}
    for seed in range(20):
        category = cut(whole, 2, seed)
        found[category.split.test[1].image.stem] = category.gate.enabled
        assert "test0" == category.split.test[0].image.stem
    assert {"test1": True, "test2": False} == found

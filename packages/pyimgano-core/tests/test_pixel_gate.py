import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.contracts.config import EvaluationConfig, SplitPolicy
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.manifest import load_manifest
from pyimgano_core.pixel_gate import MaskState, decide_gate, inspect_mask, is_evaluated
from pyimgano_core.splits import split_dataset

ALL = EvaluationConfig()
MASKED = EvaluationConfig(pixel_subset="masked")


def sample(image="a.png", mask=None, label=1):
    record = Record(image_path=str(image), category="bolt", label=label, mask_path=mask and str(mask))
    return Sample(record=record, image=Path(image), mask=mask)


def grey(path, pixels):
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return path


def status(folder, pixels, *, label=1, shape=(4, 6)):
    image = grey(folder / "image.png", np.full(shape, 9))
    return inspect_mask(sample(image, grey(folder / "mask.png", pixels), label))


def test_a_mask_that_marks_something_is_ok(tmp_path):
    assert MaskState(status="ok") == status(tmp_path, np.eye(4, 6) * 255)


def test_a_mask_of_zeros_and_ones_marks_its_ones(tmp_path):
    assert MaskState(status="ok") == status(tmp_path, np.eye(4, 6))


def test_a_black_mask_is_empty(tmp_path):
    assert MaskState(status="empty") == status(tmp_path, np.zeros((4, 6)))


def test_a_mask_of_another_size_is_told_with_both_sizes(tmp_path):
    state = status(tmp_path, np.ones((5, 6)))
    assert (state.status, state.detail) == ("size_mismatch", "has 6x5 pixels, its image 6x4")


def test_a_mask_on_a_normal_image_is_told(tmp_path):
    assert MaskState(status="ok", on_normal=True) == status(tmp_path, np.eye(4, 6), label=0)
    assert MaskState(status="empty") == status(tmp_path, np.zeros((4, 6)), label=0)


def test_a_truncated_mask_is_unreadable_and_never_empty(tmp_path):
    mask = grey(tmp_path / "mask.png", np.random.default_rng(0).integers(0, 255, (64, 64)))
    mask.write_bytes(mask.read_bytes()[:1000])
    state = inspect_mask(sample(tmp_path / "image.png", mask))
    assert state.status == "unreadable"
    assert state.detail
    assert str(tmp_path) not in state.detail


def test_missing_masks_are_told_apart(tmp_path):
    assert inspect_mask(sample()).status == "absent"
    assert inspect_mask(sample(mask=tmp_path / "none.png")).status == "not_found"
    assert inspect_mask(sample(mask=tmp_path)).status == "unreadable"


def test_an_image_that_can_not_be_read_leaves_its_mask_usable(tmp_path):
    mask = grey(tmp_path / "mask.png", np.eye(4))
    assert inspect_mask(sample(tmp_path / "none.png", mask)).status == "ok"


def gate(statuses, config=ALL, normals=("absent",)):
    """Decide over anomalous images with these statuses, and normal ones."""
    states = [
        MaskState(status=status.removesuffix("!"), on_normal=status.endswith("!")) for status in statuses
    ]
    normal_states = [
        MaskState(status=status.removesuffix("!"), on_normal=status.endswith("!")) for status in normals
    ]
    test = [sample(label=1, mask=Path("m.png"))] * len(states) + [sample(label=0)] * len(normal_states)
    states += normal_states
    decision = decide_gate(test, states, config)
    counted = sum(is_evaluated(item, state, decision) for item, state in zip(test, states, strict=True))
    return decision, counted


def test_the_gate_opens_where_every_anomaly_has_a_mask():
    decision, counted = gate(["ok", "ok"], normals=("absent", "empty", "not_found"))
    assert (decision.enabled, decision.reason, counted) == (True, None, 5)
    assert (decision.n_anomalous, decision.n_usable_masks, decision.empty_masks) == (2, 2, 0)


@pytest.mark.parametrize(
    ("statuses", "normals", "reason"),
    [
        ([], ["absent"], "no_test_anomalies"),
        (["absent", "absent"], [], "no_masks"),
        (["not_found"], [], "no_masks"),
        (["ok", "absent"], [], "missing_masks"),
        (["ok", "not_found"], [], "missing_masks"),
        (["ok", "unreadable"], [], "unusable_masks"),
        (["ok", "size_mismatch"], [], "unusable_masks"),
        (["ok"], ["unreadable"], "unusable_masks"),
        (["ok"], ["ok!"], "mask_on_normal"),
        (["empty", "empty"], [], "empty_masks"),
    ],
)
def test_the_gate_closes_with_its_reason(statuses, normals, reason):
    decision, counted = gate(statuses, normals=normals)
    assert (False, reason, 0) == (decision.enabled, decision.reason, counted)
    assert decision.message


def test_the_gate_closes_on_request():
    decision, counted = gate(["ok"], EvaluationConfig(pixel_metrics=False))
    assert (decision.reason, counted) == ("disabled_by_config", 0)


def test_the_masked_subset_leaves_out_what_has_no_usable_mask_and_says_so():
    decision, counted = gate(["ok", "absent", "unreadable", "ok"], MASKED, ["absent", "size_mismatch"])
    assert (decision.enabled, decision.subset, counted) == (True, "masked", 3)
    assert "2 of 4" in decision.message
    assert "masked subset" in decision.message


@pytest.mark.parametrize(
    ("statuses", "normals", "reason"),
    [
        (["absent"], [], "no_masks"),
        (["unreadable", "absent"], [], "unusable_masks"),
        (["ok"], ["ok!"], "mask_on_normal"),
    ],
)
def test_the_masked_subset_closes_too_where_it_has_nothing_to_stand_on(statuses, normals, reason):
    assert reason == gate(statuses, MASKED, normals)[0].reason


def test_an_empty_mask_counts_and_is_told():
    decision, counted = gate(["ok", "empty"])
    assert (decision.enabled, decision.empty_masks, counted) == (True, 1, 3)
    assert "1 of the masks is empty" in decision.message


STATUSES = st.lists(st.sampled_from(["ok", "absent", "empty", "unreadable", "size_mismatch"]), max_size=3)
SEVERAL_OF_ONE = re.compile(r"\b1 (of (\d+|the) )?([a-z]+ )*?(images|masks|ones)\b(?! (has|is|and|\())")


@given(statuses=STATUSES, normals=st.lists(st.sampled_from(["absent", "ok!"]), max_size=3))
@pytest.mark.parametrize("config", [ALL, MASKED], ids=["all", "masked"])
def test_what_is_said_of_one_is_said_in_the_singular(config, statuses, normals):
    message = gate(statuses, config, normals)[0].message
    assert SEVERAL_OF_ONE.search(message) is None, message


def test_what_is_said_of_one_mask_and_of_several():
    said = [gate([*["absent"] * count, *["ok"] * 3])[0].message for count in (1, 2)]
    advice = 'or set evaluation.pixel_subset = "masked"'
    assert [
        f"1 of 4 anomalous test images has no mask: add it, {advice}",
        f"2 of 5 anomalous test images have no mask: add them, {advice}",
    ] == said
    said = [gate([*["unreadable"] * count, "ok"])[0].message for count in (1, 2)]
    assert [
        f"1 mask can't be read or differs in size from the image: mend it, {advice}",
        f"2 masks can't be read or differ in size from the image: mend them, {advice}",
    ] == said
    assert (
        "the only mask of an anomalous image is empty: there is no defect to find"
        == gate(["empty"])[0].message
    )


def test_masks_at_fault_are_named():
    decision, _ = gate(["ok", "not_found", "unreadable"])
    assert len(decision.problems) == 2
    assert all(problem.startswith("m.png: ") for problem in decision.problems)


@pytest.mark.real_data
@pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set")
def test_real_masks_that_cover_some_anomalies_close_the_gate_unless_the_subset_is_asked_for():
    folder = Path(os.environ["PYIMGANO_REAL_DATA"]) / "cookies"
    loaded = load_manifest(folder / "manifest.jsonl")
    assert loaded.issues == ()
    (split,) = split_dataset(loaded.samples, SplitPolicy(), 0).categories
    states = [inspect_mask(item) for item in split.test]
    closed, masked = (decide_gate(split.test, states, config) for config in (ALL, MASKED))
    assert (
        closed.enabled, closed.reason, closed.n_anomalous, closed.n_usable_masks
    ) == (False, "missing_masks", 40, 32)  # fmt: skip
    counted = [is_evaluated(item, state, masked) for item, state in zip(split.test, states, strict=True)]
    assert (masked.enabled, sum(counted)) == (True, 46)

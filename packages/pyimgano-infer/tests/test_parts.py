import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.infer_summary import PartCounts
from pyimgano_core.contracts.part import PartVerdict, PartView
from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.contracts.structuring import structure
from pyimgano_core.errors import MachineError
from pyimgano_infer._parts import judge_part, write_parts

STATES = ("normal", "review", "anomalous", "failed", None)
VIEWS = st.lists(st.tuples(st.sampled_from(STATES), st.none() | st.floats(0, 10)), min_size=1, max_size=6)


def view(index, state, ratio=None):
    if state == "failed":
        return PartView(index=index, category="part", error="truncated")
    return PartView(index=index, category="part", label=state, ratio=ratio)


def line(index, part, state="normal", *, score=0.5, threshold=1.0, category="part"):
    meta = None if part is None else {"part_id": part, "camera": index}
    if state == "failed":
        error = Failure(code="truncated", message="cut off")
        return Prediction(
            index=index,
            status="error",
            input="a.png",
            category=category,
            threshold=threshold,
            error=error,
            meta=meta,
        )
    return Prediction(
        index=index,
        input="a.png",
        category=category,
        score=score,
        threshold=threshold,
        label=state,
        meta=meta,
    )


@pytest.fixture
def judge(tmp_path):
    """Return a function from lines to the verdicts that are written, by part, and the counts."""

    def write(*lines):
        path = tmp_path / "parts.jsonl"
        counts = write_parts(iter(lines), path)
        documents = map(json.loads, path.read_text().splitlines())
        found = [structure(document, PartVerdict, known_only=True) for document in documents]
        return {verdict.part_id: verdict for verdict in found}, counts

    return write


@pytest.mark.parametrize(
    ("states", "label", "reason"),
    [
        (["normal", "normal"], "normal", None),
        (["normal", "review"], "review", None),
        (["review", "anomalous", "normal"], "anomalous", None),
        (["anomalous", "failed"], "anomalous", None),
        (["anomalous", None], "anomalous", None),
        (["normal", "failed"], None, "failed_view"),
        (["review", "failed"], None, "failed_view"),
        (["failed"], None, "failed_view"),
        (["normal", None], None, "view_without_verdict"),
        ([None, "failed"], None, "failed_view"),
    ],
)
def test_a_part_is_as_bad_as_its_worst_view_and_never_normal_where_one_is_missing(states, label, reason):
    for order in permutations(states):
        found = judge_part("7", [view(index, state) for index, state in enumerate(order)])
        assert (label, reason) == (found.label, found.reason)
        assert (len(states), states.count("failed")) == (found.n_views, found.n_failed)


@given(VIEWS)
def test_a_normal_part_has_normal_views_alone_and_an_anomalous_view_is_never_lost(states):
    found = judge_part("7", [view(index, *state) for index, state in enumerate(states)])
    labels = [state for state, _ in states]
    assert ("normal" == found.label) == ({"normal"} == set(labels))
    assert ("anomalous" == found.label) == ("anomalous" in labels)
    assert (found.label is None) == (found.reason is not None)


def test_the_worst_view_has_the_gravest_label_then_the_highest_ratio_and_is_the_first_of_equals():
    views = [
        view(3, "normal", 5.0),
        view(4, "anomalous", 1.5),
        view(5, "anomalous", 2.0),
        view(6, "anomalous", 2.0),
    ]
    found = judge_part("7", views)
    assert (5, 5.0) == (found.worst_index, found.max_ratio)
    assert 4 == judge_part("7", views[:2]).worst_index
    assert (None, None) == (judge_part("7", [view(1, "failed")]).worst_index, None)


def test_rows_that_share_a_part_are_judged_together_wherever_they_stand(judge):
    verdicts, counts = judge(
        line(0, "a"),
        line(1, "b", score=0.2),
        line(2, "a", "anomalous", score=4.0, threshold=2.0, category="top"),
        line(3, "b", "failed"),
    )
    assert ["a", "b"] == list(verdicts)
    assert (
        PartView(index=0, category="part", label="normal", ratio=0.5),
        PartView(index=2, category="top", label="anomalous", ratio=2.0),
    ) == verdicts["a"].views
    assert ("anomalous", 2, 2.0) == (verdicts["a"].label, verdicts["a"].worst_index, verdicts["a"].max_ratio)
    assert (None, "failed_view", 1) == (verdicts["b"].label, verdicts["b"].reason, verdicts["b"].n_failed)
    assert "truncated" == verdicts["b"].views[1].error
    assert counts == PartCounts(
        n_parts=2,
        n_normal=0,
        n_review=0,
        n_anomalous=1,
        n_without_verdict=1,
        n_lines_without_part=0,
        n_failed_without_part=0,
    )


def test_lines_without_a_part_do_not_count_and_are_told(judge):
    others = [None, "", ["7"], True, 1.5]
    lines = [line(index, part) for index, part in enumerate(others)]
    views = [line(8, 7.0), line(9, 7), line(10, "7", "review")]
    verdicts, counts = judge(*views, line(11, None, "failed"), *lines)
    assert {"7": 3} == {part: verdict.n_views for part, verdict in verdicts.items()}
    assert (1, 1, 6, 1) == (
        counts.n_parts,
        counts.n_review,
        counts.n_lines_without_part,
        counts.n_failed_without_part,
    )


@pytest.mark.parametrize("threshold", [None, 0.0, -1.0, 5e-324])
def test_a_ratio_is_only_given_where_the_threshold_allows_one(judge, threshold):
    verdicts, _ = judge(line(0, "a", score=1.0, threshold=threshold))
    assert (None, None) == (verdicts["a"].views[0].ratio, verdicts["a"].max_ratio)


def test_without_parts_the_file_is_empty(judge):
    verdicts, counts = judge(line(0, None))
    assert ({}, 0) == (verdicts, counts.n_parts)


def test_the_file_is_whole_or_absent(tmp_path):
    def broken():
        yield line(0, "a")
        raise MachineError("torn")

    with pytest.raises(MachineError):
        write_parts(broken(), tmp_path / "parts.jsonl")
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(MachineError, match="can't be written"):
        write_parts([line(0, "a")], tmp_path)

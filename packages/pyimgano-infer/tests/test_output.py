import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_infer._output import Tally, describe, open_lines

LABELS = st.sampled_from(["normal", "review", "anomalous", None])
CODES = st.sampled_from(["truncated", "not_found"])


def ok(label):
    return Prediction(index=0, input="a.png", category="part", score=0.5, threshold=0.5, label=label)


def failed(code):
    error = Failure(code=code, message="bad")
    return Prediction(index=0, status="error", input="a.png", category="part", error=error)


def summarize(predictions, output=None):
    tally = Tally()
    for prediction in predictions:
        tally.add(prediction)
    return tally.summarize(
        seconds=2.0,
        infer_config="c.json",
        output=output,
        threshold_source="config",
        review_threshold_source="config",
        notices={},
    )


@given(st.lists(LABELS.map(ok) | CODES.map(failed)))
def test_counts_always_add_up(predictions):
    summary = summarize(predictions)
    assert len(predictions) == summary.n_inputs == summary.n_ok + summary.n_failed
    assert summary.n_ok == sum(
        (summary.n_normal, summary.n_review, summary.n_anomalous, summary.n_unlabelled)
    )
    assert summary.n_failed == sum(summary.errors.values())


def test_the_summary_reads_as_a_sentence():
    text = describe(summarize([ok("normal"), ok("anomalous"), failed("truncated")], output="out.jsonl"))
    assert [
        "3 inputs: 1 normal, 1 anomalous, 1 failed; 2.0 s, 1.5 images/s",
        "failed: 1 truncated",
        "results: out.jsonl",
    ] == text.splitlines()


def test_images_to_review_are_told_wherever_there_is_a_band():
    banded = [evolve(ok(label), review_threshold=0.25) for label in ("normal", "anomalous", "review")]
    assert "3 inputs: 1 normal, 1 to review, 1 anomalous, 0 failed" in describe(summarize(banded))
    assert "2 inputs: 1 normal, 0 to review, 1 anomalous, 0 failed" in describe(summarize(banded[:2]))
    assert {"part": 0.25} == summarize(banded).review_thresholds


def test_an_error_leaves_the_finished_lines_under_the_partial_name(tmp_path):
    output = tmp_path / "out.jsonl"
    output.write_text("old\n")

    def fail_after_one_line():
        with open_lines(output) as write:
            write(ok("normal"))
            write(None / 0)

    with pytest.raises(TypeError):
        fail_after_one_line()
    assert "old\n" == output.read_text()
    assert 1 == len((tmp_path / "out.jsonl.partial").read_text().splitlines())

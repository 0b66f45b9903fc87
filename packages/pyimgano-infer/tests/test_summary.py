from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.infer_summary import PartCounts
from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_infer._summary import RunFacts, Tally, describe

LABELS = st.sampled_from(["normal", "review", "anomalous", None])
CODES = st.sampled_from(["truncated", "not_found"])


def ok(label):
    return Prediction(index=0, input="a.png", category="part", score=0.5, threshold=0.5, label=label)


def failed(code):
    error = Failure(code=code, message="bad")
    return Prediction(index=0, status="error", input="a.png", category="part", error=error)


def summarize(predictions, **facts):
    tally = Tally()
    for prediction in predictions:
        tally.add(prediction)
    plain = RunFacts(
        infer_config="c.json",
        output=None,
        threshold_source="config",
        review_threshold_source="config",
        device="cpu",
        runtimes=(),
        notices={},
        parts=None,
        n_scored=len(predictions),
        seconds=2.0,
    )
    return tally.summarize(evolve(plain, **facts))


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
        'failed: 1 truncated (see the lines with "status": "error")',
        "results: out.jsonl",
    ] == text.splitlines()


def test_images_to_review_are_told_wherever_there_is_a_band():
    banded = [evolve(ok(label), review_threshold=0.25) for label in ("normal", "anomalous", "review")]
    assert "3 inputs: 1 normal, 1 to review, 1 anomalous, 0 failed" in describe(summarize(banded))
    assert "2 inputs: 1 normal, 0 to review, 1 anomalous, 0 failed" in describe(summarize(banded[:2]))
    assert {"part": 0.25} == summarize(banded).review_thresholds


def test_speed_is_that_of_what_was_scored_now():
    summary = summarize([ok("normal")] * 10, n_scored=4)
    assert (6, 2.0) == (summary.n_resumed, summary.images_per_second)
    assert "6 of them were there already" in describe(summary)


def test_verdicts_on_parts_are_told_with_what_belongs_to_none():
    counts = PartCounts(
        n_parts=4,
        n_normal=1,
        n_review=0,
        n_anomalous=2,
        n_without_verdict=1,
        n_lines_without_part=3,
        n_failed_without_part=0,
    )
    told = describe(summarize([ok("normal")], parts=counts))
    assert "4 parts: 1 normal, 0 to review, 2 anomalous, 1 without a verdict; 3 inputs of none" in told

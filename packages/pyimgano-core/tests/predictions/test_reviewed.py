import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.cli.manifest import manifest
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.manifest import load_manifest
from pyimgano_core.predictions import merge_reviewed


def lines(path, *documents):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def record(name, **fields):
    return {"image_path": f"{name}.png", "category": "bolt", **fields}


@pytest.fixture
def samples(tmp_path):
    """Two train images, and a test image of each kind."""
    for name in ("a", "b", "good", "bad", "new/one", "new/two"):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    lines(
        tmp_path / "manifest.jsonl",
        record("a", split="train", label=0, meta={"lot": 3}),
        record("b", split="train", label=0),
        record("good", split="test", label=0),
        record("bad", split="test", label=1, defect="dent", mask_path="bad_mask.png"),
    )
    return load_manifest(tmp_path / "manifest.jsonl").samples


def any_verdict(verdicts):
    return any(verdict is not None for verdict in verdicts)


def by_name(reviewed):
    return {sample.image.name: sample.record for sample in reviewed.samples}


def test_a_verdict_changes_its_record_alone(samples, tmp_path):
    labels = lines(tmp_path / "l.jsonl", {"input": "good.png", "label": 1, "defect": "scratch", "score": 2.5})
    reviewed = merge_reviewed(samples, labels)
    found = by_name(reviewed)["good.png"]
    assert (found.label, found.defect, found.split) == (1, "scratch", "test")
    assert [s for s in samples if s.image.name != "good.png"] == [
        s for s in reviewed.samples if s.image.name != "good.png"
    ]
    assert reviewed.counts == {
        "confirmed": 0,
        "changed": 1,
        "moved_to_test": 0,
        "unreviewed": 0,
        "added": 0,
    }


def test_an_image_judged_normal_loses_its_defect_and_mask(samples, tmp_path):
    reviewed = merge_reviewed(samples, lines(tmp_path / "l.jsonl", {"input": "bad.png", "label": 0}))
    sample = next(sample for sample in reviewed.samples if sample.image.name == "bad.png")
    assert (sample.record.label, sample.record.defect, sample.record.mask_path, sample.mask) == (
        0,
        None,
        None,
        None,
    )


def test_a_train_image_judged_anomalous_moves_to_test(samples, tmp_path):
    reviewed = merge_reviewed(samples, lines(tmp_path / "l.jsonl", {"image_path": "a.png", "label": 1}))
    assert (by_name(reviewed)["a.png"].split, reviewed.counts["moved_to_test"]) == ("test", 1)
    assert by_name(reviewed)["a.png"].meta == {"lot": 3}


def test_a_label_in_words_is_the_models_own(samples, tmp_path):
    labels = lines(
        tmp_path / "l.jsonl", {"input": "good.png", "label": "anomalous"}, {"input": "bad.png", "label": 1}
    )
    reviewed = merge_reviewed(samples, labels)
    assert by_name(reviewed)["good.png"].label == 0
    assert (reviewed.counts["unreviewed"], reviewed.counts["confirmed"]) == (1, 1)


def test_the_persons_label_counts_before_the_truth_of_the_run(samples, tmp_path):
    labels = lines(tmp_path / "l.jsonl", {"input": "good.png", "y_true": 0, "label": 1})
    assert by_name(merge_reviewed(samples, labels))["good.png"].label == 1


def test_images_that_no_record_names_are_added_without_a_split(samples, tmp_path):
    labels = lines(
        tmp_path / "l.jsonl", {"input": "new/one.png", "label": 0}, {"input": "new/two.png", "label": 1}
    )
    reviewed = merge_reviewed(samples, labels)
    new = reviewed.samples[len(samples) :]
    assert [(s.image, s.record.category, s.record.label, s.record.split) for s in new] == [
        (tmp_path / "new" / "one.png", "bolt", 0, None),
        (tmp_path / "new" / "two.png", "bolt", 1, None),
    ]


def test_an_image_is_not_taken_for_another_whose_path_ends_alike(samples, tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "new" / "a.png")
    reviewed = merge_reviewed(samples, lines(tmp_path / "l.jsonl", {"input": "new/a.png", "label": 1}))
    assert (by_name(reviewed)["b.png"].label, reviewed.samples[0].record.label) == (0, 0)
    assert reviewed.counts["added"] == 1


def test_all_faults_are_told_and_nothing_is_merged(samples, tmp_path):
    labels = lines(
        tmp_path / "l.jsonl",
        {"input": "good.png", "label": 1},
        {"input": "./good.png", "label": 0},
        {"input": "gone.png", "label": 0},
        {"label": 1},
        {"input": "new/one.png", "label": 0},
        {"input": "new/../new/one.png", "label": 1},
    )
    with pytest.raises(DataError, match="4 errors, nothing is merged") as raised:
        merge_reviewed(samples, labels)
    found = sorted((issue.location.line, issue.code) for issue in raised.value.issues)
    assert found == [(2, "EV105"), (3, "EV201"), (4, "EV102"), (6, "EV105")]


def test_predictions_without_any_verdict_are_refused(samples, tmp_path):
    labels = lines(tmp_path / "l.jsonl", {"input": "good.png", "label": "normal", "score": 1.0})
    with pytest.raises(DataError, match="no line holds a verdict"):
        merge_reviewed(samples, labels)


@given(st.lists(st.sampled_from([0, 1, None]), min_size=4, max_size=4).filter(any_verdict))
def test_merging_twice_changes_nothing_more(tmp_path_factory, verdicts):
    folder = tmp_path_factory.mktemp("twice")
    names = [f"{i}.png" for i in range(4)]
    lines(
        folder / "m.jsonl",
        *({"image_path": name, "category": "c", "split": "train", "label": 0} for name in names),
    )
    judged = zip(names, verdicts, strict=True)
    labels = lines(folder / "l.jsonl", *({"input": name, "label": verdict} for name, verdict in judged))
    once = merge_reviewed(load_manifest(folder / "m.jsonl").samples, labels)
    twice = merge_reviewed(once.samples, labels)
    assert list(once.samples) == list(twice.samples)
    assert [verdict or 0 for verdict in verdicts] == [sample.record.label for sample in twice.samples]
    assert (verdicts.count(1), 0) == (once.counts["changed"], twice.counts["changed"])


def run(*arguments):
    result = CliRunner().invoke(manifest, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_the_command_writes_a_manifest_that_can_move(samples, tmp_path):
    labels = lines(tmp_path / "l.jsonl", {"input": "new/one.png", "label": 0}, {"input": "a.png", "label": 0})
    output = tmp_path / "lists" / "next.jsonl"
    stdout = run(
        "merge", "--manifest-path", tmp_path / "manifest.jsonl", "--labels", labels, "--output", output
    )
    assert f"{output}: 5 records, 1 confirmed, 0 changed, 0 moved to test, 0 unreviewed, 1 added\n" == stdout
    assert [s.image.resolve() for s in samples] == [s.image.resolve() for s in load_manifest(output).samples][
        :4
    ]


@pytest.mark.usefixtures("samples")
def test_the_command_asks_for_the_verdicts(tmp_path):
    with pytest.raises(UsageError, match="--labels is missing"):
        run("merge", "--manifest-path", tmp_path / "manifest.jsonl", "--output", tmp_path / "n.jsonl")

"""Every line of a predictions file counts or is told of."""

import json

import pytest

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.errors import DataError
from pyimgano_core.predictions import read_predictions

GOOD = {"input": "good.png", "score": 1.0}


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "predictions.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return read_predictions(path)

    return read


def read_one(read, line):
    [found] = read(line).lines
    return found


@pytest.mark.parametrize("key", ["input", "image_path", "path", "image", "filename"])
def test_an_image_is_named_by_any_of_these_keys(read, key):
    assert "a.png" == read_one(read, {key: "a.png", "score": 1}).input


@pytest.mark.parametrize("key", ["score", "anomaly_score", "pred_score"])
def test_a_score_is_given_by_any_of_these_keys(read, key):
    assert 0.25 == read_one(read, {"input": "a.png", key: 0.25}).score


def test_the_first_key_counts_and_the_keys_that_were_read_are_told(read):
    both = {"path": "no.png", "input": "yes.png", "pred_score": 0, "score": 1}
    file = read(both, {"image": "b.png", "pred_score": 2, "y_true": 1})
    assert [("yes.png", 1.0), ("b.png", 2.0)] == [(line.input, line.score) for line in file.lines]
    assert {"image": 1, "input": 1, "pred_score": 1, "score": 1, "y_true": 1} == file.keys


@pytest.mark.parametrize(
    ("change", "y_true"),
    [
        ({"y_true": 1}, 1),
        ({"label": 0}, 0),
        ({"y_true": 0, "label": "anomalous"}, 0),
        ({"label": "anomalous"}, None),
        ({"label": True}, None),
        ({"label": 2}, None),
        ({}, None),
    ],
)
def test_a_label_is_a_truth_only_as_0_or_1(read, change, y_true):
    assert y_true == read_one(read, GOOD | change).y_true


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"anomaly_map": {"path": "m.npy", "shape": [1, 1], "dtype": "float32"}}, "m.npy"),
        ({"anomaly_map": "m.npy"}, "m.npy"),
        ({"anomaly_map_path": "m.npy"}, "m.npy"),
        ({"anomaly_map": None, "anomaly_map_path": "m.npy"}, "m.npy"),
        ({"anomaly_map": [[0.5]]}, None),
        ({}, None),
    ],
)
def test_a_map_is_a_path_in_an_object_or_by_itself(read, change, path):
    assert path == read_one(read, GOOD | change).map_path


def test_what_else_a_line_says_travels_along(read):
    facts = {"category": 7, "defect": "hole", "group_id": "g", "image_size": [4, 6]}
    line = read_one(read, GOOD | facts | {"threshold": 2, "review_threshold": 1.5})
    assert ("7", "hole", "g", 2.0, 1.5, (4, 6)) == (
        line.category, line.defect, line.group_id, line.threshold, line.review_threshold, line.image_size
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ({"status": "error", "error": {"code": "x", "message": "m"}}, Failure(code="x", message="m")),
        ({"status": "error"}, Failure(code="failed", message="the predictions say no more")),
        ({"error": "no memory", "score": None}, Failure(code="failed", message="no memory")),
    ],
)  # fmt: skip
def test_a_failed_input_is_kept_as_a_failure(read, line, failure):
    found = read_one(read, {"input": "a.png"} | line)
    assert (None, failure) == (found.score, found.failure)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", "EV101"),
        ("[1]", "EV101"),
        ('{"input": "a.png", "score": NaN}', "EV101"),
        ('{"input": "a.png", "score": 1e999}', "EV101"),
        ('{"input": "a.png", "score": 1, "score": 2}', "EV101"),
        ({"score": 1}, "EV102"),
        ({"input": " ", "score": 1}, "EV102"),
        ({"input": 3, "score": 1}, "EV102"),
        ({"input": "a\0.png", "score": 1}, "EV102"),
        ({"input": "\ud800.png", "score": 1}, "EV102"),
        ({"input": "a.png"}, "EV103"),
        ({"input": "a.png", "score": None}, "EV103"),
        ({"input": "a.png", "score": "0.5"}, "EV104"),
        ({"input": "a.png", "score": True}, "EV104"),
        ({"input": "a.png", "score": 10**400}, "EV104"),
        (GOOD, "EV105"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_costs_no_other(read, line, code):
    file = read(GOOD, "", line, {"input": "last.png", "score": 2})
    assert ["good.png", "last.png"] == [each.input for each in file.lines]
    [issue] = file.issues
    assert (code, 3) == (issue.code, issue.location.line)
    assert 3 == file.line_count


def test_the_name_of_a_file_need_not_be_utf_8(read):
    assert "\udcff.png" == read_one(read, {"input": "\udcff.png", "score": 1}).input


def test_an_image_may_be_in_two_categories(read):
    assert 2 == len(read(GOOD | {"category": "a"}, GOOD | {"category": "b"}).lines)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n")
    assert (1, ()) == (len(read_predictions(path).lines), read_predictions(path).issues)


def test_a_line_that_is_not_utf_8_is_told(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\xff{}\n")
    assert ["EV101"] == [issue.code for issue in read_predictions(path).issues]


def test_a_line_without_end_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("pyimgano_core.predictions._reader._MAX_LINE_BYTES", 64)
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(GOOD | {"meta": "x" * 500}) + "\n" + json.dumps(GOOD) + "\n", encoding="utf-8")
    file = read_predictions(path)
    assert ([2], [1]) == ([line.line for line in file.lines], [issue.location.line for issue in file.issues])


def test_a_file_without_a_usable_line_is_an_error_with_all_issues(read):
    with pytest.raises(DataError, match="no line of it can be used") as caught:
        read("nonsense", {"input": "a.png"})
    assert ["EV101", "EV103"] == [issue.code for issue in caught.value.issues]
    with pytest.raises(DataError, match="it holds no lines"):
        read("")


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(DataError, match="not found"):
        read_predictions(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="is not a file"):
        read_predictions(tmp_path)

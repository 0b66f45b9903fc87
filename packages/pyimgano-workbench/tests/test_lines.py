import json

import pytest

from pyimgano_workbench.lines import group_count, read_lines, scored


def line(name, score=1.0, group=None):
    return {"input": name, "score": score, "group_id": group, "meta": {"much": "more"}}


def test_lines_are_read_with_what_is_shown_whatever_is_in_a_name(tmp_path):
    folder = tmp_path / "categories" / "part"
    folder.mkdir(parents=True)
    hostile = "a\u2028b\x85.png"
    text = json.dumps(line(hostile), ensure_ascii=False) + "\n"
    (folder / "lines.jsonl").write_text(text, encoding="utf-8", newline="")
    found = read_lines(tmp_path, "part", "lines.jsonl")
    assert [(hostile, None)] == [(each["input"], each["defect"]) for each in found]
    assert "meta" not in found[0]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [([None, None], None), (["a", "a", "b"], 2), (["a", "a", None, None], 3)],
)
def test_images_without_a_group_are_groups_of_their_own_beside_others(groups, expected):
    assert expected == group_count([line("x", group=group) for group in groups])


def test_an_image_without_a_score_does_not_count():
    lines = [line("x", group="a"), line("y", score=None, group="b")]
    assert 1 == group_count(lines)
    assert [("x", 1.0)] == scored(lines)


def test_a_timestamp_is_read_with_what_it_means(tmp_path):
    folder = tmp_path / "categories" / "part"
    folder.mkdir(parents=True)
    documents = [line("x") | {"meta": meta} for meta in ({"timestamp": "1970-01-01T00:01:00Z"}, {}, None)]
    (folder / "lines.jsonl").write_text("".join(json.dumps(each) + "\n" for each in documents))
    found = read_lines(tmp_path, "part", "lines.jsonl")
    expected = [("1970-01-01T00:01:00Z", 60.0), (None, None), (None, None)]
    assert expected == [(each["timestamp"], each["moment"]) for each in found]

"""A line belongs to one sample, or to none: nothing is guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.evaluation import Matching
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.predictions import read_predictions
from pyimgano_core.predictions._matching import match_predictions
from pyimgano_core.predictions._suffixes import SuffixIndex, names_of


@pytest.fixture
def match(tmp_path):
    def match(inputs, images, folders=()):
        lines = [each if isinstance(each, dict) else {"input": each} for each in inputs]
        path = tmp_path / "predictions.jsonl"
        path.write_text("".join(json.dumps(line | {"score": 1}) + "\n" for line in lines), encoding="utf-8")
        samples = [
            Sample(record=Record(image_path=text, category=category), image=tmp_path / "data" / text)
            for text, category in (image if isinstance(image, tuple) else (image, "c") for image in images)
        ]
        matched = match_predictions(read_predictions(path), samples, folders)
        lines = [matched.line_of(sample) for sample in samples]
        return [line and line.input for line in lines], matched

    return match


def test_the_manifests_own_text_counts_first(match):
    found, matched = match(["b/0.png", "a/0.png"], ["a/0.png", "b/0.png", "x/a/0.png"])
    assert ["a/0.png", "b/0.png", None] == found
    assert Matching(by_text=2) == matched.counts


def test_a_path_to_the_same_file_counts(match, tmp_path):
    absolute = str(tmp_path / "data" / "a" / "0.png")
    found, matched = match([absolute, "../data/a/1.png"], ["a/0.png", "a/1.png"], [tmp_path / "runs"])
    assert [absolute, "../data/a/1.png"] == found
    assert Matching(by_file=2) == matched.counts


def test_a_link_to_the_same_file_counts(match, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "data", target_is_directory=True)
    found, _ = match([str(tmp_path / "link" / "a" / "0.png")], ["a/0.png"])
    assert [str(tmp_path / "link" / "a" / "0.png")] == found


@pytest.mark.parametrize(
    "text", ["/elsewhere/mvtec/a/0.png", "C:\\data\\a\\0.png", "../a/0.png", "./a//0.png", "0.png"]
)
def test_the_end_of_a_path_counts_either_way(match, text):
    found, matched = match([text], ["a/0.png", "a/1.png"])
    assert [text, None] == found
    assert Matching(by_suffix=1) == matched.counts


def test_an_equal_last_name_is_not_enough(match):
    found, matched = match(["crack/0.png"], ["good/0.png"])
    assert ([None], 1) == (found, matched.counts.unmatched)
    [issue] = matched.issues
    assert ("EV201", ("crack/0.png",)) == (issue.code, issue.paths)


def test_what_fits_several_images_fits_none(match):
    found, matched = match(["0.png"], ["a/0.png", "b/0.png"])
    assert ([None, None], 1) == (found, matched.counts.ambiguous)
    assert ["EV202"] == [issue.code for issue in matched.issues]


def test_the_category_of_a_line_decides_between_images(match):
    images = [("0.png", "a"), ("0.png", "b")]
    found, matched = match([{"input": "0.png", "category": "b"}], images)
    assert [None, "0.png"] == found
    found, matched = match([{"input": "0.png", "category": "unknown"}], images)
    assert 1 == matched.counts.ambiguous


def test_a_line_of_another_category_is_not_taken(match):
    images = [("a/0.png", "a"), ("b/0.png", "b")]
    found, matched = match([{"input": "b/0.png", "category": "a"}], images)
    assert ([None, None], 1) == (found, matched.counts.unmatched)


def test_the_second_line_of_an_image_is_told_and_does_not_count(match):
    found, matched = match(["a/0.png", "/x/a/0.png"], ["a/0.png"])
    assert ["a/0.png"] == found
    [issue] = matched.issues
    assert ("EV105", 2) == (issue.code, issue.location.line)
    assert "is the image of line 1 already" in issue.message


def test_issues_name_the_first_few_and_count_all(match):
    _, matched = match([f"x/{index}.png" for index in range(30)], ["a/0.png"])
    [issue] = matched.issues
    assert issue.message.endswith("x/0.png, x/1.png, x/2.png, …")
    assert ({"count": 30}, 20) == (issue.data, len(issue.paths))


names = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(tuple)


@given(st.lists(names, max_size=8), names)
def test_paths_are_found_by_their_ends_as_a_slow_search_finds_them(paths, wanted):
    longer = [index for index, path in enumerate(paths) if path[-len(wanted) :] == wanted]
    shorter = [path for path in paths if wanted[-len(path) :] == path]
    longest = max(shorter, key=len, default=None)
    expected = longer or [index for index, path in enumerate(paths) if path == longest]
    assert expected == SuffixIndex(paths).find(wanted)


def test_names_are_those_between_slashes_of_both_kinds():
    assert ("C:", "b", "d.png") == names_of("C:\\b\\.\\c\\..//d.png")
    assert () == names_of("../..")

import math
from typing import Any, Literal

import pytest
from attrs import define, field
from attrs.validators import ge
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.json_text import parse_json, to_json
from pyimgano_core.contracts.prediction import Failure, Prediction
from pyimgano_core.contracts.region import Region
from pyimgano_core.contracts.structuring import StructuringError, structure, unknown, unstructure
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance


@define(frozen=True, kw_only=True)
class Inner:
    number: int = field(default=0, validator=ge(0))
    names: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class Outer:
    text: str
    flag: bool = False
    ratio: float = 0.5
    choice: Literal["a", "b", 1] = "a"
    pair: tuple[int, int] = (1, 2)
    inner: Inner = field(factory=Inner)
    table: dict[str, Inner] = field(factory=dict)
    free: dict[str, Any] = field(factory=dict)
    maybe: float | None = None


def problems_of(data, contract=Outer, *, known_only=True):
    with pytest.raises(StructuringError) as caught:
        structure(data, contract, known_only=known_only)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("flag", "false", "must be true or false, not 'false'"),
        ("flag", 1, "must be true or false, not 1"),
        ("text", 3, "must be text, not 3"),
        ("text", None, "must be text, not None"),
        ("ratio", "0.5", "must be a number, not '0.5'"),
        ("ratio", True, "must be a number, not true"),
        ("ratio", math.nan, "must be a finite number, not nan"),
        ("maybe", math.inf, "must be a finite number, not inf"),
        ("maybe", "1", "must be a number, not '1'"),
        ("choice", "c", "must be one of 'a', 'b', 1, not 'c'"),
        ("choice", True, "must be one of 'a', 'b', 1, not true"),
        ("pair", [1], "must be a list of 2 values, not [1]"),
        ("pair", "ab", "must be a list of 2 values, not 'ab'"),
        ("pair", [1, 2.9], "must be a whole number, not 2.9"),
        ("inner", [], "must be a table of keys, not []"),
        ("table", [["a", {}]], "must be a table of keys, not [['a', {}]]"),
    ],
)
def test_a_value_of_another_type_is_a_problem_and_never_converted(key, value, problem):
    assert [f"$.{key}: {problem}"] == problems_of({"text": "x", key: value})


@pytest.mark.parametrize("value", ["3", 2.9, 2.0, True])
def test_a_whole_number_is_never_made_of_something_else(value):
    assert ["$.inner.number"] == [
        problem.partition(":")[0] for problem in problems_of({"text": "x", "inner": {"number": value}})
    ]


def test_text_is_no_list_of_characters():
    problems = problems_of({"text": "x", "inner": {"names": "abc"}})
    assert ["$.inner.names: must be a list, not 'abc'"] == problems


def test_a_whole_number_is_a_number():
    assert Outer(text="x", ratio=2.0, maybe=3.0) == structure(
        {"text": "x", "ratio": 2, "maybe": 3}, Outer, known_only=True
    )


def test_all_problems_are_collected_with_their_paths():
    data = {
        "flag": 0,
        "inner": {"numbr": 1, "names": ["a", 2]},
        "table": {"one": {"number": "1"}},
        "zzz": 1,
    }
    assert {
        "$.text: is required",
        "$.flag: must be true or false, not 0",
        "$.inner.numbr: unknown key; did you mean 'number'?",
        "$.inner.names[1]: must be text, not 2",
        "$.table.one.number: must be a whole number, not '1'",
        "$.zzz: unknown key; choose from choice, flag, free, inner, maybe, pair, ratio, table, text",
    } == set(problems_of(data))


def test_a_refused_value_is_named_by_its_field():
    assert ["$.inner.number: must be >= 0: -1"] == problems_of({"text": "x", "inner": {"number": -1}})


def test_a_refused_length_is_named_by_its_field():
    problems = problems_of({"dataset": {"category": ""}}, RunConfig)
    assert ["$.dataset.category: its length must be >= 1: 0"] == problems


def test_unknown_keys_are_ignored_in_what_machines_write():
    data = {"text": "x", "later": 1, "inner": {"later": 2}, "table": {"a": {"later": 3}}}
    assert Outer(text="x", table={"a": Inner()}) == structure(data, Outer, known_only=False)


def test_a_document_that_is_no_table_is_a_problem_at_its_root():
    assert ["$: must be a table of keys, not []"] == problems_of([])


def test_the_path_of_a_part_begins_where_the_part_stands():
    with pytest.raises(StructuringError) as caught:
        structure({"number": "1"}, Inner, known_only=True, path="$.model.options")
    assert ("$.model.options.number: must be a whole number, not '1'",) == caught.value.problems


def test_an_enumeration_is_a_member_never_a_raw_string():
    issue = structure(
        {"code": "PF1", "name": "N", "severity": "error", "message": "m"}, Issue, known_only=True
    )
    assert issue.severity is Severity.ERROR


def test_a_word_outside_an_enumeration_is_a_problem_at_its_key():
    data = {"code": "PF1", "name": "N", "severity": "bad", "message": "m"}
    assert ["$.severity: must be one of 'error', 'warning', 'info', not 'bad'"] == problems_of(data, Issue)


@pytest.mark.parametrize("value", [math.nan, [1, math.inf], {"deep": [{"x": -math.inf}]}])
def test_a_free_value_that_json_cannot_say_is_refused(value):
    assert "$.free: must hold finite numbers" in problems_of({"text": "x", "free": {"option": value}})[0]


def test_a_free_value_of_another_type_is_refused():
    assert "$.free: must hold text, numbers" in problems_of({"text": "x", "free": {"option": {1, 2}}})[0]


def test_a_long_value_is_cut_in_its_message():
    [problem] = problems_of({"text": ["x" * 1000]})
    assert len(problem) < 100


def test_fields_so_marked_are_left_out_where_they_hold_their_default():
    line = unstructure(Prediction(index=0, input="a.png", category="c"))
    assert {"index", "status", "input", "category", "score", "threshold", "label"} == set(line)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("categry", "unknown key; did you mean 'category'?"),
        ("zzz", "unknown key; choose from category, root"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_or_with_all(name, message):
    assert message == unknown("key", name, ["root", "category"])


text = st.text(max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
free = st.dictionaries(text, json_values, max_size=3)
sizes = st.tuples(st.integers(0, 9999), st.integers(0, 9999))
regions = st.builds(
    Region,
    id=st.integers(1),
    bbox_xyxy=st.tuples(*[st.integers()] * 4),
    area=st.integers(1),
    score_max=finite,
    score_mean=finite,
    centroid_xy=st.tuples(finite, finite),
)
predictions = st.builds(
    Prediction,
    index=st.integers(0),
    status=st.sampled_from(["ok", "error"]),
    input=text,
    category=text,
    score=st.none() | finite,
    label=st.none() | st.sampled_from(["normal", "anomalous"]),
    y_true=st.none() | st.integers(0, 1),
    image_size=st.none() | sizes,
    regions=st.none() | st.lists(regions, max_size=2).map(tuple),
    error=st.none() | st.builds(Failure, code=text, message=text),
    meta=st.none() | free,
)
issues = st.builds(
    Issue,
    code=text,
    name=text,
    severity=st.sampled_from(Severity),
    message=text,
    location=st.none() | st.builds(Location, manifest=st.none() | text, line=st.none() | st.integers(1)),
    paths=st.lists(text, max_size=3).map(tuple),
    data=free,
)
thresholds = st.builds(
    Threshold,
    value=st.none() | finite,
    provenance=st.builds(
        ThresholdProvenance, method=text, quantile=st.none() | finite, warnings=st.lists(text).map(tuple)
    ),
)


@settings(max_examples=60)
@given(st.one_of(predictions, issues, thresholds))
def test_what_is_written_is_read_back_equal(value):
    back = structure(parse_json(to_json(value)), type(value), known_only=True)
    assert value == back
    assert to_json(value) == to_json(back)


@settings(max_examples=100)
@given(json_values, st.sampled_from([RunConfig, InferConfig, Prediction, Issue]))
def test_any_document_is_a_contract_or_a_list_of_problems(document, contract):
    problems = []
    try:
        result = structure(document, contract, known_only=True)
    except StructuringError as exc:
        problems = exc.problems
    assert problems or isinstance(result, contract)
    assert all(problem.startswith("$") for problem in problems)

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.json_text import parse_json, to_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ('{"x": {"b": 1, "a": 2, "b": 3}}', "duplicate key 'b'"),
        ("[NaN]", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("[1e999]", "1e999 is too large for a number"),
        ('{"a": 1,\n "b"}', "not valid JSON: Expecting ':' delimiter at line 2 column 5"),
        ("", "not valid JSON: Expecting value at line 1 column 1"),
        ('{"a', "not valid JSON: Unterminated string starting at line 1 column 2"),
        ("[" * 200_000, "not valid JSON: nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        parse_json(text)
    assert message == str(caught.value)


def test_a_number_of_too_many_digits_is_refused():
    with pytest.raises(ValueError, match="digits"):
        parse_json("1" * 10_000)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_say_is_never_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": [value]})


def test_a_contract_inside_a_mapping_is_written():
    issue = Issue(code="PF1", name="N", severity=Severity.ERROR, message="m")
    assert "error" == json.loads(to_json({"issues": [issue]}))["issues"][0]["severity"]


def test_readable_text_stays_readable():
    assert '{"name": "Käse 🧀"}' == to_json({"name": "Käse 🧀"})


def test_a_file_name_that_is_no_utf8_survives():
    name = "caf\udce9 \\ .png"
    written = to_json({"path": name})
    assert name == parse_json(written.encode("utf-8").decode("utf-8"))["path"]


@settings(max_examples=60)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_plain_value_survives_on_one_line(value):
    text = to_json(value)
    assert "\n" not in text
    assert value == parse_json(text)

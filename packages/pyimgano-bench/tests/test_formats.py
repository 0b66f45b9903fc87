import csv
import io

from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_bench.formats import csv_table, escape_markdown, markdown_table


@define(kw_only=True)
class Row:
    name: str = ""
    value: float | None = None
    reasons: dict[str, str] | None = None


def cells(*rows):
    return list(csv.reader(io.StringIO(csv_table(Row, rows))))


def test_csv_has_a_line_per_row_and_nothing_where_nothing_is_defined():
    assert [["name", "value", "reasons"], ["a", "0.1", ""], ["b", "", ""]] == cells(
        Row(name="a", value=0.1), Row(name="b")
    )


def test_csv_joins_reasons():
    assert (
        "aupro: no masks; ap: no_positives"
        == cells(Row(reasons={"aupro": "no masks", "ap": "no_positives"}))[1][2]
    )


@given(st.text(st.characters(codec="utf-8")))
def test_a_csv_cell_is_one_line_that_no_spreadsheet_computes(name):
    (_, (shown, *_)) = cells(Row(name=name, value=1.0))
    assert not any(end in shown for end in "\r\n")
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    assert "".join(name.split()) in "".join(shown.split())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_all_their_digits_in_csv(value):
    assert value == float(cells(Row(value=value))[1][1])


@given(st.text())
def test_a_markdown_cell_is_one_line_without_bare_marks(name):
    (header, rule, line) = markdown_table(["a", "b"], [[name, "x"]]).split("\n")
    assert ("| a | b |", "| --- | --- |") == (header, rule)
    bare = line.replace("\\\\", "")
    assert 3 == bare.count("|") - bare.count("\\|")


def test_markdown_shows_marks_as_they_are():
    assert r"a\|b \`c\` \*d\* \_e\_ \<i\> \[x\] \&amp; \\" == escape_markdown(
        "a|b `c` *d* _e_ <i> [x] &amp; \\"
    )
    assert "two lines" == escape_markdown(" two\n lines ")

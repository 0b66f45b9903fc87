import re

from pyimgano_workbench.html._table import facts_below, folded, in_words, noted_table, table


def test_all_text_is_escaped():
    text = table(("<a>",), [["<b>"]]) + folded("<c>", "")
    assert [] == re.findall("<[abc]>", text)
    assert all(f"&lt;{letter}&gt;" in text for letter in "abc")


def test_a_short_row_ends_in_a_cell_over_the_rest():
    text = table(("a", "b", "c"), [["x", "y"], ["x", "y", "z"]])
    assert '<tr><td>x</td><td colspan="2">y</td></tr><tr><td>x</td><td>y</td><td>z</td></tr>' in text


def test_nested_facts_stand_one_a_row():
    facts = {"git": {"commit": "abc", "dirty": False}, "layers": ["a", "b"]}
    expected = [("git: commit", "abc"), ("git: dirty", "no"), ("layers", "a, b")]
    assert expected == list(facts_below("", facts))


def test_nested_facts_can_stand_in_one_cell():
    assert "count 4, quantiles (p50 2.5)" == in_words({"count": 4, "std": None, "quantiles": {"p50": 2.5}})


def test_nothing_is_a_dash():
    assert ["-", "-", "-"] == [in_words(value) for value in (None, [], {})]


def test_a_column_of_notes_is_there_only_where_there_is_one():
    noted = noted_table(("a", "b"), [["x", "y", ""], ["x", "y", "why"]])
    assert "<th>b</th><th></th>" in noted
    assert "<td>why</td>" in noted
    bare = noted_table(("a", "b"), [["x", "y", ""]])
    assert "<th></th>" not in bare
    assert "<tr><td>x</td><td>y</td></tr>" in bare

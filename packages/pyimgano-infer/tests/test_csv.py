import csv
import io
import json

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from pyimgano_core.contracts.prediction import Failure, Prediction, StoredArray
from pyimgano_core.contracts.region import Region
from pyimgano_core.errors import MachineError
from pyimgano_infer._csv import COLUMNS, write_csv

LINE = Prediction(
    index=4,
    input="a.png",
    category="part",
    score=-0.5,
    threshold=-0.75,
    label="anomalous",
    review_threshold=-1.0,
    y_true=1,
    group_id="lot 7",
    anomaly_map=StoredArray(path="maps/a.npy", shape=(2, 3), dtype="float32"),
    mask="masks/a.png",
    overlay="seen/a.jpg",
)
TEXT = st.text(st.characters(blacklist_characters="\0"), min_size=1)


def region(identifier, area, x, y):
    return Region(
        id=identifier, bbox_xyxy=(0, 0, 9, 9), area=area, score_max=1.0, score_mean=1.0, centroid_xy=(x, y)
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return a function that writes lines as CSV and reads the rows back."""
    path = tmp_path_factory.mktemp("csv") / "lines.csv"

    def write(*lines):
        write_csv(iter(lines), path)
        content = path.read_bytes().decode("utf-8")
        assert len(lines) + 1 == content.count("\n")
        return list(csv.DictReader(io.StringIO(content, newline="")))

    return write


def test_a_line_becomes_a_row_and_what_is_not_known_stays_empty(table):
    expected = {
        **dict.fromkeys(COLUMNS, ""),
        "index": "4",
        "input": "a.png",
        "category": "part",
        "status": "ok",
        "label": "anomalous",
        "score": "-0.5",
        "threshold": "-0.75",
        "review_threshold": "-1.0",
        "group_id": "lot 7",
        "y_true": "1",
        "map": "maps/a.npy",
        "mask": "masks/a.png",
        "overlay": "seen/a.jpg",
    }
    assert [expected] == table(LINE)


def test_without_lines_there_is_the_header(table):
    assert [] == table()


def test_a_failure_has_its_code_and_its_message(table):
    error = Failure(code="truncated", message="a.png: is cut off, at byte 7")
    [row] = table(Prediction(index=0, status="error", input="a.png", category="part", error=error))
    assert ("error", "", "", "truncated", "a.png: is cut off, at byte 7") == tuple(
        row[name] for name in ("status", "label", "score", "error_code", "error_message")
    )


def test_of_regions_the_number_the_largest_area_and_the_place_of_the_highest_are_told(table):
    names = ("n_regions", "largest_region_area", "region_x", "region_y")
    found = table(
        LINE, evolve(LINE, regions=()), evolve(LINE, regions=(region(1, 5, 2.5, 3), region(2, 40, 8, 8)))
    )
    assert [("", "", "", ""), ("0", "", "", ""), ("2", "40", "2.5", "3")] == [
        tuple(row[name] for name in names) for row in found
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_that_could_be_a_formula_is_guarded_and_numbers_are_not(table, text):
    [row] = table(evolve(LINE, input=text, group_id=text))
    assert row["input"].startswith("'")
    assert row["input"] == row["group_id"]
    assert "-0.5" == row["score"]


@given(TEXT)
@example("a\nb.png")
@example('a,"b".png')
@example("b\u2028c")
@example("caf\udce9.png")
def test_any_text_is_one_cell_of_one_row_and_begins_no_formula(table, text):
    [row] = table(evolve(LINE, input=text))
    assert not row["input"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert row["input"].isprintable() or not text.isprintable()
    assert list(COLUMNS) == list(row)


def test_bytes_of_a_name_that_are_no_utf_8_are_escaped_as_in_the_lines(table):
    [row] = table(evolve(LINE, input="caf\udce9\n.png"))
    assert ("caf\udce9\n.png", r"caf\udce9\n.png") == (json.loads(f'"{row["input"]}"'), row["input"])


def test_a_table_is_whole_or_absent(tmp_path):
    def broken():
        yield LINE
        raise MachineError("torn")

    path = tmp_path / "lines.csv"
    with pytest.raises(MachineError):
        write_csv(broken(), path)
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(MachineError, match="can't be written"):
        write_csv([LINE], tmp_path)

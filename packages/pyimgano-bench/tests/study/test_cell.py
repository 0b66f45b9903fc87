import pytest
from attrs import evolve

from pyimgano_bench.cell import CellError
from pyimgano_bench.study.cell import StudyCell, StudySweep, read_valid
from pyimgano_core.artifacts import write_artifact

CELL = StudyCell(
    key="k",
    study="s",
    detector="d",
    dataset="parts",
    category="bolt",
    seed=3,
    part="",
    status="ok",
    rows=({"failed_count": 0},),
)


def failed(code, message="m"):
    return evolve(CELL, status="failed", rows=(), error=CellError(type="E", message=message, exit_code=code))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([CELL, failed(74)], 4),
        ([failed(74), failed(74)], 74),
        ([evolve(CELL, rows=({"failed_count": 1},))], 4),
        ([CELL, evolve(CELL, rows=())], 0),
    ],
)
def test_failed_cells_and_images_have_their_exit_code(cells, expected):
    assert expected == StudySweep(cells=tuple(cells), reused=0).exit_code


def test_failures_are_told_in_a_line_each_with_their_place():
    sweep = StudySweep(cells=(CELL, evolve(failed(4, "two\nlines"), part="draw 1")), reused=0)
    assert ("d on parts/bolt, seed 3, draw 1 failed: two lines",) == sweep.failures


def test_a_cell_is_valid_with_its_key_alone(tmp_path):
    path = tmp_path / "cell.json"
    assert read_valid(path, "k") is None
    write_artifact(path, CELL)
    assert CELL == read_valid(path, "k")
    assert read_valid(path, "other") is None
    write_artifact(path, failed(4))
    assert read_valid(path, "k") is None
    path.write_text(path.read_text()[:-20])  # torn
    assert read_valid(path, "k") is None

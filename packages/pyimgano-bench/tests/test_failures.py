import pytest

from pyimgano_bench.failures import DetectorError, as_cell_error, exit_code_of
from pyimgano_core.errors import DataError, MachineError


@pytest.mark.parametrize(
    ("codes", "count", "expected"),
    [
        ([], 2, 0),
        ([74], 2, 4),
        ([64], 2, 4),
        ([74, 2], 3, 2),
        ([74, 74], 2, 74),
        ([64], 1, 64),
        ([5, 74], 2, 4),
        ([2, 74], 2, 2),
        ([], 0, 0),
    ],
)
def test_the_exit_code_weighs_all_cells(codes, count, expected):
    assert expected == exit_code_of(codes, count)


@pytest.mark.parametrize(("codes", "expected"), [([], 4), ([2], 2), ([74], 4)])
def test_images_that_could_not_be_read_count_where_nothing_worse_happened(codes, expected):
    assert expected == exit_code_of(codes, 3, unread=True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DataError("no image"), ("DataError", "no image", 2)),
        (MachineError("no room"), ("MachineError", "no room", 74)),
        (DetectorError(ValueError("shapes differ")), ("ValueError", "shapes differ", 4)),
        (DetectorError(MemoryError()), ("MemoryError", "MemoryError", 4)),
    ],
)
def test_a_cell_keeps_class_message_and_code_of_an_error(error, expected):
    found = as_cell_error(error)
    assert expected == (found.type, found.message, found.exit_code)

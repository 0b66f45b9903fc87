"""The golden strings are those of `pycocotools.mask.encode` (2.0.11)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyimgano_infer._run_lengths import encode_run_lengths

ROWS, COLUMNS = np.indices((100, 90))

DISC = (
    "eR2?b26J6L2M4M2M4M2N2N2N2O0O2N2O0O2N2O000O2O000O2O0000000000000000000000000001N10001N10001N2N101N2N101N"
    "2N2N2N3L3N3L3N4J6JZn0"
)


def marked(size, *places):
    mask = np.zeros(size, np.bool_)
    for place in places:
        mask[place] = True
    return mask


def decode(lengths):
    """Return the mask of run lengths, number by number: slow and plain, after `rleFrString`."""
    counts, characters = [], iter(lengths.counts)
    for character in characters:
        number, shift, group = 0, 0, ord(character) - 48
        while True:
            number |= (group & 0x1F) << shift
            shift += 5
            if not group & 0x20:
                break
            group = ord(next(characters)) - 48
        if group & 0x10:
            number -= 1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
    values = np.concatenate([np.full(count, place % 2, np.bool_) for place, count in enumerate(counts)])
    return values.reshape(lengths.size, order="F")


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (marked((3, 5)), "?"),
        (marked((3, 5), np.s_[:]), "0?"),
        (marked((4, 6), (2, 3)), ">19"),
        (marked((4, 6), (0, 0)), "01g0"),
        (np.indices((6, 7)).sum(axis=0) % 2 == 1, "1110010O0010O0010O0010O0010O0010O000"),
        (
            (ROWS - 40) ** 2 + (COLUMNS - 50) ** 2 < 900,
            DISC,
        ),
        (marked((480, 640), np.s_[100:300, 50:400]), "Tag0X6h8" + "0" * 697 + "l\\`3"),
        (marked((2000, 3000), (5, 2990), (1999, 2999)), "Uk_f51i`c00"),
    ],
    ids=["empty", "full", "one pixel", "first pixel", "chequered", "disc", "box", "far apart"],
)
def test_masks_are_written_as_pycocotools_writes_them(mask, expected):
    found = encode_run_lengths(mask)
    assert (mask.shape, expected) == (found.size, found.counts)


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_a_mask_comes_back_from_its_run_lengths(mask):
    assert np.array_equal(mask, decode(encode_run_lengths(mask)))


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2_999_999), max_size=6, unique=True))
def test_long_runs_come_back(places):
    mask = np.zeros(3_000_000, np.bool_)
    mask[places] = True
    mask = mask.reshape(2000, 1500)
    assert np.array_equal(mask, decode(encode_run_lengths(mask)))

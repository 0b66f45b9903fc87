import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.detectors.torch_parts.patches import EvenlyChosen, even_shares, group_deviations
from pyimgano_core.testing import ArrayImages


@given(total=st.integers(0, 10_000), count=st.integers(1, 300))
def test_shares_sum_up_and_differ_by_at_most_one(total, count):
    shares = even_shares(total, count)
    assert (total, count) == (sum(shares), len(shares))
    assert max(shares) - min(shares) <= 1


@given(total=st.integers(1, 200), count=st.integers(1, 200), data=st.data())
def test_every_stretch_of_shares_has_its_part(total, count, data):
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    found = sum(even_shares(total, count)[start:stop])
    assert abs(found - total * (stop - start) / count) < 1


@given(limit=st.integers(1, 30), count=st.integers(0, 20))
def test_chosen_images_are_as_many_as_it_says_in_their_order(limit, count):
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 4, 3), np.uint8)
    chosen = EvenlyChosen(ArrayImages(images), limit)
    numbers = [int(image[0, 0, 0]) for image in chosen]
    assert min(limit, count) == len(chosen) == len(numbers)
    assert sorted(set(numbers)) == numbers
    assert numbers == [int(image[0, 0, 0]) for image in chosen]
    assert (2, 4) == chosen.size


def test_channels_of_a_group_share_their_deviation():
    found = group_deviations(torch.tensor([1.0, 3.0, 16.0]), torch.tensor([0, 0, 1]))
    torch.testing.assert_close(torch.tensor([2.0, 2.0, 16.0]).sqrt(), found)


def test_channels_without_variance_are_not_divided_by_nothing():
    assert torch.equal(torch.ones(3), group_deviations(torch.zeros(3), torch.tensor([0, 1, 1])))

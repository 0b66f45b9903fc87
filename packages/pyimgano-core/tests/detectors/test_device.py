import pytest
import torch

from pyimgano_core.detectors.torch_parts.device import reproducible


def test_what_does_not_fit_into_memory_is_a_memory_error():
    with pytest.raises(MemoryError, match="does not fit into memory"), reproducible():
        torch.empty(10**15)


def test_other_errors_of_a_fit_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), reproducible():
        torch.ones(2, 3) @ torch.ones(2, 3)

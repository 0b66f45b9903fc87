import time

import pytest
import torch

from pyimgano_core.detectors.torch_parts.device import fitting, reproducible


def test_what_does_not_fit_into_memory_is_a_memory_error():
    with pytest.raises(MemoryError, match="does not fit into memory"), reproducible():
        torch.empty(10**15)


def test_other_errors_of_a_fit_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), reproducible():
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_a_fit_is_on_the_named_device_and_computes_reproducibly():
    with fitting("cpu") as (device, _):
        assert (torch.device("cpu"), True) == (device, torch.are_deterministic_algorithms_enabled())
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_clock_of_a_fit_leaves_out_what_torch_loads_before_it(monkeypatch):
    clock, switch, loading = time.perf_counter, torch.use_deterministic_algorithms, []

    def switch_slowly(mode, **options):
        loading.append(1000)
        switch(mode, **options)

    monkeypatch.setattr(torch, "use_deterministic_algorithms", switch_slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + sum(loading[:1]))
    with fitting("cpu") as (_, laps):
        laps.lap("features")
    assert loading
    assert laps.laps["features"] < 1000

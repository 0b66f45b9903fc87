import time

import pytest

from pyimgano_core.detectors.clock import Clock


@pytest.fixture
def at(monkeypatch):
    """Return what sets the time."""
    now = {"seconds": 10.0}
    monkeypatch.setattr(time, "perf_counter", lambda: now["seconds"])
    return lambda seconds: now.update(seconds=seconds)


def test_a_lap_is_from_the_end_of_the_one_before_to_now(at):
    clock = Clock()
    at(10.5)
    clock.lap("features")
    at(12.0)
    clock.lap("coreset")
    assert {"features": 0.5, "coreset": 1.5} == clock.laps


def test_the_parts_of_a_lap_stand_after_it_under_its_name(at):
    clock = Clock()
    at(13.0004)
    clock.lap("fit", {"features": 1.0, "export": 2.0})
    assert ["fit", "fit.features", "fit.export"] == list(clock.laps)
    assert 3.0 == clock.laps["fit"]

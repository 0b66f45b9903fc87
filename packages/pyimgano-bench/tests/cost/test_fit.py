import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve

from pyimgano_bench.cost._cases import make_cases
from pyimgano_bench.cost._fit import _gpu_bytes, _learning_seconds, fit
from pyimgano_core.errors import ConfigError
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress


@pytest.fixture
def request_of_fit(plan_of, protocol, tmp_path):
    (case,) = make_cases(plan_of("pass_by"), tmp_path, protocol, SilentProgress())
    return case.fit


def test_the_graph_is_that_of_a_run(request_of_fit):
    answer = fit(request_of_fit)
    config, base = request_of_fit.config, Path(request_of_fit.base)
    prepared = prepare_dataset(config, base, SilentProgress())
    run = run_category(prepared.categories[0], prepared, config, base, SilentProgress())
    assert run.graph.model == Path(request_of_fit.model).read_bytes()
    assert len(run.graph.model) == answer.checkpoint_bytes


def test_the_category_must_be_there(request_of_fit):
    config = request_of_fit.config
    missing = evolve(config, dataset=evolve(config.dataset, category="washer"))
    with pytest.raises(ConfigError, match="washer"):
        fit(evolve(request_of_fit, config=missing))


def test_learning_is_all_that_a_detector_tells_but_the_export():
    assert 3.5 == _learning_seconds({"seconds": {"features": 2.0, "coreset": 1.5, "export": 9.0}})
    assert _learning_seconds({"seconds": {"export": 9.0}}) is _learning_seconds({}) is None


def cards(*peaks):
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_initialized=lambda: bool(peaks),
            device_count=lambda: len(peaks),
            max_memory_allocated=lambda card: peaks[card],
        )
    )


@pytest.mark.parametrize(
    ("torch", "expected"),
    [(None, None), (cards(), None), (cards(0), None), (cards(0, 700), 700)],
    ids=["not loaded", "not started", "not used", "used"],
)
def test_memory_of_a_card_is_told_where_one_was_used(monkeypatch, torch, expected):
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert expected == _gpu_bytes()

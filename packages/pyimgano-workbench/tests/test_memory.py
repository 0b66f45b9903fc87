import os

import pytest

from pyimgano_core.contracts.config import DatasetConfig, ModelConfig, RunConfig, TilingConfig
from pyimgano_core.errors import ConfigError
from pyimgano_workbench import memory
from pyimgano_workbench.memory import available_memory, forecast_memory

MIB = 2**20
PATCHCORE = RunConfig(
    dataset=DatasetConfig(resize=(64, 64)),
    model=ModelConfig(name="patchcore", options={"memory_budget_mb": 64.0}),
)


def forecast(config, counts, available=None):
    return forecast_memory(config, memory.Path(), counts, available)


def test_the_category_that_needs_the_most_is_what_counts():
    found = forecast(PATCHCORE, {"few": 10, "many": 5000}, 10_000.0)
    alone = {name: forecast(PATCHCORE, {name: count}) for name, count in (("few", 10), ("many", 5000))}
    assert alone["few"].fit_mb < alone["many"].fit_mb == found.fit_mb
    assert alone["many"].words == found.words
    assert {name: each.model_mb[name] for name, each in alone.items()} == found.model_mb
    assert (10_000.0, None) == (found.available_mb, found.warning)


def test_more_than_the_machine_has_is_a_warning_with_both_numbers():
    found = forecast(PATCHCORE, {"part": 100}, 50.0)
    assert f"about {found.fit_mb:.0f} MB of memory and only 50 MB are available" in found.warning


def test_with_tiling_as_many_tiles_are_counted_as_a_fit_may_see():
    tiling = TilingConfig(max_train_tiles=5000)
    tiled = RunConfig(dataset=DatasetConfig(resize=(64, 64), tiling=tiling), model=PATCHCORE.model)
    assert forecast(PATCHCORE, {"part": 5000}) == forecast(tiled, {"part": 10})


def test_without_train_images_there_is_nothing_to_tell():
    assert forecast(PATCHCORE, {}) is None


def test_a_model_that_can_t_be_had_is_an_error():
    with pytest.raises(ConfigError, match="unknown detector"):
        forecast(RunConfig(model=ModelConfig(name="patchcor")), {"part": 1})


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write what the system tells of its memory."""
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_OWN_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "groups")

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_what_the_system_calls_available_is_available(machine):
    machine(meminfo="MemTotal:  9000 kB\nMemAvailable:    4096 kB\nCached: 1 kB\n")
    assert available_memory() == pytest.approx(4.0)


def test_the_limit_of_a_container_is_a_limit_and_its_file_cache_is_not_in_use(machine):
    machine(
        meminfo="MemAvailable:    40960 kB\n",
        cgroup="0::/\n",
        groups__memory_dot_max=f"{16 * MIB}\n",
        groups__memory_dot_current=f"{12 * MIB}\n",
        groups__memory_dot_stat=f"active_file 1\ninactive_file {4 * MIB}\n",
    )
    assert available_memory() == pytest.approx(8.0)


def test_the_limit_of_a_group_further_out_is_a_limit_too(machine):
    machine(
        meminfo="MemAvailable:    40960 kB\n",
        cgroup="0::/job/step\n",
        groups__job__step__memory_dot_max="max\n",
        groups__job__step__memory_dot_current="1\n",
        groups__job__memory_dot_max=f"{6 * MIB}\n",
        groups__job__memory_dot_current=f"{4 * MIB}\n",
    )
    assert available_memory() == pytest.approx(2.0)


def test_the_older_form_of_a_limit_is_read(machine):
    machine(
        cgroup="4:memory:/\n0::/\n",
        groups__memory__memory_dot_limit_in_bytes=f"{6 * MIB}\n",
        groups__memory__memory_dot_usage_in_bytes=f"{4 * MIB}\n",
        groups__memory__memory_dot_stat=f"total_inactive_file {MIB}\n",
    )
    assert available_memory() == pytest.approx(3.0)


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the system does not tell")
def test_where_nothing_else_tells_the_size_of_the_memory_does(machine):
    machine()
    assert available_memory() == pytest.approx(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MIB)

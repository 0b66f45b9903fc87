import os
import platform

from pyimgano_bench.environment import describe_machine, machine_in_words, origin_in_words


def test_the_machine_is_described_by_its_processors_and_memory_and_not_by_its_name():
    machine = describe_machine()
    assert ["platform", "machine", "processor", "processors", "memory_gib"] == list(machine)
    assert (platform.platform(), os.cpu_count()) == (machine["platform"], machine["processors"])
    assert machine["memory_gib"] is None or 0.1 < machine["memory_gib"] < 1e5
    assert machine["processor"] is None or machine["processor"].strip()


def test_words_carry_units_and_leave_out_what_is_not_known():
    told = machine_in_words({"processor": None, "processors": 2, "memory_gib": 23.5})
    assert {"processors": "2", "memory": "23.5 GiB"} == told
    assert {} == machine_in_words({"memory_gib": None})


def test_every_fact_of_this_machine_that_is_known_has_words():
    known = [name for name, value in describe_machine().items() if value is not None]
    assert len(known) == len(machine_in_words(describe_machine()))


def test_a_line_tells_time_machine_and_the_versions_that_are_installed():
    line = origin_in_words("2026-01-02", {"memory_gib": 8.0}, {"numpy": "2.4", "timm": None})
    assert "2026-01-02; memory 8.0 GiB; numpy 2.4." == line

import os
import platform

from pyimgano_bench.environment import describe_machine


def test_the_machine_is_described_by_its_processors_and_memory_and_not_by_its_name():
    machine = describe_machine()
    assert ["platform", "machine", "processor", "processors", "memory_gib"] == list(machine)
    assert (platform.platform(), os.cpu_count()) == (machine["platform"], machine["processors"])
    assert machine["memory_gib"] is None or 0.1 < machine["memory_gib"] < 1e5
    assert machine["processor"] is None or machine["processor"].strip()

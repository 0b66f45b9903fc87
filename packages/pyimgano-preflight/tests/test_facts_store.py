"""How the files of a data set are read: each once, in order, by as many threads as the storage calls for."""

from __future__ import annotations

import os
import threading
import time

import pytest

from pyimgano_core.engine import default_workers
from pyimgano_core.layouts import load_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.facts import FactStore, _bytes, read_facts
from pyimgano_preflight.facts._latency import choose_workers, storage_latency


def samples_of(dataset):
    dataset.save()
    return load_dataset(dataset.config().dataset, dataset.folder).samples


def all_facts(store, samples):
    return [(store.image(sample), store.mask(sample)) for sample in samples]


@pytest.mark.parametrize("depth", ["quick", "standard", "deep"])
def test_facts_do_not_depend_on_the_number_of_threads(dataset, depth):
    samples = samples_of(dataset)
    found = []
    for workers in (1, 2, 32):
        store = FactStore(depth, SilentProgress(), workers=workers)
        store.hash_contents(samples)
        found.append(all_facts(store, samples))
    assert found[0] == found[1] == found[2]


def test_the_images_of_each_category_are_those_of_all(dataset):
    for number, row in enumerate(dataset.rows):
        row.update(category="cab"[number % 3], group_id=f"part {number}")
    dataset.file(dataset.rows[0]["image_path"]).write_bytes(b"no image")
    samples = samples_of(dataset)
    store = FactStore("deep", SilentProgress(), workers=1)
    store.hash_contents(samples)
    found = {name: list(images) for name, images in store.images_by_category("pixels")}
    categories = sorted({sample.record.category for sample in samples})
    everything = list(store.images("pixels"))
    assert ["a", "b", "c"] == categories == sorted(found)
    for name in categories:
        assert [pair for pair in everything if pair[0].record.category == name] == found[name]


def test_a_file_is_opened_once_however_often_it_is_named(dataset, monkeypatch):
    opened = []
    really = os.open

    def counting(path, flags):
        opened.append(str(path))
        return really(path, flags)

    samples = tuple(samples_of(dataset)) * 2
    monkeypatch.setattr(_bytes.os, "open", counting)
    FactStore("deep", SilentProgress(), workers=2).hash_contents(samples)
    assert len(opened) == len(set(opened)) == 36


def slow_opening(monkeypatch, seconds):
    """Make the storage answer late, as one beyond a network does."""
    really = os.open

    def late(path, flags):
        time.sleep(seconds)
        return really(path, flags)

    monkeypatch.setattr(_bytes.os, "open", late)


def test_slow_storage_is_noticed_and_read_by_many_threads(dataset, monkeypatch):
    samples = samples_of(dataset)
    paths = [str(sample.image) for sample in samples]
    assert default_workers() == choose_workers(paths, "standard")
    assert choose_workers(paths, "quick") == 1
    slow_opening(monkeypatch, 0.003)
    assert storage_latency(paths) >= 0.003
    assert {max(32, default_workers())} == {choose_workers(paths, depth) for depth in ("quick", "deep")}
    names = set()
    really = read_facts

    def naming(*arguments):
        names.add(threading.current_thread().name)
        return really(*arguments)

    monkeypatch.setattr("pyimgano_preflight.facts._store.read_facts", naming)
    FactStore("standard", SilentProgress()).hash_contents(samples)
    assert len(names) > default_workers()


def test_a_data_set_of_missing_files_has_no_latency(tmp_path):
    assert storage_latency([str(tmp_path / str(number)) for number in range(40)]) == 0.0
    assert storage_latency([]) == 0.0

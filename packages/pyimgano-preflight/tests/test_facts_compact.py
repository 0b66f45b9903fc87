"""Facts that are kept in little memory are the facts that were found."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.layouts import load_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.facts import FactStore, FileError, FileFacts, HeaderFacts, MaskFacts, PixelFacts
from pyimgano_preflight.facts._compact import FactTable

PIXEL_NUMBERS = (
    "mean",
    "std",
    "minimum",
    "maximum",
    "dark_share",
    "bright_share",
    "contrast",
    "sharpness",
    "blank_share",
)

numbers = st.integers(0, 2**40)
shares = st.floats(0, 255)
errors = st.builds(FileError, code=st.sampled_from("ab"), message=st.text("ab"), errno=st.none() | numbers)
headers = st.builds(
    HeaderFacts,
    format=st.sampled_from(["PNG", "JPEG"]),
    width=st.integers(1, 3),
    height=st.integers(1, 3),
    mode=st.just("L"),
    bits=st.just(8),
    is_complete=st.none() | st.booleans(),
)
hexes = st.binary(max_size=9).map(bytes.hex)
pixels = st.builds(PixelFacts, **dict.fromkeys(PIXEL_NUMBERS, shares), difference_hash=hexes, thumbnail=hexes)
masks = st.builds(
    MaskFacts,
    marked=numbers,
    pixels=numbers,
    height=numbers,
    width=numbers,
    values=st.lists(numbers, max_size=16).map(tuple),
    value_count=numbers,
)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def file_facts(draw):
    facts = FileFacts(
        path="",
        size=draw(st.none() | numbers),
        mtime_ns=draw(st.none() | st.integers(-(2**62), 2**62)),
        inode=draw(st.none() | st.tuples(numbers, st.integers(0, 2**65))),
        error=draw(st.none() | errors),
        header=draw(st.none() | headers),
        sha256=draw(st.none() | hashes | st.just("no hash")),
        checksums_hold=draw(st.none() | st.booleans()),
        pixels=draw(st.none() | pixels),
    )
    return facts if facts.pixels else evolve(facts, mask=draw(st.none() | masks))


@given(st.lists(st.none() | file_facts(), max_size=8), st.randoms(use_true_random=False))
def test_facts_come_back_as_they_were_put_in_any_order(found, random):
    table = FactTable(len(found))
    for number in random.sample(range(len(found)), len(found)):
        if found[number] is not None:
            table.put(number, found[number])
    expected = [facts or FileFacts(path="") for facts in found]
    assert [evolve(facts, path="p") for facts in expected] == [table.get(n, "p") for n in range(len(found))]
    assert [facts.sha256 for facts in expected] == [table.sha256(number) for number in range(len(found))]
    assert [facts.inode for facts in expected] == [table.inode(number) for number in range(len(found))]
    assert [facts is not None for facts in found] == table.has("known").tolist()
    for part in ("error", "header", "sha256", "pixels", "mask"):
        assert [getattr(facts, part) is not None for facts in expected] == table.has(part).tolist()


def test_an_image_that_is_a_mask_too_keeps_all_of_its_facts():
    facts = FileFacts(
        path="p",
        pixels=PixelFacts(**dict.fromkeys(PIXEL_NUMBERS, 1.0), difference_hash="00"),
        mask=MaskFacts(marked=1, pixels=1, height=1, width=1),
    )
    table = FactTable(1)
    table.put(0, facts)
    assert facts == table.get(0, "p")
    assert table.has("mask").all()


def test_ten_thousand_files_take_less_than_a_megabyte_and_a_half():
    header = HeaderFacts(format="PNG", width=9, height=9, mode="L", bits=8)
    tracemalloc.start()
    table = FactTable(10_000)
    for number in range(10_000):
        sha256 = number.to_bytes(32, "big").hex()
        table.put(number, FileFacts(path="", size=9, inode=(1, number), header=header, sha256=sha256))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 1_500_000  # as objects: ten times that


@pytest.fixture
def gathered(dataset):
    dataset.row("train/1.png")["image_path"] = "./train/1.png"
    dataset.save()
    samples = load_dataset(dataset.config().dataset, dataset.folder).samples
    store = FactStore("standard", SilentProgress(), workers=1)
    return store, samples, store.hash_contents(samples)


def test_hashes_are_a_mapping_of_every_file_that_was_read(gathered):
    store, samples, hashes = gathered
    files = {path for sample in samples for path in (sample.image, sample.mask) if path is not None}
    assert isinstance(hashes, Mapping)
    assert files == set(hashes)
    assert len(files) == len(hashes)
    assert {sample.image: store.image(sample).sha256 for sample in samples}.items() <= hashes.items()
    assert hashes.get(samples[0].image.with_name("other.png")) is None


def test_what_is_asked_of_many_images_is_what_is_asked_of_each(gathered):
    store, samples, _ = gathered
    each = [store.image(sample) for sample in samples]
    assert each == list(store.of_images(samples))
    assert list(zip(samples, each, strict=True)) == list(store.images())
    assert [(number, facts.header) for number, facts in enumerate(each)] == list(store.headers())
    assert list(store.images("pixels")) == []
    assert (store.knows("header"), store.knows("pixels")) == (True, False)

import copy
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pyimgano_core.errors import MachineError
from pyimgano_core.metrics import (
    PixelAccumulator,
    SaturatedOverlapAccumulator,
    ScoredImage,
    SketchAccumulator,
    _bags,
    load_sketch,
    save_sketch,
)
from pyimgano_core.metrics._spool import Spool

SIDE = 24
SHARDS = 3


@pytest.fixture
def small_chunks(monkeypatch):
    """Every second image or so goes to the disk."""
    monkeypatch.setattr(_bags, "CHUNK", 1000)
    monkeypatch.setattr(_bags, "RUN", 100)


def images(count=12, side=SIDE):
    rng = np.random.default_rng(5)
    for index in range(count):
        mask = np.zeros((side, side), bool)
        mask[2:9, 3:5] = index % 2
        yield str(index), rng.normal(size=(side, side)).astype(np.float32) + mask, mask


def pixels():
    return PixelAccumulator(0.3, saturation=0.5, aupimo_limits=(0.01, 0.5))


def add_pixels(accumulator, name, scores, mask):
    accumulator.update(scores, mask, name=name)


def add_regions(accumulator, _, scores, mask):
    accumulator.update(scores, [mask] if mask.any() else [], [5] if mask.any() else [])


def fill(make, add, data):
    accumulator = make()
    for image in data:
        add(accumulator, *image)
    return accumulator


def merged(shards):
    first, *others = shards
    for other in others:
        first.merge(other)
    return first


def sketched(data):
    accumulator = SketchAccumulator(saturation=0.5, pixel_threshold=1.0)
    for name, scores, mask in data:
        image = ScoredImage(
            name=name,
            score=scores.max(),
            anomalous=mask.any(),
            scores=scores,
            mask=mask,
            group=f"{mask.any()}",
        )
        accumulator.update(image)
    return accumulator


def saved(folder, accumulator):
    save_sketch(folder / "sketch.npz", accumulator.result())
    return (folder / "sketch.npz").read_bytes()


ACCUMULATORS = pytest.mark.parametrize(
    ("make", "add"),
    [(pixels, add_pixels), (SaturatedOverlapAccumulator, add_regions)],
    ids=["pixel", "saturated"],
)
COPIES = pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))],  # noqa: S301 - our own bytes
    ids=["deep copy", "pickle"],
)


@ACCUMULATORS
@COPIES
@pytest.mark.usefixtures("small_chunks")
def test_shards_that_were_copied_give_the_same_to_the_bit_and_can_go_on(make, add, copied):
    data = list(images())
    expected = fill(make, add, data).result()
    shards = [copied(fill(make, add, data[at:-1:SHARDS])) for at in range(SHARDS)]
    add(shards[1], *data[-1])
    assert expected == merged(shards).result()


@ACCUMULATORS
@COPIES
@pytest.mark.usefixtures("small_chunks")
def test_a_copy_and_its_original_go_apart(make, add, copied):
    data = list(images())
    first = fill(make, add, data[:8])
    expected = first.result()
    second = copied(first)
    for image in data[8:]:
        add(second, *image)
    assert expected == first.result()
    assert fill(make, add, data).result() == second.result()


@COPIES
@pytest.mark.usefixtures("small_chunks")
def test_a_merged_accumulator_takes_the_chunks_of_both_along(copied):
    data = list(images())
    whole = merged([fill(pixels, add_pixels, data[:5]), fill(pixels, add_pixels, data[5:])])
    assert fill(pixels, add_pixels, data).result() == copied(whole).result()


@COPIES
def test_a_sketch_in_the_making_can_be_copied_and_go_on(tmp_path, copied):
    data = list(images())
    expected = saved(tmp_path, sketched(data))
    half = copied(sketched(data[:7]))
    for name, scores, mask in data[7:]:
        group = f"{mask.any()}"
        half.update(
            ScoredImage(
                name=name, score=scores.max(), anomalous=mask.any(), scores=scores, mask=mask, group=group
            )
        )
    assert expected == saved(tmp_path, half)
    assert load_sketch(tmp_path / "sketch.npz").regions.sum() == 6


@pytest.mark.usefixtures("small_chunks")
def test_accumulators_cross_to_new_processes_and_back(tmp_path):
    data = list(images())
    shards = [fill(pixels, add_pixels, data[at::SHARDS]) for at in range(SHARDS)]
    expected = [shard.result() for shard in shards]
    sketch = sketched(data)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert expected == pool.map(PixelAccumulator.result, shards)
        returned = pool.map(copy.deepcopy, [*shards, sketch])
    assert fill(pixels, add_pixels, data).result() == merged(returned[:-1]).result()
    assert saved(tmp_path, sketch) == saved(tmp_path, returned[-1])


@pytest.mark.parametrize("make", [PixelAccumulator, SaturatedOverlapAccumulator, SketchAccumulator])
def test_what_is_tiny_is_tiny_in_a_pickle(make):
    accumulator = make()
    if make is PixelAccumulator:
        accumulator.update(np.ones((2, 2), np.float32), np.zeros((2, 2), bool))
    assert len(pickle.dumps(accumulator)) < 2000


def test_threads_read_the_file_that_merged_accumulators_share(monkeypatch):
    monkeypatch.setattr(_bags, "CHUNK", 40_000)
    monkeypatch.setattr(_bags, "RUN", 500)  # hundreds of reads each
    whole = fill(pixels, add_pixels, images(30, side=100))
    others = [pixels() for _ in range(3)]
    for other in others:
        other.merge(whole)
    expected = whole.result()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            results = list(pool.map(PixelAccumulator.result, [whole, *others]))
            assert [expected] * 4 == results


def test_threads_ask_one_accumulator_for_its_first_result(monkeypatch):
    monkeypatch.setattr(_bags, "RUN", 5000)
    data = list(images(4, side=700))
    expected = fill(PixelAccumulator, add_pixels, data).result()
    for _ in range(4):
        fresh = fill(PixelAccumulator, add_pixels, data)
        with ThreadPoolExecutor(4) as pool:
            assert [expected] * 4 == list(pool.map(PixelAccumulator.result, [fresh] * 4))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.usefixtures("small_chunks")
def test_forked_processes_read_one_file_and_write_to_files_of_their_own():
    data = list(images(30))
    shared = fill(pixels, add_pixels, data[:20])
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def go_on(mine):
        results = [shared.result()]
        for image in mine:
            add_pixels(shared, *image)
            results.append(shared.result())
        return results

    expected = {
        cut: [fill(pixels, add_pixels, [*data[:20], *data[cut : cut + at]]).result() for at in range(6)]
        for cut in (20, 25)
    }
    child = context.Process(target=lambda: sender.send(go_on(data[20:25])))
    child.start()
    assert expected[25] == go_on(data[25:])
    assert expected[20] == receiver.recv()
    child.join()


def test_reads_of_a_part_are_gone_on_with(monkeypatch):
    spool, values = Spool(), np.arange(1000.0)
    spool.append(np.ones(3, np.float32))
    chunk = spool.append(values)
    whole = type(chunk.file)._read_some
    monkeypatch.setattr(
        type(chunk.file), "_read_some", lambda file, target, offset: whole(file, target[:77], offset)
    )
    assert values.tolist() == chunk.read().tolist()


def test_systems_without_positioned_reads_read_the_same(monkeypatch):
    monkeypatch.delattr(os, "preadv", raising=False)
    spool = Spool()
    chunks = [spool.append(np.full(50, value, np.float32)) for value in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda chunk: chunk.read().tolist(), chunks * 5))
    assert [[value] * 50 for value in range(40)] * 5 == found


def test_a_file_that_lost_its_end_is_an_error_that_says_where():
    chunk = Spool().append(np.arange(100.0))
    chunk.file._file.truncate(90)
    with pytest.raises(MachineError, match="TMPDIR"):
        chunk.read()


def test_nothing_is_read_back_as_nothing():
    assert Spool().append(np.empty(0, np.float32)).read().tolist() == []

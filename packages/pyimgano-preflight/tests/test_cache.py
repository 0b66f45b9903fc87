from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.facts import (
    FactCache,
    FactStore,
    FileError,
    FileFacts,
    HeaderFacts,
    MaskFacts,
    PixelFacts,
    from_plain,
    read_facts,
    read_picture,
    to_plain,
)

LONG_AGO = 1_600_000_000_000_000_000
DEPTHS = ["quick", "standard", "deep"]
SHALLOWER = [("standard", "quick"), ("deep", "quick"), ("deep", "standard")]


def image_bytes(value=90):
    buffer = io.BytesIO()
    Image.effect_noise((48, 32), value).save(buffer, "PNG")
    return buffer.getvalue()


def write(path, content, changed=LONG_AGO):
    path.write_bytes(content)
    os.utime(path, ns=(changed, changed))
    return str(path)


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / "image.png", image_bytes())


@pytest.fixture
def place(tmp_path):
    return tmp_path / "facts.cache"


def remember(place, path, role="image", depth="standard"):
    facts = read_facts(path, role, depth)
    with FactCache(place) as cache:
        cache.put(facts, role, depth)
        assert cache.notice is None
    return facts


def recall(place, path, role="image", depth="standard"):
    with FactCache(place) as cache:
        found = cache.get(path, role, depth, Path(path).stat())
        assert cache.notice is None
    return found


# what is known again


@pytest.mark.parametrize("role", ["image", "mask"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_the_facts_of_an_unchanged_file_are_those_that_were_read(image, place, role, depth):
    assert remember(place, image, role, depth) == recall(place, image, role, depth)


@pytest.mark.parametrize("role", ["image", "mask"])
@pytest.mark.parametrize(("known", "asked"), SHALLOWER)
def test_a_deeper_look_serves_a_shallower_one_and_tells_no_more_than_it(image, place, role, known, asked):
    remember(place, image, role, known)
    assert read_facts(image, role, asked) == recall(place, image, role, asked)


@pytest.mark.parametrize(("asked", "known"), SHALLOWER)
def test_a_shallower_look_does_not_serve_a_deeper_one(image, place, known, asked):
    remember(place, image, depth=known)
    assert recall(place, image, depth=asked) is None


def test_a_fault_that_a_deeper_look_found_is_looked_for_anew(tmp_path, place):
    flipped = bytearray(image_bytes())
    flipped[-30] ^= 8
    path = write(tmp_path / "flipped.png", flipped)
    assert remember(place, path).error is not None
    assert recall(place, path, depth="quick") is None
    assert recall(place, path).error.code == "corrupt"


def test_a_mask_that_is_decoded_without_its_end_is_truncated_for_a_quick_look(tmp_path, place):
    buffer = io.BytesIO()
    Image.new("L", (16, 16)).save(buffer, "PNG")
    path = write(tmp_path / "mask.png", buffer.getvalue()[:-20])
    assert remember(place, path, "mask").error is None
    with FactCache(place) as cache:
        (found,) = FactStore("quick", SilentProgress(), cache=cache).read([(path, "mask")])
    assert read_facts(path, "mask", "quick") == found
    assert found.error.code == "truncated"


def test_an_image_is_not_taken_for_a_mask(image, place):
    remember(place, image)
    assert recall(place, image, "mask") is None


def test_the_range_of_sixteen_bits_counts(image, place):
    remember(place, image)
    with FactCache(place, (0, 4095)) as cache:
        assert cache.get(image, "image", "standard", Path(image).stat()) is None


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_changed_file_is_read_anew(image, place, change):
    remember(place, image)
    content = image_bytes() + b"more" * (change == "size")
    write(place.parent / "image.png", content, LONG_AGO + 1000 * (change == "time"))
    assert recall(place, image) is None


def test_a_file_that_changed_just_now_is_not_remembered(tmp_path, place):
    path = tmp_path / "new.png"
    path.write_bytes(image_bytes())
    remember(place, str(path))
    assert recall(place, str(path)) is None


@pytest.mark.parametrize("code", ["storage_error", "changed"])
def test_what_the_storage_failed_at_is_tried_again(image, place, code):
    failed = evolve(read_facts(image, "image", "standard"), error=FileError(code=code, message="failed"))
    with FactCache(place) as cache:
        cache.put(failed, "image", "standard")
    assert recall(place, image) is None


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
def test_a_name_that_is_not_utf_8_is_known_again(tmp_path, place):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/na\xffme.png")
    try:
        write(Path(path), image_bytes())
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    assert remember(place, path) == recall(place, path)


def test_a_file_in_another_place_of_the_disk_is_known_with_the_inode_it_has_now(image, place):
    known = remember(place, image)
    copy = Path(image).rename(image + ".old")  # so that the next file takes another inode
    write(Path(image), copy.read_bytes())
    state = Path(image).stat()
    assert copy.stat().st_ino != state.st_ino
    assert evolve(known, inode=(state.st_dev, state.st_ino)) == recall(place, image)


# the same bytes at another time, as after a checkout


LATER = LONG_AGO + 1_000_000_000


def look_again(place, path, role="image", depth="standard"):
    with FactCache(place) as cache:
        (found,) = FactStore(depth, SilentProgress(), workers=1, cache=cache).read([(path, role)])
    return found


def earlier(place, path, depth):
    with FactCache(place) as cache:
        return cache.get_earlier(path, "image", depth, Path(path).stat())


@pytest.mark.parametrize("role", ["image", "mask"])
@pytest.mark.parametrize("depth", ["standard", "deep"])
def test_the_same_bytes_at_another_time_are_known_again_and_from_then_on(image, place, role, depth):
    remember(place, image, role, depth)
    os.utime(image, ns=(LATER, LATER))
    assert read_facts(image, role, depth) == look_again(place, image, role, depth)
    assert read_facts(image, role, depth) == recall(place, image, role, depth)


def test_a_shallower_look_at_the_same_bytes_keeps_what_the_deeper_one_found(image, place):
    remember(place, image, depth="deep")
    os.utime(image, ns=(LATER, LATER))
    assert read_facts(image, "image", "standard") == look_again(place, image)
    assert read_facts(image, "image", "deep") == recall(place, image, depth="deep")


def test_a_quick_look_at_another_time_keeps_what_a_deeper_one_found(image, place):
    known = remember(place, image, depth="deep")
    os.utime(image, ns=(LATER, LATER))
    assert read_facts(image, "image", "quick") == look_again(place, image, depth="quick")
    assert known == earlier(place, image, "deep")


def test_a_quick_look_at_a_file_of_another_size_is_kept(image, place):
    remember(place, image, depth="deep")
    write(Path(image), image_bytes() + b"more", LATER)
    known = remember(place, image, depth="quick")
    assert known == recall(place, image, depth="quick")


@pytest.mark.parametrize("role", ["image", "mask"])
def test_other_bytes_of_the_same_size_are_looked_at_anew_and_remembered(image, place, role):
    remember(place, image, role, "deep")
    write(Path(image), bytes(Path(image).stat().st_size), LATER)
    assert read_facts(image, role, "deep") == look_again(place, image, role, "deep")
    assert read_facts(image, role, "deep") == recall(place, image, role, "deep")


def test_other_bytes_of_the_same_size_are_read_once(image, place, monkeypatch):
    remember(place, image)
    write(Path(image), bytes(Path(image).stat().st_size), LATER)
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *options: opened.append(path) or real(path, *options))
    look_again(place, image)
    assert [image] == [path for path in opened if path == image]


@pytest.mark.parametrize(("known", "asked"), [("quick", "quick"), ("deep", "quick"), ("standard", "deep")])
def test_no_bytes_are_compared_for_a_quick_look_or_one_that_goes_deeper(image, place, known, asked):
    remember(place, image, depth=known)
    os.utime(image, ns=(LATER, LATER))
    assert earlier(place, image, asked) is None


def test_what_another_run_remembered_meanwhile_is_not_taken_for_the_same_bytes(image, place):
    remember(place, image)
    os.utime(image, ns=(LATER, LATER))
    with FactCache(place) as cache:
        before = cache.get_earlier(image, "image", "standard", Path(image).stat())
        now = read_facts(image, "image", "standard", earlier=before)
        write(Path(image), bytes(Path(image).stat().st_size), LATER + 1)
        remember(place, image)
        cache.renew(before, now, "image")
    assert read_facts(image, "image", "standard") == recall(place, image)


def test_after_a_checkout_no_image_is_decoded(image, place, monkeypatch):
    def check():
        with FactCache(place) as cache:
            store = FactStore("deep", SilentProgress(), cache=cache)
            return [
                *store.read([(image, "image")]),
                *(picture.tolist() for picture in store.pictures([image])),
            ]

    first = check()
    os.utime(image, ns=(LATER, LATER))
    monkeypatch.delattr("pyimgano_preflight.facts._read.decode_image")
    monkeypatch.delattr("pyimgano_preflight.facts._read.decode_small")
    assert [evolve(first[0], mtime_ns=LATER), *first[1:]] == check()


# a file that is no cache, or not now


def gather(place, path):
    with FactCache(place) as cache:
        store = FactStore("standard", SilentProgress(), cache=cache)
        (facts,) = store.read([(path, "image")])
    return facts, cache.notice


def foreign_database(place):
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE theirs (value)")
    connection.close()


def newer_cache(place):
    with FactCache(place):
        pass
    with sqlite3.connect(place) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()


UNUSABLE = {
    "text": lambda place: place.write_text("these are no facts " * 100),
    "a folder": lambda place: place.mkdir(),
    "another program's": foreign_database,
    "a newer version's": newer_cache,
}


def test_a_folder_that_is_not_there_is_not_made_for_a_cache(image, place):
    _, notice = gather(place / "missing" / "facts.cache", image)
    assert "can't be used" in notice
    assert not place.exists()


@pytest.mark.parametrize("kind", UNUSABLE)
def test_what_is_no_cache_is_left_alone_with_a_notice(image, place, kind):
    UNUSABLE[kind](place)
    before = place.read_bytes() if place.is_file() else None
    facts, notice = gather(place, image)
    assert read_facts(image, "image", "standard") == facts
    assert str(place) in notice
    assert before == (place.read_bytes() if place.is_file() else None)


def filled(tmp_path, place):
    paths = [write(tmp_path / f"{number}.png", image_bytes(number)) for number in range(40, 80)]
    facts = [read_facts(path, "image", "standard") for path in paths]
    with FactCache(place) as cache:
        for known in facts:
            cache.put(known, "image", "standard")
    return [(path, "image") for path in paths], facts


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_torn_cache_is_told_of_and_never_fatal(tmp_path, place, share):
    jobs, facts = filled(tmp_path, place)
    os.truncate(place, int(place.stat().st_size * share))
    with FactCache(place) as cache:
        assert facts == list(FactStore("standard", SilentProgress(), cache=cache).read(jobs))
    assert "can't be used" in cache.notice


def test_a_cache_of_flipped_bits_tells_no_lies(tmp_path, place):
    jobs, facts = filled(tmp_path, place)
    whole = place.read_bytes()
    random = Random(7)
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(random.choice([1, 10, 400])):
            damaged[random.randrange(100, len(damaged))] ^= 1 << random.randrange(8)
        place.write_bytes(damaged)
        with FactCache(place) as cache:
            assert facts == list(FactStore("standard", SilentProgress(), workers=1, cache=cache).read(jobs))


def test_a_damaged_row_is_read_anew(image, place):
    remember(place, image)
    with sqlite3.connect(place) as connection:
        connection.execute("""UPDATE facts SET facts = replace(facts, '"width": 48', '"width": 49')""")
    connection.close()
    assert recall(place, image) is None


def test_a_locked_cache_costs_the_keeping_and_says_so(image, place, monkeypatch):
    monkeypatch.setattr("pyimgano_preflight.facts._cache_file._LOCK_SECONDS", 0.05)
    with FactCache(place):
        pass
    holder = sqlite3.connect(place, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    facts, notice = gather(place, image)
    holder.close()
    assert read_facts(image, "image", "standard") == facts
    assert "can't be written" in notice
    assert recall(place, image) is None


def test_several_runs_share_a_cache(tmp_path, place):
    paths = [write(tmp_path / f"{number}.png", image_bytes(number)) for number in range(40, 60)]
    known = {path: read_facts(path, "image", "standard") for path in paths}
    notices = []

    def run(start):
        with FactCache(place) as cache:
            for path in paths[start::2]:
                cache.put(known[path], "image", "standard")
        notices.append(cache.notice)

    runs = [threading.Thread(target=run, args=(start,)) for start in (0, 1)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert [None, None] == notices
    assert known == {path: recall(place, path) for path in paths}


def test_a_second_run_opens_no_file(tmp_path, place):
    paths = [write(tmp_path / f"{number}.png", image_bytes(number)) for number in range(40, 50)]
    first = [gather(place, path)[0] for path in paths]
    for path in paths:  # other bytes of the same size and time: whoever opens them sees it
        write(Path(path), bytes(Path(path).stat().st_size))
    again = [gather(place, path)[0] for path in paths]
    assert first == again


# small pictures


def pictures(place, paths, sixteen_bit_range=(0, 65535)):
    with FactCache(place, sixteen_bit_range) as cache:
        store = FactStore("deep", SilentProgress(), sixteen_bit_range=sixteen_bit_range, cache=cache)
        found = [None if picture is None else picture.tolist() for picture in store.pictures(paths)]
        assert cache.notice is None
    return found


def test_the_small_picture_of_an_unchanged_image_is_not_read_again(image, place):
    first = pictures(place, [image])
    assert [read_picture(image).tolist()] == first
    write(Path(image), bytes(Path(image).stat().st_size))
    assert first == pictures(place, [image])


@pytest.mark.parametrize("changed", [LONG_AGO + 1000, time.time_ns()], ids=["long ago", "now"])
def test_the_small_picture_of_a_changed_image_is_read_anew(image, place, changed):
    pictures(place, [image])
    for _ in range(2):
        content = image_bytes()
        write(Path(image), content, changed)
        assert [read_picture(image).tolist()] == pictures(place, [image])
        changed += 1000  # some file systems count in steps of 100 ns


def test_a_small_picture_is_of_its_range_of_sixteen_bits(tmp_path, place):
    values = np.random.default_rng(0).integers(0, 8000, (64, 64), np.uint16)
    path = str(tmp_path / "deep.png")
    Image.fromarray(values).save(path)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    full, narrow = (pictures(place, [path], bounds) for bounds in ((0, 65535), (0, 4095)))
    assert full != narrow


def test_an_image_that_can_not_be_read_has_no_small_picture(tmp_path, place):
    paths = [write(tmp_path / "none.png", b"no image"), str(tmp_path / "missing.png")]
    assert [None, None] == pictures(place, paths)


# plain values

WORDS = st.text(max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**60)
PIXELS = [field.name for field in PixelFacts.__attrs_attrs__ if field.name != "difference_hash"]
FACTS = st.builds(
    FileFacts,
    path=WORDS,
    size=st.none() | COUNTS,
    mtime_ns=st.none() | COUNTS,
    inode=st.none() | st.tuples(COUNTS, COUNTS),
    error=st.none() | st.builds(FileError, code=WORDS, message=WORDS, errno=st.none() | COUNTS),
    header=st.none()
    | st.builds(
        HeaderFacts,
        format=WORDS,
        width=COUNTS,
        height=COUNTS,
        mode=WORDS,
        bits=COUNTS,
        is_complete=st.none() | st.booleans(),
    ),
    sha256=st.none() | WORDS,
    checksums_hold=st.none() | st.booleans(),
    pixels=st.none() | st.builds(PixelFacts, **dict.fromkeys(PIXELS, NUMBERS), difference_hash=WORDS),
    mask=st.none()
    | st.builds(
        MaskFacts,
        marked=COUNTS,
        pixels=COUNTS,
        height=COUNTS,
        width=COUNTS,
        values=st.lists(COUNTS, max_size=4).map(tuple),
        value_count=COUNTS,
    ),
)


@given(facts=FACTS)
def test_facts_survive_json(facts):
    assert facts == from_plain(json.loads(json.dumps(to_plain(facts))))


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"path": "a", "colour": "red"},
        {"path": "a", "header": {"format": "PNG"}},
        {"path": "a", "mask": 3},
    ],
)
def test_what_is_no_facts_is_refused(plain):
    with pytest.raises(ValueError, match="no facts"):
        from_plain(plain)

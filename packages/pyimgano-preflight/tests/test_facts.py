"""What one look at a file tells, against Pillow and core's loader as the slow truth."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import socket
import struct
import sys
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.errors import ImageError
from pyimgano_core.images import image_size, read_image, read_mask
from pyimgano_preflight.facts import FileFacts, _bytes, read_facts
from pyimgano_preflight.facts._bytes import open_regular, unusable
from pyimgano_preflight.facts._header import read_header

DEPTHS = ("quick", "standard", "deep")
RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (50, 70, 3), np.uint8)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def encoded(image, name, **options):
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def picture(mode="RGB"):
    return Image.fromarray(NOISE).convert(mode)


def sixteen_bits():
    return Image.fromarray(RNG.integers(0, 65536, (50, 70)).astype(np.uint16))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def before_end(png, *chunks):
    return png[:-12] + b"".join(chunks) + png[-12:]


PLAIN = {
    **{f"png {mode}": encoded(picture(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")},
    "png 16": encoded(sixteen_bits(), "PNG"),
    "png tRNS": encoded(picture(), "PNG", transparency=(1, 2, 3)),
    "png exif": encoded(picture(), "PNG", exif=exif(6)),
    "png late exif": before_end(encoded(picture(), "PNG"), chunk(b"eXIf", exif(8).tobytes()[6:])),
    "png trailing": encoded(picture(), "PNG") + b"\0" * 9000,
    **{f"jpeg {mode}": encoded(picture(mode), "JPEG") for mode in ("L", "RGB", "CMYK")},
    "jpeg progressive": encoded(picture(), "JPEG", progressive=True),
    "jpeg exif": encoded(picture(), "JPEG", exif=exif(5)),
    "jpeg profile": encoded(picture(), "JPEG", icc_profile=bytes(100_000)),
    "jpeg trailing zeros": encoded(picture(), "JPEG") + bytes(9000),
    "jpeg trailing metadata": encoded(picture(), "JPEG") + b"metadata" * 2000,
    "jpeg xmp": encoded(picture(), "JPEG", xmp=b'<x tiff:Orientation="3"/>'),
    "tiff": encoded(picture(), "TIFF"),
    "tiff 16": encoded(sixteen_bits(), "TIFF"),
    "webp": encoded(picture(), "WEBP"),
    "bmp": encoded(picture(), "BMP"),
    "ppm": encoded(picture(), "PPM"),
}
UNUSUAL = {
    "apng": encoded(picture(), "PNG", save_all=True, append_images=[Image.new("RGB", (70, 50))]),
    "mpo": encoded(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (70, 50))]),
    "tiff pages": encoded(picture(), "TIFF", save_all=True, append_images=[Image.new("RGB", (70, 50))]),
}
MARKED_ENDS = [name for name in PLAIN if "trailing" not in name]


@pytest.fixture
def file(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def error_of(path, depth="quick", role="image"):
    error = read_facts(str(path), role, depth).error
    return None if error is None else error.code


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", [*PLAIN, *UNUSUAL])
def test_a_header_says_what_pillow_says(file, name, depth):
    path = file({**PLAIN, **UNUSUAL}[name])
    facts = read_facts(path, "image", depth)
    with Image.open(path) as image:
        assert (image.format, *image.size, image.mode) == (
            facts.header.format,
            facts.header.width,
            facts.header.height,
            facts.header.mode,
        )
        assert getattr(image, "n_frames", 1) == facts.header.frames
        has_alpha = image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info
        assert has_alpha == facts.header.has_alpha
    assert facts.error is None
    assert facts.header.is_complete in {True, None}
    assert image_size(path) == facts.header.size
    assert (16 if "16" in name else 8) == facts.header.bits or name in {"png 1", "png P"}


@pytest.mark.parametrize("name", PLAIN)
def test_the_bytes_are_hashed_from_standard_on(file, name):
    path = file(PLAIN[name])
    assert read_facts(path, "image", "quick").sha256 is None
    assert hashlib.sha256(PLAIN[name]).hexdigest() == read_facts(path, "image", "standard").sha256


@pytest.mark.parametrize("name", PLAIN)
def test_a_file_too_large_to_hold_gives_the_same_facts(file, name, monkeypatch):
    path = file(PLAIN[name], "small")
    held = [read_facts(path, role, "deep") for role in ("image", "mask")]
    monkeypatch.setattr(_bytes, "LARGEST_HELD", 100)
    monkeypatch.setattr(_bytes, "EDGE", 400)
    assert held == [read_facts(path, role, "deep") for role in ("image", "mask")]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", MARKED_ENDS)
def test_a_file_that_is_cut_off_is_truncated_at_every_depth(file, name, depth):
    content = PLAIN[name]
    assert "truncated" == error_of(file(content[: len(content) * 3 // 4]), depth)


@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_a_png_that_ends_in_zeros_is_told_of_at_once(file, depth):
    path = file(PLAIN["png RGB"])
    os.truncate(path, Path(path).stat().st_size - 100)
    os.truncate(path, 40_000_000)
    start = time.process_time()
    assert "truncated" == read_facts(path, "image", depth).error.code
    assert time.process_time() - start < 2  # chunk by empty chunk, it would be a quarter of a minute


def test_a_packed_file_without_an_end_mark_is_found_by_decoding(file):
    ascii_pixels = b"P2 4 4 255\n" + b"7 " * 9
    path = file(ascii_pixels)
    assert read_facts(path, "image", "quick").header.is_complete is None
    assert error_of(path, "deep") in {"truncated", "corrupt"}


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
@pytest.mark.parametrize("name", ["BMP", "PPM"])
def test_rows_that_are_not_packed_are_counted(file, name, mode):
    content = encoded(picture(mode), name)
    assert error_of(file(content)) is None
    assert "truncated" == error_of(file(content[:-5]))


@settings(max_examples=60)
@given(st.sampled_from(["png RGB", "jpeg RGB", "jpeg progressive"]), st.floats(0.0, 0.999))
@example("jpeg RGB", 0.140625)  # between two segments, before the first scan
def test_no_cut_passes_unseen(tmp_path_factory, name, share):
    content = PLAIN[name]
    path = tmp_path_factory.mktemp("cut") / "file"
    path.write_bytes(content[: int(share * len(content))])
    assert error_of(path) in {"truncated", "unidentified", "empty_file", "corrupt"}


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.integers(0, 7))
def test_no_flipped_bit_of_a_png_passes_unseen(tmp_path_factory, place, bit):
    content = bytearray(PLAIN["png RGB"])
    content[place % len(content)] ^= 1 << bit
    path = tmp_path_factory.mktemp("flip") / "file"
    path.write_bytes(content)
    assert error_of(path, "standard") in {"corrupt", "truncated", "unidentified", "too_large"}


def test_a_broken_checksum_is_told_with_its_place(file):
    content = bytearray(PLAIN["png RGB"])
    content[60] ^= 1
    facts = read_facts(file(content), "image", "standard")
    assert (False, "corrupt") == (facts.checksums_hold, facts.error.code)
    assert "'IDAT' chunk at byte 33" in facts.error.message
    assert read_facts(file(content), "image", "quick").checksums_hold is None


def test_what_core_refuses_is_refused_with_its_code_and_words(file):
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0))
    floats = encoded(Image.fromarray(NOISE[:, :, 0].astype(np.float32)), "TIFF")
    path = file(bomb + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    assert {"too_large"} == {error_of(path, depth) for depth in DEPTHS}
    for content in (b"no image", floats):
        path = file(content)
        with pytest.raises(ImageError) as refused:
            read_image(path)
        for depth in DEPTHS:
            error = read_facts(path, "image", depth).error
            assert (refused.value.code, str(refused.value)) == (error.code, f"{path}: {error.message}")


def test_sixteen_bit_colour_takes_no_range(file):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
    rows = zlib.compress((b"\0" + bytes(24)) * 4)
    path = file(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    assert read_facts(path, "image", "deep").error is None
    assert "unsupported_mode" == read_facts(path, "image", "quick", (0, 4095)).error.code


def test_a_mask_is_read_by_the_rule_of_core(file):
    marked = np.zeros((50, 70), np.uint8)
    marked[3:9, 4:20] = 3
    marked[30, 30] = 255
    path = file(encoded(Image.fromarray(marked), "PNG", exif=exif(6)))
    mask = read_facts(path, "mask", "standard").mask
    expected = read_mask(path)
    assert (int(expected.sum()), expected.size) == (mask.marked, mask.pixels)
    assert expected.shape == (mask.height, mask.width)
    assert ((0, 3, 255), 3) == (mask.values, mask.value_count)
    assert read_facts(path, "mask", "quick").mask is None
    assert read_facts(path, "image", "standard").mask is None


def test_a_mask_of_16_bits_lists_its_values(file):
    values = np.arange(100, dtype=np.uint16).reshape(10, 10) * 600
    mask = read_facts(file(encoded(Image.fromarray(values), "PNG")), "mask", "standard").mask
    assert (99, 100) == (mask.marked, mask.value_count)
    assert tuple(range(0, 9600, 600)) == mask.values


def slow_facts(grey):
    """The definitions, written down plainly."""
    values = grey.astype(float)
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return {
        "mean": values.mean(),
        "std": values.std(),
        "minimum": values.min(),
        "maximum": values.max(),
        "dark_share": (values < 8).mean(),
        "bright_share": (values > 247).mean(),
        "sharpness": (around - 4 * values[1:-1, 1:-1]).var(),
        "blank_share": max(slow_blank_share(np.rot90(grey, turns)) for turns in range(4)),
    }


def slow_blank_share(grey):
    """The share of the lines from the top on that all hold the value of the first corner."""
    is_blank = (grey == grey[0, 0]).all(axis=1)
    return int(np.cumprod(is_blank).sum()) / len(grey)


@settings(max_examples=40)
@given(st.integers(3, 60), st.integers(3, 60), st.integers(0, 2**32), st.sampled_from([1, 2, 20, 256]))
@example(3, 3, 2, 2)  # a line that is not blank, although its middle says so
def test_pixel_facts_follow_their_definitions(tmp_path_factory, height, width, seed, levels):
    grey = np.random.default_rng(seed).integers(0, levels, (height, width), np.uint8)
    path = tmp_path_factory.mktemp("grey") / "file"
    Image.fromarray(grey).save(path, "PNG")
    pixels = read_facts(str(path), "image", "deep").pixels
    for name, value in slow_facts(grey).items():
        assert value == pytest.approx(getattr(pixels, name), abs=1e-3), name


def test_the_sharpness_of_a_large_image_is_that_of_its_parts(file):
    pixels = RNG.normal(128, 20, (900, 300)).clip(0, 255).astype(np.uint8)
    found = read_facts(file(encoded(Image.fromarray(pixels), "PNG")), "image", "deep").pixels.sharpness
    assert slow_facts(pixels)["sharpness"] == pytest.approx(found, rel=0.05)


@pytest.mark.parametrize("turns", range(4))
def test_a_blank_border_is_measured_from_every_side(file, turns):
    pixels = RNG.integers(1, 256, (40, 40), np.uint8)
    pixels[:10] = 0
    path = file(encoded(Image.fromarray(np.rot90(pixels, turns)), "PNG"))
    assert 0.25 == read_facts(path, "image", "deep").pixels.blank_share


def test_the_difference_hash_survives_coding_and_tells_images_apart(file):
    smooth = picture().resize((8, 8)).resize((300, 200), Image.Resampling.BICUBIC)
    other = smooth.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    def bits(content):
        return int(read_facts(file(content), "image", "deep").pixels.difference_hash, 16)

    original = bits(encoded(smooth, "PNG"))
    assert (original ^ bits(encoded(smooth, "JPEG", quality=80))).bit_count() < 12
    assert (original ^ bits(encoded(other, "PNG"))).bit_count() > 60
    assert original < 1 << 240


def test_16_bits_are_judged_in_the_given_range(file):
    dim = Image.fromarray(np.full((8, 8), 4095, np.uint16))
    path = file(encoded(dim, "PNG"))
    assert 16.0 == read_facts(path, "image", "deep").pixels.maximum
    assert 255.0 == read_facts(path, "image", "deep", (0, 4095)).pixels.maximum


@pytest.mark.skipif(sys.platform == "win32", reason="such files are not there")
def test_what_is_no_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path in (tmp_path / "pipe", tmp_path / "s", tmp_path, Path("/dev/zero")):
            assert ("not_regular", None) == (
                error_of(path, "deep"),
                read_facts(str(path), "image", "deep").size,
            )


def test_paths_that_lead_nowhere_are_told_apart(tmp_path, file):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "lost").symlink_to("nothing")
    assert "link_loop" == error_of(tmp_path / "loop")
    assert "empty_file" == error_of(file(b""))
    for name in ("none.png", "lost", "n" * 300, "file/deeper.png", "a\0b"):
        assert "not_found" == error_of(tmp_path / name)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ETIMEDOUT])
def test_failing_storage_is_no_fault_of_the_file(number):
    error = unusable(OSError(number, os.strerror(number))).error
    assert ("storage_error", number) == (error.code, error.errno)


def test_too_many_open_files_are_a_failure_of_the_machine(file):
    resource = pytest.importorskip("resource")
    path = file(PLAIN["png RGB"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        facts = read_facts(path, "image", "deep")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert ("storage_error", errno.EMFILE) == (facts.error.code, facts.error.errno)


def rewritten(path):
    path.write_bytes(b"x" * path.stat().st_size)
    os.utime(path, ns=(1, 1))


def shortened(path):
    os.truncate(path, 5000)


def extended(path):
    with path.open("ab") as stream:
        stream.write(b"more")


UNLINKS = pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")


def read_while(path, spoil, depth):
    with open_regular(str(path)) as opened:
        spoil(path)
        if depth == "standard":
            opened.hold()
        with suppress(ImageError):  # as `read_facts`, which looks at the file's state before it tells of it
            read_header(path, opened)


@pytest.mark.parametrize("spoil", [rewritten, shortened, extended, pytest.param(Path.unlink, marks=UNLINKS)])
@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_a_file_that_changes_while_it_is_read_is_told_as_such(file, spoil, depth):
    path = Path(file(PLAIN["png RGB"]))
    with pytest.raises(_bytes.UnusableFileError) as raised:
        read_while(path, spoil, depth)
    assert "changed" == raised.value.error.code


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
def test_a_name_that_is_not_utf8_is_read(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(path)).write_bytes(PLAIN["png RGB"])
    assert error_of(os.fsdecode(path), "deep") is None


def test_facts_do_not_depend_on_the_thread(file):
    path = file(PLAIN["jpeg RGB"])
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(read_facts(path, "image", "deep"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [read_facts(path, "image", "deep")] * 4 == found


def test_nothing_is_written_and_no_file_stays_open(file):
    path = Path(file(PLAIN["tiff"]))
    before = path.stat()
    lowest = os.dup(0)
    os.close(lowest)
    assert isinstance(read_facts(str(path), "image", "deep"), FileFacts)
    descriptor = os.dup(0)
    os.close(descriptor)
    assert lowest == descriptor
    assert (before.st_mtime_ns, before.st_size) == (path.stat().st_mtime_ns, path.stat().st_size)

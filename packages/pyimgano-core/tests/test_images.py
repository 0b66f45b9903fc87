"""Every rule of the image loader, on real files written by Pillow or byte by byte."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.errors import ImageError
from pyimgano_core.images import (
    decode,
    grey_of,
    image_size,
    is_image,
    marks_of,
    opened_stream,
    read_frame,
    read_image,
    read_mask,
    read_mask_for,
    resize_image,
    resize_map,
)

ORIENTATION = 0x0112
RAMP = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3) * 3  # (H, W, 3), no symmetry

# What the eight orientations do to a picture, as the Exif standard words them.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def code_of(function, *args, **kwargs):
    with pytest.raises(ImageError) as caught:
        function(*args, **kwargs)
    return caught.value.code


def exif(orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def png(path, header, raw, *, extra=b"", late=b""):
    """Write a PNG of the given IHDR and raw rows, for what Pillow does not write itself."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw))
    if late:
        body += chunk(b"eXIf", late)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))
    return path


def header(width, height, bits, kind):
    return struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)


def test_extension_decides_what_is_an_image():
    assert [is_image(n) for n in ("a.PNG", "b.tiff", "c.txt", "png")] == [True, True, False, False]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm"])
def test_lossless_rgb_is_read_exactly(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(RAMP).save(path)

    pixels = read_image(path)

    assert np.uint8 == pixels.dtype
    np.testing.assert_array_equal(RAMP, pixels)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_pixels_and_size(tmp_path, suffix, orientation):
    plain, tagged = tmp_path / f"plain{suffix}", tmp_path / f"tagged{suffix}"
    Image.fromarray(RAMP).save(plain)
    Image.fromarray(RAMP).save(tagged, exif=exif(orientation))

    pixels = read_image(tagged)

    np.testing.assert_array_equal(UPRIGHT[orientation](read_image(plain)), pixels)
    assert pixels.shape[:2] == image_size(tagged)


def test_exif_behind_the_pixels_of_a_png_turns_size_and_pixels_alike(tmp_path):
    rows = b"".join(b"\0" + row.tobytes() for row in RAMP)
    path = png(tmp_path / "late.png", header(4, 6, 8, 2), rows, late=exif(6).tobytes()[6:])

    assert image_size(path) == (4, 6)
    np.testing.assert_array_equal(UPRIGHT[6](RAMP), read_image(path))


@pytest.mark.parametrize("value", [0, 9, 4711])
def test_orientation_out_of_range_is_upright(tmp_path, value):
    path = tmp_path / "a.png"
    Image.fromarray(RAMP).save(path, exif=exif(value))

    np.testing.assert_array_equal(RAMP, read_image(path))


def test_damaged_exif_is_upright_and_silent(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(RAMP).save(path, exif=b"Exif\0\0garbage that is no TIFF header")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert image_size(path) == (6, 4)
        assert read_image(path).shape == (6, 4, 3)


def test_palette_becomes_its_colours(tmp_path):
    path = tmp_path / "a.png"
    indices = np.array([[0, 1], [2, 1]], dtype=np.uint8)
    image = Image.fromarray(indices).convert("P")
    image.putdata(indices.ravel())
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.save(path, transparency=bytes([0, 128, 255]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(path)

    assert pixels.tolist() == [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]


def test_alpha_is_dropped_and_the_colour_under_it_kept(tmp_path):
    rgba = np.dstack([RAMP, np.linspace(0, 255, 24).reshape(6, 4).astype(np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    la = rgba[:, :, [0, 3]]
    Image.fromarray(la).save(tmp_path / "la.png")

    np.testing.assert_array_equal(RAMP, read_image(tmp_path / "rgba.png"))
    np.testing.assert_array_equal(np.repeat(RAMP[:, :, :1], 3, axis=2), read_image(tmp_path / "la.png"))


def test_grey_and_one_bit_are_replicated(tmp_path):
    grey = np.array([[0, 7, 255]], dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "l.png")
    Image.fromarray(grey > 5).save(tmp_path / "1.png")

    assert read_image(tmp_path / "l.png").tolist() == [[[0] * 3, [7] * 3, [255] * 3]]
    assert read_image(tmp_path / "1.png").tolist() == [[[0] * 3, [255] * 3, [255] * 3]]


def test_cmyk_becomes_rgb(tmp_path):
    path = tmp_path / "a.tif"
    Image.new("CMYK", (2, 1), (255, 0, 0, 0)).save(path)

    assert read_image(path).tolist() == [[[0, 255, 255]] * 2]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_maps_linearly_and_clips(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(np.array([[0, 1000, 3000, 5000, 65535]], dtype=np.uint16)).save(path)

    assert read_image(path, sixteen_bit_range=(1000, 5000))[0, :, 0].tolist() == [0, 0, 128, 255, 255]
    assert read_image(path)[0, :, 1].tolist() == [0, 4, 12, 19, 255]


def test_pgm_of_twelve_bits_fills_the_full_range_by_its_own_maximum(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 3 1 4095\n" + np.array([0, 2048, 4095], dtype=">u2").tobytes())

    assert read_image(path)[0, :, 0].tolist() == [0, 128, 255]


def test_sixteen_bit_colour_takes_the_upper_byte_and_refuses_a_range(tmp_path):
    values = np.array([[[0, 0x1234, 0xFFFF]]], dtype=">u2")
    path = png(tmp_path / "a.png", header(1, 1, 16, 2), b"\0" + values.tobytes())

    assert read_image(path).tolist() == [[[0, 0x12, 0xFF]]]
    assert code_of(read_image, path, sixteen_bit_range=(0, 4095)) == "unsupported_mode"


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_floats_and_wide_integers_are_refused(tmp_path, dtype):
    path = tmp_path / "a.tif"
    Image.fromarray(np.zeros((2, 2), dtype=dtype)).save(path)

    assert code_of(read_image, path) == "unsupported_mode"


@pytest.mark.parametrize("suffix", [".tif", ".webp", ".png"])
def test_first_frame_of_many_is_read_and_the_others_are_told_of(tmp_path, suffix):
    many, one = tmp_path / f"many{suffix}", tmp_path / f"one{suffix}"
    other = Image.new("RGB", RAMP.shape[1::-1], "red")
    Image.fromarray(RAMP).save(many, save_all=True, append_images=[other], lossless=True)
    Image.fromarray(RAMP).save(one, lossless=True)

    np.testing.assert_array_equal(RAMP, read_image(many))
    assert read_frame(many).has_others
    assert not read_frame(one).has_others


@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
def test_what_is_no_readable_file_has_its_own_code(tmp_path, read):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not an image")

    assert code_of(read, tmp_path / "missing.png") == "not_found"
    assert code_of(read, tmp_path / "text.png" / "below_a_file.png") == "not_found"
    assert code_of(read, "with\0nul.png") == "not_found"
    assert code_of(read, tmp_path) == "not_regular"
    assert code_of(read, os.devnull) == "not_regular"
    assert code_of(read, tmp_path / "empty.png") == "empty_file"
    assert code_of(read, tmp_path / "text.png") == "unidentified"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
def test_a_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.png")

    assert code_of(read, tmp_path / "pipe.png") == "not_regular"


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no file permissions of this kind")
def test_forbidden_file_is_not_readable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whose folders others may not pass through
    Image.fromarray(RAMP).save("a.png")
    assert read_image(Path("a.png")).shape == RAMP.shape
    Path("a.png").chmod(0)
    tmp_path.chmod(0o755)
    user = os.geteuid()
    try:
        if user == 0:  # who may read everything
            os.seteuid(65534)

        assert code_of(read_image, Path("a.png")) == "not_readable"
    finally:
        os.seteuid(user)


def test_symlink_loop_is_a_storage_error(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")

    assert code_of(read_image, tmp_path / "a.png") == "storage_error"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".ppm"])
def test_half_a_file_is_truncated(tmp_path, suffix):
    whole, half = tmp_path / f"whole{suffix}", tmp_path / f"half{suffix}"
    Image.effect_noise((64, 64), 90).convert("RGB").save(whole)
    data = whole.read_bytes()
    half.write_bytes(data[: len(data) // 2])

    assert code_of(read_image, half) in {"truncated", "unidentified"}


def test_flipped_bit_in_a_png_is_corrupt(tmp_path):
    path = tmp_path / "a.png"
    Image.effect_noise((64, 64), 90).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)

    assert code_of(read_image, path) == "corrupt"


def test_huge_header_is_refused_before_any_pixel_is_read(tmp_path):
    path = png(tmp_path / "bomb.png", header(60000, 60000, 8, 2), b"\0")

    assert code_of(read_image, path) == "too_large"
    assert code_of(image_size, path) == "too_large"


def test_large_image_below_the_limit_gives_no_warning(tmp_path):
    path = png(tmp_path / "line_scan.png", header(12000, 10000, 8, 2), b"\0")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert image_size(path) == (10000, 12000)


def test_format_that_is_not_accepted_is_unidentified(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RAMP).save(path, format="GIF")

    assert code_of(read_image, path) == "unidentified"


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_bytes_give_pixels_or_an_image_error(tmp_path_factory, data):
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".tif", ".bmp", ".ppm", ".webp"]))
    path = tmp_path_factory.mktemp("damaged") / f"a{suffix}"
    Image.fromarray(RAMP).save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])

    for read in (read_image, read_mask, image_size):
        with contextlib.suppress(ImageError):
            read(path)


def test_threads_read_alike_and_leave_the_warning_filters_alone(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(RAMP).save(path)
    before, results = list(warnings.filters), []
    threads = [threading.Thread(target=lambda: results.append(read_image(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(np.array_equal(RAMP, result) for result in results) == 8
    assert before == warnings.filters


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255

    assert np.ptp(resize_image(stripes, (16, 16))[:, 1:-1].astype(int)) < 20


def test_resize_to_the_same_size_changes_nothing():
    np.testing.assert_array_equal(RAMP, resize_image(RAMP, (6, 4)))


def test_map_is_resized_bilinearly_between_pixel_centres():
    resized = resize_map(np.array([[0.0, 1.0]], dtype=np.float32), (1, 4))

    assert np.float32 == resized.dtype
    assert resized.tolist() == [[0.0, 0.25, 0.75, 1.0]]


@given(value=st.floats(-1e6, 1e6, width=32), size=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_constant_map_stays_constant(value, size):
    resized = resize_map(np.full((5, 7), value, dtype=np.float32), size)

    assert size == resized.shape
    np.testing.assert_allclose(resized, np.float32(value), rtol=1e-6)


MASK = np.array([[0, 1, 0], [2, 0, 0]], dtype=np.uint8)


@pytest.mark.parametrize("scale", [1, 127])
def test_any_value_above_zero_is_defect(tmp_path, scale):
    Image.fromarray(MASK * scale).save(tmp_path / "m.png")
    Image.fromarray((MASK * scale).astype(np.uint16)).save(tmp_path / "m16.png")
    Image.fromarray((MASK * scale).astype(np.int32)).save(tmp_path / "m32.tif")
    Image.fromarray(MASK > 0).save(tmp_path / "m1.bmp")

    for name in ("m.png", "m16.png", "m32.tif", "m1.bmp"):
        assert (MASK > 0).tolist() == read_mask(tmp_path / name).tolist(), name


def test_palette_mask_counts_by_colour_not_by_index(tmp_path):
    image = Image.new("P", (3, 2))
    image.putdata((MASK * 1).ravel())
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 0, 1])
    image.save(tmp_path / "black_first.png")
    image.putdata((1 - np.minimum(MASK, 1)).ravel())
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / "white_first.png")

    for name in ("black_first.png", "white_first.png"):
        assert (MASK > 0).tolist() == read_mask(tmp_path / name).tolist(), name


def rgba(colour, alpha):
    return Image.fromarray(np.dstack([np.broadcast_to(colour, (2, 3, 3)), alpha]).astype(np.uint8))


def test_alpha_of_a_mask_counts_only_where_it_varies(tmp_path):
    path, marked = tmp_path / "m.png", MASK > 0
    red = np.where(marked[:, :, None], [255, 0, 0], [0, 0, 0])
    on_white = np.where(marked[:, :, None], [255, 0, 0], [255, 255, 255])
    opaque, layer = np.full((2, 3), 255), marked * 255
    cases = {
        "opaque colours": rgba(red, opaque),
        "alpha unused": rgba(red, opaque * 0),
        "black strokes on a transparent layer": rgba([0, 0, 0], layer),
        "red strokes on transparent white": rgba(on_white, layer),
    }
    for name, image in cases.items():
        image.save(path)
        assert marked.tolist() == read_mask(path).tolist(), name


def test_jpeg_mask_is_cut_at_middle_grey(tmp_path):
    path, marked = tmp_path / "m.jpg", np.zeros((40, 40), dtype=bool)
    marked[11:30, 9:27] = True
    Image.fromarray((marked * 255).astype(np.uint8)).save(path, quality=80)

    np.testing.assert_array_equal(marked, read_mask(path))


def test_mask_is_turned_like_its_image(tmp_path):
    path = tmp_path / "m.png"
    Image.fromarray(MASK).save(path, exif=exif(6))

    assert UPRIGHT[6](MASK > 0).tolist() == read_mask_for(path, (3, 2)).tolist()


def test_mask_of_another_size_is_refused_never_resized(tmp_path):
    path = tmp_path / "m.png"
    Image.fromarray(MASK).save(path)

    assert code_of(read_mask_for, path, (3, 2)) == "size_mismatch"


def test_bytes_that_were_read_already_give_the_same_pixels_and_marks(tmp_path):
    path = tmp_path / "m.png"
    Image.fromarray(RAMP).save(path)
    with io.BytesIO(path.read_bytes()) as stream, opened_stream(path, stream) as image:
        assert read_mask(path).tolist() == marks_of(path, image).tolist()
        assert read_image(path).tolist() == np.asarray(image).tolist()


def test_bytes_that_are_no_image_are_refused_by_the_name_of_their_file(tmp_path):
    def open_text():
        with opened_stream(tmp_path / "a.png", io.BytesIO(b"text")):
            pass

    assert code_of(open_text) == "unidentified"


def test_grey_follows_the_range_of_16_bits(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.array([[0, 2048, 4095, 65535]], np.uint16)).save(path)
    with io.BytesIO(path.read_bytes()) as stream, opened_stream(path, stream) as image:
        decode(image)
        assert [[0, 128, 255, 255]] == np.asarray(grey_of(path, image, (0, 4095))).tolist()
        assert [[0, 8, 16, 255]] == np.asarray(grey_of(path, image)).tolist()


def test_what_pillow_logs_is_not_printed(tmp_path):
    path = tmp_path / "odd.tif"
    Image.fromarray(RAMP).save(path)
    content = bytearray(path.read_bytes())
    place = content.find(struct.pack("<HHI", 277, 3, 1))  # the number of samples in a pixel
    content[place + 8 : place + 10] = struct.pack("<H", 2048)
    path.write_bytes(content)
    script = f"from pyimgano_core.images import read_image; read_image({str(path)!r})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "More samples" not in result.stderr
    assert "ImageError" in result.stderr


@pytest.mark.real_data
@pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set")
def test_real_masks_mark_a_small_part_of_the_size_of_their_image():
    root = Path(os.environ["PYIMGANO_REAL_DATA"], "cookies", "cookie")
    masks = sorted(root.glob("ground_truth/*/*"))

    assert len(masks) == 32
    for path in masks:
        image = root / "test" / path.parent.name / (path.stem.removesuffix("_mask") + ".jpg")
        assert 0 < read_mask_for(path, image_size(image)).mean() < 0.5

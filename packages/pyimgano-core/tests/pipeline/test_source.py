import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from pyimgano_core.contracts.config import DatasetConfig, Tiling
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.images import read_image, resize_image
from pyimgano_core.layouts import load_dataset
from pyimgano_core.pipeline._source import SampleImages, TileDraw
from pyimgano_core.progress import SilentProgress

PREPROCESSING = Preprocessing(resize=(40, 48))


@pytest.fixture
def samples(write_dataset):
    manifest = write_dataset(train=6, normal=1, anomalous=0)
    loaded = load_dataset(DatasetConfig(manifest_path=manifest.name), manifest.parent)
    return [sample for sample in loaded.samples if sample.record.split == "train"]


def source(samples):
    return SampleImages(samples, PREPROCESSING, SilentProgress(), "train images")


def test_images_come_in_order_at_the_models_size_again_and_again(samples):
    expected = [resize_image(read_image(sample.image), (40, 48)) for sample in samples]
    with source(samples) as images:
        assert ((40, 48), 6) == (images.size, len(images))
        for _ in range(2):
            found = list(images)
            assert all(np.array_equal(*pair) for pair in zip(expected, found, strict=True))
            assert {(np.dtype(np.uint8), (40, 48, 3))} == {(image.dtype, image.shape) for image in found}


def tiled(samples, **options):
    preprocessing = Preprocessing(resize=(40, 48), tiling=Tiling(overlap=0.25))
    return SampleImages(samples, preprocessing, SilentProgress(), "train images", **options)


def test_with_tiling_the_images_are_the_tiles_of_each_image_row_by_row(samples):
    pixels = read_image(samples[1].image)  # (64, 64, 3)
    expected = [pixels[top : top + 40, left : left + 48] for top in (0, 24) for left in (0, 16)]
    with tiled(samples) as images:
        assert (6 * 4, 6 * 4) == (len(images), images.available)
        found = list(images)[4:8]
    assert all(np.array_equal(*pair) for pair in zip(expected, found, strict=True))


def test_a_draw_takes_some_tiles_of_every_image_and_the_same_ones_by_its_seed(samples):
    def drawn(seed):
        with tiled(samples, draw=TileDraw(most=2, seed=seed)) as images:
            assert (12, 24) == (len(images), images.available)
            return np.stack(list(images))

    with tiled(samples) as images:
        by_image = np.stack(list(images)).reshape(6, 4, 40, 48, 3)
    first = drawn(1)
    assert np.array_equal(first, drawn(1))
    assert not np.array_equal(first, drawn(2))
    for tiles, pair in zip(by_image, first.reshape(6, 2, 40, 48, 3), strict=True):
        assert all((tiles == tile).all(axis=(1, 2, 3)).any() for tile in pair)


def test_tiles_with_nothing_to_look_at_are_not_fitted_and_the_others_are_grey_outside(samples):
    interest = np.zeros((64, 64), np.bool_)
    interest[:10, :10] = True
    pixels = read_image(samples[0].image)[:40, :48].copy()
    pixels[~interest[:40, :48]] = 128
    with tiled(samples, interest=interest) as images:
        assert 6 == len(images) == images.available
        assert np.array_equal(pixels, next(iter(images)))


def test_an_unreadable_image_is_left_out_and_told(samples):
    samples[0].image.write_bytes(b"no image")
    samples[3].image.unlink()
    with source(samples) as images:
        assert 4 == len(images) == len(list(images))
        assert [samples[0].record.image_path, samples[3].record.image_path] == [
            failure.input for failure in images.failures
        ]
        assert ["train", "train"] == [failure.role for failure in images.failures]
        assert "not_found" == images.failures[1].error.code


@pytest.mark.parametrize("readable", [True, False])
def test_no_image_at_all_is_an_empty_source(samples, readable):
    for sample in samples:
        sample.image.write_bytes(b"no image")
    with source([] if readable else samples) as images:
        assert (0, []) == (len(images), list(images))


def test_the_temporary_file_is_gone_afterwards(samples, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with source(samples):
        assert [] != list(folder.iterdir())
    assert [] == list(folder.iterdir())


def test_an_error_leaves_no_temporary_file(samples, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(KeyboardInterrupt), source(samples):
        raise KeyboardInterrupt
    assert [] == list(folder.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_a_full_disk_is_an_error_and_no_crash(samples, tmp_path):
    script = """
import resource, signal, sys
from pathlib import Path
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.pipeline._source import SampleImages, TileDraw
from pyimgano_core.progress import SilentProgress
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
record = Record(image_path="a.png", category="a")
try:
    SampleImages(
        [Sample(record=record, image=Path(sys.argv[1]))] * 9,
        Preprocessing(resize=(40, 48)), SilentProgress(), "",
    )
except OSError:
    sys.exit(42)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", script, str(samples[0].image)],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (42, b"") == (result.returncode, result.stderr)
    assert [] == [path for path in tmp_path.iterdir() if path.name.startswith("pyimgano-")]

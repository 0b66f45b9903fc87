"""What is kept of a scored image, in files and in its line."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.errors import MachineError
from pyimgano_core.images import read_map, read_mask, resize_map
from pyimgano_infer import _save
from pyimgano_infer._inputs import Input
from pyimgano_infer._models import load_one
from pyimgano_infer._predict import Job, predict
from pyimgano_infer._products import Outputs
from pyimgano_infer._run_lengths import encode_run_lengths

LEFT = np.zeros((8, 8), np.bool_)
LEFT[:, :4] = True
SPOTS = np.zeros((8, 8), np.bool_)
SPOTS[0:2, 0:2] = SPOTS[4:7, 4:7] = True


def keep(config, image, index=0, **outputs):
    """Return the line of an image with what is kept of it."""
    item = Input(text=str(image), path=Path(image))
    job = Job(index=index, item=item, category="part", model=load_one(config))
    return predict(job, outputs=Outputs(**outputs))


@pytest.fixture
def ramp(tmp_path):
    """Return the path of an image of 20 rows and 30 columns that grows brighter to the right."""
    pixels = np.tile(np.linspace(10, 240, 30).astype(np.uint8)[None, :, None], (20, 1, 3))
    Image.fromarray(pixels).save(tmp_path / "ramp.png")
    return tmp_path / "ramp.png"


def test_nothing_is_kept_unless_it_is_asked_for(config, spots, tmp_path):
    before = set(tmp_path.rglob("*"))
    line = keep(config, spots)
    assert [None] * 5 == [line.anomaly_map, line.mask, line.mask_rle, line.overlay, line.regions]
    assert before == set(tmp_path.rglob("*"))


@pytest.mark.parametrize("map_format", ["npy", "tiff"])
def test_a_map_of_floats_holds_the_map_at_the_image_s_size(config, ramp, tmp_path, map_format):
    line = keep(config, ramp, 7, maps=tmp_path / "maps", map_format=map_format, folder=tmp_path)
    stored = line.anomaly_map
    assert (f"maps/000007_ramp.{map_format}", (20, 30), "float32") == (
        stored.path,
        stored.shape,
        stored.dtype,
    )
    found = read_map(tmp_path / stored.path)
    assert np.float32 == found.dtype
    assert (20, 30) == found.shape
    np.testing.assert_allclose([10 / 255, 240 / 255], found[:, [0, -1]].mean(axis=0), atol=0.06)


def test_the_three_formats_tell_the_same_map(config, ramp, tmp_path):
    whole, tiff, png = (
        keep(config, ramp, maps=tmp_path, folder=tmp_path, map_format=each).anomaly_map
        for each in ("npy", "tiff", "png")
    )
    expected = read_map(tmp_path / whole.path)
    np.testing.assert_array_equal(expected, read_map(tmp_path / tiff.path))
    found = png.offset + png.scale * read_map(tmp_path / png.path).astype(np.float64)
    assert "uint16" == png.dtype
    np.testing.assert_allclose(expected, found, rtol=0, atol=0.51 * png.scale)


@pytest.mark.parametrize(("tiling", "size"), [(None, (8, 8)), (Tiling(scale=0.5), (10, 15))])
def test_a_map_at_the_model_s_size_is_the_one_before_it_is_enlarged(
    make_config, ramp, tmp_path, tiling, size
):
    config = make_config(tiling=tiling)
    small = keep(config, ramp, maps=tmp_path / "small", map_size="model").anomaly_map
    large = keep(config, ramp, maps=tmp_path / "large").anomaly_map
    assert (size, (20, 30)) == (small.shape, large.shape)
    np.testing.assert_array_equal(resize_map(read_map(small.path), (20, 30)), read_map(large.path))


@pytest.mark.parametrize("map_size", ["image", "model"])
def test_maps_are_0_outside_of_the_region_of_interest(make_config, grey, tmp_path, map_size):
    config = make_config(region=LEFT)
    bright = grey("bright.png", 255, size=(16, 16))
    found = read_map(keep(config, bright, maps=tmp_path, map_size=map_size).anomaly_map.path)
    middle = found.shape[1] // 2
    assert found[:, : middle - 1].min() > 0.9
    assert 0 == found[:, middle + 1 :].max()  # a pixel of the model is a mean of several


@pytest.mark.parametrize(
    ("area", "expected"), [(1, SPOTS), (5, SPOTS & (np.indices((8, 8))[0] > 2)), (10, np.zeros_like(SPOTS))]
)
def test_mask_run_lengths_and_regions_tell_the_same_pixels(make_config, spots, tmp_path, area, expected):
    pytest.importorskip("skimage")
    config = make_config(minimum_area=area)
    line = keep(config, spots, masks=tmp_path / "masks", rle=True, regions=True, folder=tmp_path)
    assert "masks/000000_spots_mask.png" == line.mask
    np.testing.assert_array_equal(expected, read_mask(tmp_path / line.mask))
    assert encode_run_lengths(expected) == line.mask_rle
    assert expected.sum() == sum(region.area for region in line.regions)


def test_a_mask_has_the_image_s_size(config, ramp, tmp_path):
    line = keep(config, ramp, masks=tmp_path, rle=True, map_size="model")
    mask = read_mask(line.mask)
    assert (20, 30) == mask.shape == line.mask_rle.size
    assert not mask[:, :10].any()
    assert mask[:, 20:].all()


@pytest.mark.parametrize("threshold", [0.0, -1.0])
def test_nothing_is_flagged_outside_of_the_region_of_interest(make_config, grey, tmp_path, threshold):
    pytest.importorskip("skimage")
    config = make_config(region=LEFT, pixel_threshold=threshold)
    image = grey("grey.png", 100, size=(16, 16))
    line = keep(config, image, masks=tmp_path, overlays=tmp_path, rle=True, regions=True)
    left = np.repeat(np.repeat(LEFT, 2, axis=0), 2, axis=1)
    np.testing.assert_array_equal(left, read_mask(line.mask))
    assert encode_run_lengths(left) == line.mask_rle
    assert [(0, 0, 8, 16)] == [region.bbox_xyxy for region in line.regions]
    with Image.open(line.overlay) as picture:
        columns = np.asarray(picture.convert("L")).max(axis=0)  # a line runs along the region's edge
    assert columns[7] > 200 > columns[10:].max()


def test_without_a_pixel_threshold_nothing_is_flagged_and_the_rest_is_kept(make_config, spots, tmp_path):
    config = make_config(pixel_threshold=None)
    line = keep(config, spots, masks=tmp_path, maps=tmp_path, overlays=tmp_path, rle=True, regions=True)
    assert [None] * 3 == [line.mask, line.mask_rle, line.regions]
    assert line.anomaly_map is not None
    assert line.overlay is not None


@pytest.mark.parametrize(
    ("value", "label", "kept"), [(40, "normal", False), (100, "review", True), (200, "anomalous", True)]
)
def test_of_normal_images_no_files_are_kept_where_only_anomalous_ones_are_wanted(
    make_config, grey, tmp_path, value, label, kept
):
    config, folder = make_config(review=0.3), tmp_path / "kept"
    line = keep(
        config, grey("a.png", value), maps=folder, masks=folder, overlays=folder, keep="anomalous", rle=True
    )
    assert label == line.label
    assert [kept] * 3 == [line.anomaly_map is not None, line.mask is not None, line.overlay is not None]
    assert (3 if kept else 0) == len(list(folder.glob("*")))
    assert line.mask_rle is not None


def test_an_image_without_a_verdict_is_kept_too(make_config, grey, tmp_path):
    line = keep(make_config(threshold=None), grey("a.png", 9), maps=tmp_path, keep="anomalous")
    assert line.anomaly_map is not None


def test_the_name_of_an_overlay_tells_the_verdict_and_the_score(config, grey, tmp_path):
    line = keep(config, grey("a.png", 204), 3, overlays=tmp_path / "seen", folder=tmp_path)
    assert "seen/000003_a_anomalous_0.8.jpg" == line.overlay


def test_all_products_in_one_folder_have_names_of_their_own(config, spots, tmp_path):
    folder = tmp_path / "all"
    keep(config, spots, maps=folder, map_format="png", masks=folder, overlays=folder)
    names = [path.name for path in folder.iterdir()]
    assert {"000000_spots.png", "000000_spots_mask.png"} < set(names)
    assert 3 == len(names)


def test_an_image_that_changed_since_it_was_scored_is_a_failure(config, grey, tmp_path, monkeypatch):
    image = grey("a.png", 9)
    monkeypatch.setattr(_save, "read_image", lambda *_, **__: np.zeros((3, 3, 3), np.uint8))
    line = keep(config, image, overlays=tmp_path / "seen", maps=tmp_path / "maps")
    assert ("error", "changed", None, None) == (line.status, line.error.code, line.score, line.anomaly_map)
    assert not (tmp_path / "maps").exists()


def test_a_folder_that_can_t_be_written_is_the_machine_s_failure(config, spots, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(MachineError, match="can't be written"):
        keep(config, spots, masks=taken)


def test_the_command_keeps_what_its_options_ask_for(run_infer, config, spots, grey, tmp_path):
    folder, output = tmp_path / "out", tmp_path / "out" / "lines.jsonl"
    options = ["--map-format", "tiff", "--map-size", "model", "--rle", "--keep", "anomalous"]
    folders = [part for name in ("maps", "masks", "overlays") for part in (f"--{name}", folder / name)]
    done = run_infer(
        *("--infer-config", config, "--threshold", 0.1, "--output", output, "--csv", folder / "lines.csv"),
        *(*folders, *options, spots, grey("dark.png", 9)),
    )
    assert 0 == done.code
    first, second = map(json.loads, output.read_text().splitlines())
    assert ("anomalous", "normal") == (first["label"], second["label"])
    assert "maps/000000_spots.tiff" == first["anomaly_map"]["path"]
    assert "masks/000000_spots_mask.png" == first["mask"]
    assert all((folder / first[name]).is_file() for name in ("mask", "overlay"))
    assert {"size", "counts"} == set(first["mask_rle"]) == set(second["mask_rle"])
    assert not {"anomaly_map", "mask", "overlay"} & set(second)
    assert [1, 1, 1] == [len(list((folder / name).iterdir())) for name in ("maps", "masks", "overlays")]
    assert 3 == len((folder / "lines.csv").read_text().splitlines())


def test_the_command_judges_parts_over_their_views(run_infer, config, grey, manifest, tmp_path):
    values = {"a.png": 9, "b.png": 200, "c.png": 10}
    for name, value in values.items():
        grey(name, value)
    rows = [
        {"image_path": name, "category": "part", "split": "test", "label": 0, "meta": {"part_id": part}}
        for name, part in (("a.png", 1), ("b.png", 2), ("c.png", 1), ("absent.png", 3))
    ]
    source = manifest(*rows, rows[0] | {"meta": {}})
    places = ["--parts", tmp_path / "parts.jsonl", "--output", tmp_path / "lines.jsonl"]
    done = run_infer("--infer-config", config, *places, "--summary", tmp_path / "s.json", source)
    found = map(json.loads, (tmp_path / "parts.jsonl").read_text().splitlines())
    assert [("1", "normal", 2), ("2", "anomalous", 1), ("3", None, 1)] == [
        (part["part_id"], part["label"], part["n_views"]) for part in found
    ]
    assert 4 == done.code
    assert 1 == json.loads((tmp_path / "s.json").read_text())["parts"]["n_lines_without_part"]


ANYWHERE = ("-.png", "\u202egnp.exe.png", "%2e%2e.png", "=1+1.png")
ON_POSIX = ("caf\udce9.png", "=1+1\n.png")


@pytest.mark.parametrize("name", ANYWHERE if os.name == "nt" else ANYWHERE + ON_POSIX)
def test_hostile_names_stay_names(run_infer, config, grey, tmp_path, name):
    folder = tmp_path / "in"
    grey("in/plain.png", 200).rename(folder / name)
    places = [part for each in ("maps", "masks", "overlays") for part in (f"--{each}", tmp_path / "kept")]
    output, table = tmp_path / "lines.jsonl", tmp_path / "lines.csv"
    done = run_infer("--infer-config", config, "--output", output, "--csv", table, *places, folder)
    assert 0 == done.code
    [line] = map(json.loads, output.read_bytes().splitlines())
    assert name == Path(line["input"]).name
    kept = [Path(line["anomaly_map"]["path"]), Path(line["mask"]), Path(line["overlay"])]
    assert all((tmp_path / path).is_file() and path.parent == Path("kept") for path in kept)
    assert all(re.fullmatch(r"000000_[A-Za-z0-9._-]+", path.name) for path in kept)
    assert 2 == len(table.read_bytes().splitlines())

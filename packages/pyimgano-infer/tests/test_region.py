"""Configs that tile images or look at a part of them."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.errors import ArtifactError
from pyimgano_infer._models import load_one
from pyimgano_infer._pack import pack
from pyimgano_infer._verify import verify

LEFT = np.zeros((20, 30), np.bool_)
LEFT[:, :15] = True


@pytest.fixture
def config(make_config):
    return make_config(region=LEFT, threshold=0.8)


def region_of(config):
    return config.parent.parent / "checkpoints" / "part" / "region.png"


@pytest.fixture
def halves(tmp_path):
    """Return a function that writes an image of 20 rows and 30 columns, its halves of two greys."""

    def write(left, right, name="halves.png"):
        pixels = np.full((20, 30, 3), left, np.uint8)
        pixels[:, 15:] = right
        Image.fromarray(pixels).save(tmp_path / name)
        return tmp_path / name

    return write


def test_what_lies_outside_changes_no_score_and_no_map(config, halves):
    model = load_one(config)
    dark, bright = (model.score(halves(10, right, f"{right}.png")).score for right in (10, 250))
    assert dark == bright
    assert model.score(halves(250, 10)).score > dark


def test_no_defect_region_lies_outside(make_config, halves, run_infer):
    pytest.importorskip("skimage")
    config = make_config(region=LEFT, pixel_threshold=0.05)
    result = run_infer("--infer-config", config, "--regions", halves(200, 200))
    [region] = result.lines[0]["regions"]
    assert [0, 0, 15, 20] == region["bbox_xyxy"]


@pytest.mark.parametrize("side", [100, 130])
def test_a_small_mark_alarms_where_the_config_tiles(make_config, tmp_path, run_infer, side):
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[51:61, 51:61] = 255
    Image.fromarray(pixels).save(tmp_path / "mark.png")
    resized = run_infer("--infer-config", make_config(folder=tmp_path / "a"), tmp_path / "mark.png")
    tiled = make_config(folder=tmp_path / "b", tiling=Tiling(overlap=0.5))
    assert ["normal"] == [line["label"] for line in resized.lines]
    assert ["anomalous"] == [
        line["label"] for line in run_infer("--infer-config", tiled, tmp_path / "mark.png").lines
    ]


def test_an_image_of_other_proportions_fails_and_costs_no_other(config, grey, run_infer):
    result = run_infer("--infer-config", config, grey("a.png", 9), grey("b.png", 9, size=(30, 30)))
    assert ["ok", "error"] == [line["status"] for line in result.lines]
    assert (4, "region_mismatch") == (result.code, result.lines[1]["error"]["code"])


@pytest.mark.parametrize("change", ["missing", "swapped", "truncated"])
def test_a_missing_or_swapped_region_ends_with_5(config, grey, run_infer, change):
    path = region_of(config)
    if change == "missing":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[:-9] if change == "truncated" else content[:-1] + b"!")
    result = run_infer("--infer-config", config, grey("a.png", 9))
    assert (5, "") == (result.code, result.out)
    assert "region.png" in result.err
    verified = run_infer("--infer-config", config, "--verify")
    assert 5 == verified.code
    assert "region.png" in verified.err


def test_a_file_that_is_no_mask_is_an_artifact_error(config):
    document = json.loads(config.read_text())
    entry = document["per_category"]["part"]
    entry["region"] |= {key: entry["checkpoint"][key] for key in ("path", "sha256", "size_bytes")}
    config.write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match="the region of category 'part' can't be used"):
        load_one(config)
    [found] = verify(config)
    assert "can't be used" in found.problems[0]


def test_a_pack_takes_the_region_along(make_config, halves, tmp_path):
    config = make_config("bolt", "nut", region=LEFT, tiling=Tiling())
    expected = load_one(config, "nut").score(halves(30, 250)).score
    packed = pack(config, tmp_path / "packed")
    shutil.rmtree(tmp_path / "run")
    assert ["bolt.onnx", "bolt.png", "nut.onnx", "nut.png"] == sorted(
        path.name for path in (packed.parent / "checkpoints").iterdir()
    )
    assert expected == load_one(packed, "nut").score(halves(30, 9)).score

"""Regions below the pixel threshold's minimum area are dropped, from lines and pictures alike."""

import sys

import numpy as np
import pytest
from PIL import Image

SMALL, LARGE = [0, 0, 2, 2], [4, 4, 7, 7]


@pytest.mark.parametrize(
    ("area", "boxes"), [(1, [LARGE, SMALL]), (4, [LARGE, SMALL]), (5, [LARGE]), (9, [LARGE]), (10, [])]
)
def test_smaller_regions_are_dropped_from_the_lines(run_infer, make_config, spots, area, boxes):
    pytest.importorskip("skimage")
    config = make_config(minimum_area=area)
    line = run_infer("--infer-config", config, "--regions", spots).lines[0]
    assert boxes == [region["bbox_xyxy"] for region in line["regions"]]


def test_smaller_regions_have_no_line_round_them_in_the_picture(run_infer, make_config, spots, tmp_path):
    pytest.importorskip("skimage")

    def overlay(area):
        folder = tmp_path / f"area-{area}"
        config = make_config(minimum_area=area, folder=folder)
        run_infer("--infer-config", config, "--overlays", folder, spots)
        with Image.open(next(folder.glob("*_spots_*.jpg"))) as picture:
            return np.asarray(picture).astype(int)

    changed = np.abs(overlay(5) - overlay(4)).max(axis=2)  # (8, 8)
    assert changed[:2, :2].mean() > 5 * changed[4:, 4:].mean()  # JPEG moves the rest a little


def test_the_image_s_verdict_is_the_score_s_whatever_the_area(run_infer, make_config, spots):
    assert "anomalous" == run_infer("--infer-config", make_config(minimum_area=64), spots).lines[0]["label"]


@pytest.mark.parametrize(
    ("area", "option", "code"),
    [
        *((5, option, 74) for option in ("--overlays", "--masks", "--rle", "--regions")),
        *((1, option, 0) for option in ("--overlays", "--masks", "--rle")),
        (5, "--maps", 0),
    ],
)
def test_what_needs_scikit_image_says_so_before_anything_is_scored(
    run_infer, make_config, spots, tmp_path, monkeypatch, area, option, code
):
    monkeypatch.setitem(sys.modules, "skimage", None)  # as where it is not installed
    arguments = [option] if option in {"--regions", "--rle"} else [option, tmp_path / "seen"]
    done = run_infer("--infer-config", make_config(minimum_area=area), *arguments, spots)
    assert code == done.code
    if code:
        assert "" == done.out
        assert option in done.err
        assert "pip install 'pyimgano-infer[regions]'" in done.err

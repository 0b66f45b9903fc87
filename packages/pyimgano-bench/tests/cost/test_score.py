import sys

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_bench.cost._score import ScoreRequest, score
from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.errors import DataError


@pytest.fixture
def request_of_score(data, tmp_path):
    from quick_detector import brightest  # noqa: PLC0415 - it is there during a test

    model = tmp_path / "model.onnx"
    model.write_bytes(brightest(32, 32))
    return ScoreRequest(
        model=str(model),
        preprocessing=Preprocessing(resize=(32, 32)),
        region=None,
        images=tuple(str(data.with_name(f"bolt_good{index}.png")) for index in range(3)),
        count=7,
        batch=2,
        threads=1,
    )


def test_percentiles_are_in_order_and_preparing_is_a_part(request_of_score):
    answer = score(request_of_score)
    for found in (answer.latency, answer.preparation, answer.batch):
        assert 0 < found.p50 <= found.p95 <= found.p99
    assert answer.preparation.p50 < answer.latency.p50
    assert 0 < answer.images_per_second
    assert 0 < answer.cpu_seconds or sys.platform == "win32"  # whose clock counts in steps of 16 ms


def test_tiles_have_no_batches(request_of_score):
    tiled = Preprocessing(resize=(32, 32), tiling=Tiling(overlap=0.25, scale=1.0))
    answer = score(evolve(request_of_score, preprocessing=tiled))
    assert answer.batch is None


def test_a_region_of_interest_is_laid_over_the_images(request_of_score, tmp_path):
    region = tmp_path / "region.png"
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(region)
    assert 0 < score(evolve(request_of_score, region=str(region))).latency.p50
    Image.fromarray(np.full((8, 64), 255, np.uint8)).save(region)
    with pytest.raises(DataError, match="region of interest"):
        score(evolve(request_of_score, region=str(region)))


def test_an_image_that_can_not_be_read_is_told(request_of_score, tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"torn\.png"):
        score(evolve(request_of_score, images=(str(tmp_path / "torn.png"),)))

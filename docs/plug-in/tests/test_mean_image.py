import numpy as np
import pytest
from pyimgano_mean_image import MeanImage

from pyimgano_core.contracts.config import ModelConfig
from pyimgano_core.detectors import create_detector
from pyimgano_core.errors import ConfigError
from pyimgano_core.testing import check_detector

IMAGES = np.random.default_rng(0).integers(90, 110, (6, 40, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("window", [1, 4, 5])
def test_the_detector_keeps_the_contract(window):
    check_detector(MeanImage(window=window), IMAGES)


def test_a_config_names_it_and_sets_its_options(tmp_path):
    model = ModelConfig(name="mean_image", options={"window": 3})
    assert MeanImage(window=3) == create_detector(model, tmp_path)


def test_a_wrong_option_is_told(tmp_path):
    with pytest.raises(ConfigError, match="windw"):
        create_detector(ModelConfig(name="mean_image", options={"windw": 3}), tmp_path)

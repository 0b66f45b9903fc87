import hashlib

import numpy as np
import pytest

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    InferConfig,
    Preprocessing,
    RegionFile,
)
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.errors import ArtifactError
from pyimgano_core.images import encode_interest
from pyimgano_core.predictions._deployed import read_deployed

INTEREST = np.tri(5, dtype=bool)


@pytest.fixture
def deployed(tmp_path):
    """Return a function that writes a config with a region in a file of some content, and reads it."""

    def write(content, *, named=None):
        (tmp_path / "region.png").write_bytes(content)
        digest = hashlib.sha256(content if named is None else named).hexdigest()
        model = CategoryModel(
            checkpoint=Checkpoint(path="absent.onnx", sha256="0" * 64, size_bytes=1),
            preprocessing=Preprocessing(resize=(32, 32)),
            threshold=Threshold(value=1.0, provenance=ThresholdProvenance(method="fixed")),
            region=RegionFile(path="region.png", sha256=digest, size_bytes=len(content), share=0.6),
        )
        config = InferConfig(
            requires=("region",), pyimgano_version="0", from_run="run", per_category={"part": model}
        )
        write_artifact(tmp_path / "infer_config.json", config)
        return read_deployed(tmp_path / "infer_config.json")

    return write


def test_the_region_is_found_beside_the_config(deployed):
    assert np.array_equal(INTEREST, deployed(encode_interest(INTEREST)).interest("part"))


def test_another_file_than_the_named_one_is_refused(deployed):
    found = deployed(encode_interest(~INTEREST), named=encode_interest(INTEREST))
    with pytest.raises(
        ArtifactError, match=r"region.png: is not the region of interest that the config names"
    ):
        found.interest("part")


def test_a_region_that_is_gone_or_no_image_is_refused(deployed, tmp_path):
    with pytest.raises(ArtifactError, match="can't be read"):
        deployed(b"no image").interest("part")
    found = deployed(encode_interest(INTEREST))
    (tmp_path / "region.png").unlink()
    with pytest.raises(ArtifactError, match="can't be read"):
        found.interest("part")

"""All detectors in both runtimes, whole and in tiles.

Stated tolerance, relative to the largest value: scores 1e-4, maps 5e-4. Measured at most: 5e-6 and 8e-5.
"""

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import Preprocessing, SelfTest
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.quantization import quantize
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.scoring import open_scorer, run_self_test, self_test_problems
from pyimgano_core.scoring.files import score_file

DETECTORS = {
    "dictionary": Dictionary(dimensions=12, bank_size=200),
    "padim": Padim(dimensions=12),
    "patchcore": PatchCore(coreset_ratio=0.5),
    "subspace": Subspace(),
}
SCORES, MAPS = 1e-4, 5e-4


@pytest.fixture
def defective(textures, tmp_path):
    """Return the path of a texture with a dark square, larger than a model's input."""
    pixels = textures(1, seed=9, height=100, width=150)[0]
    pixels[30:50, 80:100] = 20
    Image.fromarray(pixels).save(tmp_path / "defective.png")
    return tmp_path / "defective.png"


@pytest.mark.parametrize("tiling", [None, Tiling()], ids=["whole", "tiles"])
@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_scores_and_maps_are_those_of_onnxruntime(detector, tiling, fit, textures, defective):
    model = fit(detector, textures(6)).model
    preprocessing = Preprocessing(resize=(64, 64), tiling=tiling)
    expected, found = (
        score_file(defective, scorer=open_scorer(model, device), preprocessing=preprocessing)
        for device in ("cpu", "openvino")
    )
    assert expected.score > 0
    assert pytest.approx(expected.score, rel=SCORES) == found.score
    limit = MAPS * np.abs(expected.anomaly_map).max()
    assert np.abs(found.anomaly_map - expected.anomaly_map).max() <= limit


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_the_self_test_passes_in_both_directions(detector, fit, textures):
    model = fit(detector, textures(6)).model
    one, other = open_scorer(model), open_scorer(model, "openvino")
    for recorder, replayer in ((one, other), (other, one)):
        assert [] == self_test_problems(replayer, SelfTest(**run_self_test(recorder)))


def test_an_8_bit_graph_runs_but_with_other_scores_that_the_self_test_notices(fit, textures, random_backbone):
    graph = fit(PatchCore(features=random_backbone), textures(4))
    content = quantize(graph, textures(4))
    one, other = open_scorer(content), open_scorer(content, "openvino")
    image = textures(1, seed=9)[0]
    assert pytest.approx(one.score(image).score, rel=0.2) == other.score(image).score
    assert self_test_problems(other, SelfTest(**run_self_test(one)))
    assert [] == self_test_problems(other, SelfTest(**run_self_test(other)))

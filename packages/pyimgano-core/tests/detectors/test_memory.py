import json
import subprocess
import sys

import numpy as np
import pytest

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.memory import MIB, FeaturesShape, describe_features, estimate
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.errors import ConfigError

RANDOM = FeaturesConfig(backbone="test_resnet", weights="random")
SHAPE = FeaturesShape(positions=64, channels=45, constants=3 * MIB)
FACTOR = 1.5  # what the predicted peak may be off by

# All candidates fit into the bank, so that none takes time to be chosen.
FITS = {"patchcore": {"memory_budget_mb": 16.0, "candidates": 17_000}, "padim": {"covariance": "full"}}
MEASURED = """
import json, os, sys
import numpy as np
import onnxscript
from pathlib import Path
from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
from pyimgano_core.detectors import create_detector
from pyimgano_core.detectors.torch_parts import padim, patchcore
from pyimgano_core.progress import SilentProgress

class Noise:
    size = (256, 256)

    def __len__(self):
        return 18

    def __iter__(self):
        return (np.random.default_rng(i).integers(0, 256, (256, 256, 3), dtype=np.uint8) for i in range(18))

def measure(name, options):
    features = FeaturesConfig(backbone="test_resnet", weights="random")
    detector = create_detector(ModelConfig(name=name, features=features, options=options), Path())
    graph = detector.fit(Noise(), seed=0, device="cpu", progress=SilentProgress())
    # Not the peak of getrusage: that begins at what the parent of a new process held.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    estimate = detector.predict_memory(18, (256, 256))
    print(json.dumps([name, peak, estimate.fit_mb, len(graph.model) / 2**20, estimate.model_mb]), flush=True)

for name, options in json.loads(sys.argv[1]).items():  # each in a process of its own, after the slow imports
    if os.fork() == 0:
        measure(name, options)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def measured():
    """What fits took, and what was predicted, by detector."""
    command = [sys.executable, "-c", MEASURED, json.dumps(FITS)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: values for name, *values in map(json.loads, result.stdout.splitlines())}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", FITS)
def test_the_prediction_is_within_the_factor_of_what_a_fit_takes(measured, name):
    peak, predicted, size, predicted_size = measured[name]
    assert predicted / FACTOR < peak < predicted * FACTOR
    assert pytest.approx(size, rel=0.1) == predicted_size


def test_features_are_described_without_their_weights(fit, textures):
    shape = describe_features(RANDOM, (64, 64))
    scorer = fit(PatchCore(features=RANDOM), textures(1)).reference.__self__
    assert (64, scorer.patches.channels) == (shape.positions, shape.channels)
    gone = FeaturesConfig(backbone="test_resnet", weights="no such file.pth")
    assert shape == describe_features(gone, (64, 64))


def test_parts_of_a_backbone_behind_the_last_layer_are_not_counted():
    shallow, deep = (
        describe_features(FeaturesConfig(backbone="test_resnet", weights="random", layers=layers), (64, 64))
        for layers in (("layer1",), ("layer1", "layer4"))
    )
    assert 2 * shallow.constants < deep.constants


def test_the_enlarging_of_maps_counts():
    short, long = (describe_features(FeaturesConfig(), (32, width)) for width in (32, 4096))
    assert 4 * (4096 * 512 - 32 * 4) == long.constants - short.constants


def test_the_bank_of_the_ensemble_holds_no_more_than_the_patches_that_there_are():
    few, all_of_them, most = (
        Dictionary(bank_size=size).predict_memory(2, (64, 64)).model_mb for size in (10, 128, 10_000)
    )
    assert few < all_of_them == most


def test_features_that_can_t_be_had_are_told():
    with pytest.raises(ConfigError, match="timm has no model"):
        PatchCore(features=FeaturesConfig(backbone="resnet81", weights="random")).predict_memory(1, (64, 64))


def test_the_memory_of_patchcore_is_bounded_whatever_the_number_of_images():
    few, many, more = (PatchCore().predict_memory(count, (256, 256)) for count in (10, 10_000, 10**7))
    assert few.fit_mb < many.fit_mb == more.fit_mb
    assert more.model_mb < 8.5


def test_a_larger_budget_is_a_larger_model():
    sizes = [
        PatchCore(memory_budget_mb=budget).predict_memory(1000, (256, 256)).model_mb for budget in (1, 2, 4)
    ]
    np.testing.assert_allclose([1, 1], np.diff(sizes) / [1, 2], rtol=0.01)


def test_a_shared_covariance_takes_least_and_a_full_one_most():
    shared, low_rank, full = (
        Padim(features=RANDOM, covariance=form).predict_memory(10, (256, 256))
        for form in ("shared", "low_rank", "full")
    )
    assert shared.model_mb < low_rank.model_mb < full.model_mb
    assert shared.fit_mb < low_rank.fit_mb < full.fit_mb


def test_words_say_both_sizes_and_what_they_depend_on():
    words = PatchCore(coreset_ratio=0.1).predict_memory(10, (64, 64)).words
    assert "640 candidate patches, of which 64 are remembered" in words
    assert "components" in Subspace().predict_memory(10, (64, 64)).words
    assert "covariance 'low_rank'" in Padim().predict_memory(10, (64, 64)).words


def test_the_larger_of_fit_and_export_counts():
    fitting, exporting = (
        estimate(SHAPE, fitting=fitting, learnt=MIB, what="it") for fitting in (500 * MIB, 0)
    )
    assert 4 == fitting.model_mb == exporting.model_mb
    assert 500 == fitting.fit_mb - exporting.fit_mb + 40

import subprocess
import sys

import pytest

from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
from pyimgano_core.detectors import check_model, create_detector, detector_names
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.errors import ConfigError, MachineError


def problems_of(model, base):
    with pytest.raises(ConfigError) as caught:
        create_detector(model, base)
    return caught.value.problems


def test_the_built_in_detectors_are_registered():
    assert {"dictionary", "padim", "patchcore"} <= set(detector_names())
    assert sorted(detector_names()) == list(detector_names())


@pytest.mark.parametrize(
    ("name", "kind"), [("dictionary", Dictionary), ("padim", Padim), ("patchcore", PatchCore)]
)
def test_a_name_gives_the_detector_with_its_defaults(tmp_path, name, kind):
    assert kind() == create_detector(ModelConfig(name=name), tmp_path)


def test_options_and_features_reach_the_detector(tmp_path):
    features = FeaturesConfig(backbone="resnet18", weights="random", layers=("layer1",))
    model = ModelConfig(name="patchcore", features=features, options={"coreset_ratio": 0.5, "candidates": 10})
    expected = PatchCore(features=features, coreset_ratio=0.5, candidates=10)
    assert expected == create_detector(model, tmp_path)


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path):
    (problem,) = problems_of(ModelConfig(name="patchcor"), tmp_path)
    assert problem.startswith("$.model.name: 'patchcor'")
    assert "did you mean 'patchcore'" in problem


def test_an_unknown_option_is_refused_with_the_nearest(tmp_path):
    (problem,) = problems_of(ModelConfig(name="patchcore", options={"coreset_ration": 0.1}), tmp_path)
    assert problem.startswith("$.model.options")
    assert "coreset_ratio" in problem.replace("coreset_ration", "")


@pytest.mark.parametrize(
    "option",
    [
        {"coreset_ratio": "0.1"},
        {"coreset_ratio": True},
        {"coreset_ratio": 0.0},
        {"coreset_ratio": 1.5},
        {"candidates": 2.5},
        {"candidates": 0},
        {"memory_budget_mb": -1.0},
        {"smoothing": float("nan")},
    ],
    ids=str,
)
def test_a_value_of_another_type_or_range_is_refused(tmp_path, option):
    (problem,) = problems_of(ModelConfig(name="patchcore", options=option), tmp_path)
    assert problem.startswith(f"$.model.options.{next(iter(option))}: ")


def test_features_are_no_option(tmp_path):
    (problem,) = problems_of(ModelConfig(options={"features": {"backbone": "filters"}}), tmp_path)
    assert problem.startswith("$.model.options.features: ")


def test_all_problems_are_told_at_once(tmp_path):
    features = FeaturesConfig(backbone="resnet18")
    model = ModelConfig(name="patchcore", features=features, options={"candidates": "many", "other": 1})
    text = "\n".join(problems_of(model, tmp_path))
    for part in ("$.model.features.weights", "$.model.options.candidates", "other"):
        assert part in text


def test_a_backbone_without_weights_is_refused_and_never_random(tmp_path):
    (problem,) = problems_of(ModelConfig(features=FeaturesConfig(backbone="resnet18")), tmp_path)
    assert problem.startswith("$.model.features.weights: the backbone 'resnet18' needs weights")


def test_a_missing_weight_file_is_named(tmp_path):
    features = FeaturesConfig(backbone="resnet18", weights="gone.pth")
    (problem,) = problems_of(ModelConfig(features=features), tmp_path)
    assert problem.startswith("$.model.features.weights: no such file")
    assert "gone.pth" in problem


@pytest.mark.parametrize("backbone", ["filters", "dictionary"])
def test_weights_and_layers_of_features_without_any_are_refused(tmp_path, backbone):
    features = FeaturesConfig(backbone=backbone, weights="random", layers=("layer1",))
    problems = problems_of(ModelConfig(features=features), tmp_path)
    assert ["$.model.features.weights", "$.model.features.layers"] == [
        problem.partition(":")[0] for problem in problems
    ]


@pytest.mark.parametrize("name", ["dictionary", "padim", "patchcore", "subspace"])
def test_smoothing_beyond_any_defect_is_refused(tmp_path, name):
    (problem,) = problems_of(ModelConfig(name=name, options={"smoothing": 1e9}), tmp_path)
    assert problem == "$.model.options.smoothing: must be <= 256.0: 1000000000.0"


def test_a_relative_weight_file_is_found_from_the_base(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"")
    features = FeaturesConfig(backbone="resnet18", weights="weights.pth")
    detector = create_detector(ModelConfig(features=features), tmp_path)
    assert str(tmp_path / "weights.pth") == detector.features.weights


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Return a function that installs a third party's detector, given its module's text."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, text):
        (tmp_path / f"{name}_party.py").write_text(text)
        info = tmp_path / f"{name}_party-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-party\nVersion: 1.0\n")
        entry = f"[pyimgano.detectors]\n{name} = {name}_party:Own\n"
        (info / "entry_points.txt").write_text(entry)

    return install


OWN = """
from attrs import define, field
from pyimgano_core.contracts.config import FeaturesConfig

@define(kw_only=True)
class Own:
    features: FeaturesConfig = field(factory=FeaturesConfig)
    depth: int = 3
"""


def test_a_third_party_s_detector_is_created_by_its_name(tmp_path, register):
    register("first", OWN)
    assert "first" in detector_names()
    detector = create_detector(ModelConfig(name="first", options={"depth": 5}), tmp_path)
    assert 5 == detector.depth


def test_a_third_party_s_options_are_as_strict(tmp_path, register):
    register("second", OWN)
    (problem,) = problems_of(ModelConfig(name="second", options={"depth": "5"}), tmp_path)
    assert problem.startswith("$.model.options.depth: ")


def test_a_third_party_makes_of_features_what_it_likes(tmp_path, register):
    register("sixth", OWN)
    features = FeaturesConfig(backbone="a network of its own", weights="random")
    check_model(ModelConfig(name="sixth", features=features), (64, 64), tmp_path)
    pytest.importorskip("timm")
    with pytest.raises(ConfigError, match="timm has no model"):
        check_model(ModelConfig(name="padim", features=features), (64, 64), tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("third", "import a_package_that_is_not_there", "can't be imported"),
        ("fourth", "Other = 1", "can't be imported"),
        ("fifth", "class Own: pass", "attrs class with a field 'features'"),
    ],
)
def test_a_broken_third_party_is_told_in_one_line(tmp_path, register, name, text, reason):
    register(name, text)
    with pytest.raises(MachineError, match=reason) as caught:
        create_detector(ModelConfig(name=name), tmp_path)
    assert 1 == len(str(caught.value).splitlines())


def test_creating_a_detector_loads_no_framework():
    code = (
        "import sys; from pathlib import Path; from pyimgano_core.contracts.config import ModelConfig; "
        "from pyimgano_core.detectors import create_detector; create_detector(ModelConfig(), Path()); "
        "print({'torch', 'timm', 'onnx', 'onnxruntime'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()" == result.stdout.strip()

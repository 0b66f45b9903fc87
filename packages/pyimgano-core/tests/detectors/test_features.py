import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from attrs import evolve
from safetensors.torch import save_file

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.errors import ConfigError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages

SIZE = (64, 64)
NEEDS_DATA = "the environment variable PYIMGANO_REAL_DATA names no folder"
real_data = [
    pytest.mark.real_data,
    pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason=NEEDS_DATA),
]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(5)
    return timm.create_model("test_resnet", pretrained=False)


@pytest.fixture
def store(tmp_path):
    """Return a function that writes tensors and gives a config that names the file."""

    def write(tensors, name="weights.pth"):
        path = tmp_path / name
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        if path.suffix == ".safetensors":
            save_file(tensors, path)
        else:
            torch.save(tensors, path)
        return FeaturesConfig(backbone="test_resnet", weights=str(path))

    return write


@pytest.fixture(scope="module")
def image():
    return torch.randint(0, 256, (1, *SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def build(config, size=SIZE, seed=0, count=1):
    images = ArrayImages(np.zeros((count, *size, 3), np.uint8))
    return build_patch_features(
        config, images, seed=seed, device=torch.device("cpu"), progress=SilentProgress()
    )


def vectors(config, image, seed=0):
    with torch.no_grad():
        return build(config, tuple(image.shape[1:3]), seed)(image)


def problem_of(config, size=SIZE):
    with pytest.raises(ConfigError) as caught:
        build(config, size)
    (problem,) = caught.value.problems
    assert 1 == len(problem.splitlines())
    return problem


def test_filters_need_no_weights_and_give_finite_vectors_on_a_grid(image):
    patches = build(FeaturesConfig())
    found = patches(image)
    assert (1, patches.grid[0] * patches.grid[1], patches.channels) == tuple(found.shape)
    assert found.isfinite().all()
    assert torch.equal(found, vectors(FeaturesConfig(), image, seed=1))


@pytest.mark.parametrize("size", [(64, 96), (61, 67), (32, 33)], ids=str)
def test_filters_take_any_size(size):
    image = torch.zeros(1, *size, 3, dtype=torch.uint8)
    assert vectors(FeaturesConfig(), image).isfinite().all()


def test_the_grid_is_the_finest_of_the_layers(random_backbone):
    patches = build(evolve(random_backbone, layers=("layer2", "layer3")), (64, 96))
    assert (8, 12) == patches.grid
    assert 48 + 192 == patches.channels


def test_layers_are_used_in_the_network_s_order_and_once(random_backbone, image):
    one = evolve(random_backbone, layers=("layer2", "layer3"))
    other = evolve(random_backbone, layers=("layer3", "layer2", "layer3"))
    assert torch.equal(vectors(one, image), vectors(other, image))


def test_the_default_layers_are_those_of_stride_8_and_16(random_backbone):
    info = build(random_backbone).features.info
    assert {
        "backbone": "test_resnet",
        "layers": ["layer2", "layer3"],
        "weights": {"source": "random"},
    } == info


def test_a_vector_is_the_mean_of_the_layer_around_its_place(random_backbone, image):
    patches = build(evolve(random_backbone, layers=("layer2",)))
    with torch.no_grad():
        (layer,) = patches.features(image)  # (1, C, 8, 8)
        found = patches(image)[0].reshape(*patches.grid, -1)
    expected = layer[0, :, 2:5, 3:6].mean(dim=(1, 2))
    torch.testing.assert_close(expected, found[3, 4])


def test_random_weights_are_those_of_the_seed(random_backbone, image):
    before = torch.random.get_rng_state()
    first = vectors(random_backbone, image)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.rand(10)
    assert torch.equal(first, vectors(random_backbone, image))
    assert not torch.equal(first, vectors(random_backbone, image, seed=1))


def test_a_backbone_without_weights_is_refused():
    assert "needs weights" in problem_of(FeaturesConfig(backbone="test_resnet"))


def test_an_unknown_backbone_is_refused_with_the_nearest():
    problem = problem_of(FeaturesConfig(backbone="resnet81", weights="random"))
    assert problem.startswith("$.model.features.backbone: timm has no model 'resnet81'; did you mean ")
    assert "'resnet18'" in problem


@pytest.mark.parametrize("weights", ["random", "pretrained"])
def test_an_unknown_set_of_weights_in_the_name_is_refused_with_the_nearest(weights):
    problem = problem_of(FeaturesConfig(backbone="test_resnet.r161_in1k", weights=weights))
    assert problem.startswith("$.model.features.backbone: timm has no model 'test_resnet.r161_in1k'")


def test_unknown_layers_are_each_refused_with_the_nearest(random_backbone):
    with pytest.raises(ConfigError) as caught:
        build(evolve(random_backbone, layers=("layer2", "layer_3", "top")))
    first, second = caught.value.problems
    assert first.startswith("$.model.features.layers: 'layer_3'")
    assert "'layer3'" in first
    assert "'top'" in second


def test_a_size_that_the_backbone_can_t_take_is_refused():
    problem = problem_of(FeaturesConfig(backbone="test_vit", weights="random"), (4, 4))
    assert problem.startswith("$.dataset.resize: ")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("prefix", ["", "module.", "module.model."])
def test_a_file_gives_the_features_of_the_network_that_it_holds(network, store, name, prefix):
    config = store({prefix + key: value for key, value in network.state_dict().items()}, name)
    patches = build(config)
    own = patches.features.network.state_dict()
    for key in ("conv1.0.weight", "layer3.0.conv1.weight"):
        assert torch.equal(network.state_dict()[key], own[key])
    record = patches.features.info["weights"]
    assert ("file", name, 64) == (record["source"], record["file"], len(record["sha256"]))
    assert [] == record["missing_keys"]
    assert ["fc.bias", "fc.weight"] == record["unexpected_keys"]


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "teacher"])
def test_a_state_dict_inside_a_checkpoint_is_found(network, tmp_path, store, image, wrapper):
    path = tmp_path / "checkpoint.pth"
    torch.save({wrapper: network.state_dict(), "epoch": 3}, path)
    config = FeaturesConfig(backbone="test_resnet", weights=str(path))
    assert torch.equal(vectors(store(network.state_dict()), image), vectors(config, image))


def test_layers_that_are_not_used_may_be_missing(network, store, image):
    partial = {key: value for key, value in network.state_dict().items() if "layer4" not in key}
    config = store(partial, "partial.pth")
    assert torch.equal(vectors(store(network.state_dict()), image), vectors(config, image))
    record = build(config).features.info["weights"]
    assert all(key.startswith("layer4.") for key in record["missing_keys"])
    assert record["missing_keys"]


def test_a_used_layer_that_is_missing_is_named(network, store):
    config = store({key: value for key, value in network.state_dict().items() if "layer3" not in key})
    problem = problem_of(config)
    assert problem.startswith("$.model.features.weights: 'weights.pth' does not fit the backbone: ")
    assert "are missing (layer3." in problem


def test_a_tensor_of_another_shape_is_named(network, store):
    tensors = network.state_dict()
    tensors["layer2.0.conv1.weight"] = torch.zeros(1)
    assert "have other shapes or types (layer2.0.conv1.weight)" in problem_of(store(tensors))


@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: (tensor * 100).to(torch.int8),
        lambda tensor: tensor.to(torch.complex64),
        torch.Tensor.to_sparse,
        lambda tensor: tensor.to("meta"),
    ],
    ids=["integers", "complex", "sparse", "without-data"],
)
def test_a_tensor_of_a_type_that_can_t_be_used_is_named(network, tmp_path, change):
    tensors = network.state_dict()
    tensors["layer2.0.conv1.weight"] = change(tensors["layer2.0.conv1.weight"])
    torch.save(tensors, tmp_path / "weights.pth")
    config = FeaturesConfig(backbone="test_resnet", weights=str(tmp_path / "weights.pth"))
    assert "have other shapes or types (layer2.0.conv1.weight)" in problem_of(config)


@pytest.mark.parametrize("type_", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precision_are_taken(network, store, type_):
    name = "layer2.0.conv1.weight"
    tensors = {key: value.to(type_) for key, value in network.state_dict().items()}
    own = build(store(tensors, "weights.pth")).features.network.state_dict()[name]
    assert torch.equal(tensors[name].float(), own)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_finite_numbers_are_named(network, store, value):
    tensors = network.state_dict()
    tensors["layer2.0.conv1.weight"][0, 0, 0, 0] = value
    problem = problem_of(store(tensors))
    assert "holds values that are no finite numbers in 1 of the " in problem
    assert "(layer2.0.conv1.weight)" in problem


class Harmful:
    """Pickled code that leaves a mark when it is run."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_code_inside_a_weight_file_is_not_run(tmp_path):
    mark = tmp_path / "mark"
    (tmp_path / "weights.pth").write_bytes(pickle.dumps({"weight": Harmful(mark)}, protocol=2))
    config = FeaturesConfig(backbone="test_resnet", weights=str(tmp_path / "weights.pth"))
    assert "can't be read as weights" in problem_of(config)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("cut", [0, 1, 100, -100])
def test_a_torn_weight_file_is_refused_in_one_line(network, store, tmp_path, name, cut):
    config = store(network.state_dict(), name)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:cut])
    assert problem_of(config).startswith(f"$.model.features.weights: '{name}' can't be read as weights")


@pytest.mark.parametrize(
    "content",
    [b"hello world", b"<!DOCTYPE html>", b"0", b"0.", b"\x00" * 9, b"\x80\x02X", b"\x8a\x01"],
    ids=repr,
)
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "weights.pth").write_bytes(content)
    config = FeaturesConfig(backbone="test_resnet", weights=str(tmp_path / "weights.pth"))
    assert "'weights.pth' can't be read as weights" in problem_of(config)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {}], ids=str)
def test_a_file_without_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")
    config = FeaturesConfig(backbone="test_resnet", weights=str(tmp_path / "weights.pth"))
    assert "holds no tensors by name; save a state_dict" in problem_of(config)


class TestRealWeights:
    pytestmark = real_data

    def weights(self, name):
        return str(Path(os.environ["PYIMGANO_REAL_DATA"]) / "weights" / name)

    def resnet18(self, layers):
        path = self.weights("resnet18_tvkeys_no_layer4.pth")
        return FeaturesConfig(backbone="resnet18", weights=path, layers=layers)

    def test_a_resnet_without_its_last_layer_serves_the_others(self):
        info = build(self.resnet18(("layer2", "layer3"))).features.info
        record = info["weights"]
        assert {"layer4"} == {key.partition(".")[0] for key in record["missing_keys"]}
        assert {"fc"} == {key.partition(".")[0] for key in record["unexpected_keys"]}

    def test_the_last_layer_that_it_lacks_is_named(self):
        assert "are missing (layer4." in problem_of(self.resnet18(("layer4",)))

    @pytest.mark.parametrize("name", ["squeezenet1_0_deepcomp_tvkeys.pth", "resnet20-12fca82f.th"])
    def test_the_weights_of_another_network_are_refused_in_one_line(self, name):
        config = FeaturesConfig(backbone="resnet18", weights=self.weights(name))
        assert f"'{name}' does not fit the backbone" in problem_of(config)

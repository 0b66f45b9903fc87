import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
from pyimgano_core.detectors import check_model
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.features._backbone import check_backbone
from pyimgano_core.errors import ConfigError, MachineError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages, check_detector

CPU = torch.device("cpu")
VIT = "test_vit"  # patches of 16, built for 160x160, one class token
REGISTERS = "test_vit2"  # the same with a register token and no class token
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def build(config, size):
    images = ArrayImages(np.zeros((1, *size, 3), np.uint8))
    return build_patch_features(config, images, seed=0, device=CPU, progress=SilentProgress())


def noise(size):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (1, *size, 3), dtype=torch.uint8, generator=generator)


def draw_network(name):
    torch.manual_seed(3)
    return timm.create_model(name, pretrained=False, num_classes=0).eval()


@pytest.fixture(params=[".pth", ".safetensors"])
def weights(request, tmp_path):
    """Return a function that saves a network and gives the config that names the file."""

    def save(network, prefix="", layers=None):
        path = tmp_path / f"weights{request.param}"
        tensors = {prefix + name: value.contiguous() for name, value in network.state_dict().items()}
        if path.suffix == ".pth":
            torch.save(tensors, path)
        else:
            save_file(tensors, path)
        return FeaturesConfig(
            backbone=network.pretrained_cfg["architecture"], weights=str(path), layers=layers
        )

    return save


@pytest.mark.parametrize("name", [VIT, REGISTERS])
@pytest.mark.parametrize("size", [(160, 160), (64, 96)], ids=str)
def test_tokens_of_places_are_those_that_the_network_gives_at_that_size(weights, name, size):
    network = draw_network(name)  # it resamples its positions for every image
    layers = ("blocks.1", "blocks.3")
    backbone = build(weights(network, layers=layers), size).features
    statistics = network.pretrained_cfg
    image = noise(size)
    pixels = (image / 255 - torch.tensor(statistics["mean"])) / torch.tensor(statistics["std"])
    with torch.no_grad():
        expected = network.forward_intermediates(
            pixels.permute(0, 3, 1, 2), indices=[1, 3], norm=True, intermediates_only=True
        )
        found = backbone(image)
    assert [(1, 64, size[0] // 16, size[1] // 16)] * 2 == [tuple(layer.shape) for layer in found]
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_middle_block_is_the_default(weights):
    info = build(weights(draw_network(VIT)), (64, 64)).features.info
    assert ["blocks.3"] == info["layers"]


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        (VIT, (48, 64)),
        ("vit_small_patch14_reg4_dinov2", (56, 70)),
        ("vit_small_patch16_dinov3_qkvb", (48, 64)),
    ],
)
def test_transformers_keep_the_contract_at_the_config_s_size(backbone, size, textures):
    features = FeaturesConfig(backbone=backbone, weights="random", layers=("blocks.1",))
    check_detector(PatchCore(features=features), textures(2, height=size[0], width=size[1]))


def test_a_size_that_patches_do_not_divide_is_told_with_the_nearest_that_they_do():
    config = FeaturesConfig(backbone="vit_small_patch14_dinov2", weights="random")
    with pytest.raises(ConfigError) as caught:
        build(config, (256, 250))
    (problem,) = caught.value.problems
    assert problem == (
        "$.dataset.resize: 'vit_small_patch14_dinov2' has patches of 14x14, which don't divide [256, 250]; "
        "try [252, 238] or [266, 252]"
    )


@pytest.mark.parametrize("backbone", ["test_maxvit", "efficientvit_m0", "swin_tiny_patch4_window7_224"])
def test_networks_of_one_size_without_patches_of_a_transformer_are_brought_to_another(backbone, textures):
    if not (timm.is_model(backbone) and hasattr(timm.create_model(backbone), "set_input_size")):
        pytest.skip("this timm builds it for one size")
    features = FeaturesConfig(backbone=backbone, weights="random")
    check_backbone(features, (96, 128))
    if backbone != "swin_tiny_patch4_window7_224":  # which takes its time
        check_detector(Padim(features=features), textures(8, height=96, width=128))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"backbone": "resnet999"}, "$.model.features.backbone: timm has no model 'resnet999'"),
        (
            {"backbone": "resnet18", "layers": ("blocks.9",)},
            "features.layers: 'blocks.9' is an unknown layer",
        ),
        ({"backbone": "vit_small_patch14_dinov2"}, "which don't divide [64, 64]; try [56, 56]"),
        ({"backbone": "hiera_tiny_224"}, "$.dataset.resize: the backbone can't take [64, 64]"),
        ({"backbone": "deit_tiny_distilled_patch16_224.x"}, "timm has no model"),
    ],
)
def test_what_a_fit_would_refuse_of_a_network_is_told_without_its_weights(settings, told, tmp_path):
    model = ModelConfig(name="padim", features=FeaturesConfig(**settings, weights="random"))
    with pytest.raises(ConfigError) as caught:
        check_model(model, (64, 64), tmp_path)
    with pytest.raises(ConfigError) as of_fit:
        build(model.features, (64, 64))
    (problem,), (same,) = caught.value.problems, of_fit.value.problems
    assert told in problem
    assert problem.partition("]: ")[0] == same.partition("]: ")[0]


def test_a_package_that_is_broken_is_told_as_that(tmp_path):
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "__init__.py").write_text("raise ImportError('no such symbol')")
    script = (
        "import pathlib\n"
        "from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig\n"
        "from pyimgano_core.detectors import check_model\n"
        "features = FeaturesConfig(backbone='resnet18', weights='random')\n"
        "try:\n"
        "    check_model(ModelConfig(name='padim', features=features), (64, 64), pathlib.Path())\n"
        "except Exception as exc:\n"
        "    print(type(exc).__name__, exc)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "MachineError torch or timm is installed but can't be imported: no such symbol\n"


def test_a_network_that_looks_up_beyond_its_positions_is_refused_by_the_fit():
    with pytest.raises(ConfigError, match="the backbone can't take"):
        build(FeaturesConfig(backbone="mvitv2_tiny", weights="random"), (256, 256))


def test_a_network_is_looked_at_without_weights_that_can_not_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    features = FeaturesConfig(backbone="resnet18.tv_in1k", weights="pretrained")
    check_model(ModelConfig(name="padim", features=features), (64, 64), tmp_path)


@pytest.mark.parametrize("factor", [1e20, 1e38], ids=["finite features", "features without numbers"])
@pytest.mark.parametrize("detector", [Dictionary, Padim, PatchCore, Subspace])
def test_weights_that_give_absurd_features_are_told_at_the_fit(weights, fit, textures, detector, factor):
    network = draw_network("test_resnet")
    with torch.no_grad():
        for weight in network.parameters():
            weight.clamp_(0.01, 1).mul_(factor if weight.ndim > 1 else 1)
    with pytest.raises(ConfigError) as caught:
        fit(detector(features=weights(network)), textures(2))
    (problem,) = caught.value.problems
    assert problem == (
        "$.model.features.weights: with these weights the features of a train image are no finite numbers, "
        "or beyond 1e+15; choose weights that were trained for this backbone"
    )


@pytest.mark.parametrize("prefix", ["teacher.backbone.", "module.encoder_q."])
def test_names_behind_any_prefix_are_found_beside_others(weights, prefix):
    network = draw_network(VIT)
    network.register_module("extra", torch.nn.Linear(2, 2))
    record = build(weights(network, prefix), (64, 64)).features.info["weights"]
    assert (prefix, ["extra.bias", "extra.weight"]) == (record["prefix"], record["unexpected_keys"])


def test_the_record_of_a_file_says_in_words_what_was_missing_and_what_had_no_place(tmp_path):
    network = timm.create_model("test_resnet", pretrained=False)
    tensors = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if "layer4" not in name and "num_batches" not in name
    }
    torch.save(tensors, tmp_path / "w.pth")
    config = FeaturesConfig(backbone="test_resnet", weights=str(tmp_path / "w.pth"))
    record = build(config, (64, 64)).features.info["weights"]
    absent = len(record["missing_keys"])
    assert (
        f"{len(tensors) - 2} tensors were taken from the file; {absent} that the used layers don't need are "
        f"missing in it ({', '.join(sorted({key.partition('.')[0] for key in record['missing_keys']}))}); "
        "2 of it have no place (fc)"
    ) == record["words"]


class Hub(BaseHTTPRequestHandler):
    """Answers, as the hub does, which commit is the newest."""

    def do_GET(self):
        content = f'{{"id": "{self.path[len("/api/models/") :]}", "sha": "{COMMIT}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    """The address of a hub on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Return a function that fills the hub's cache of this machine with a network under commits."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def fill(*commits, main=COMMIT):
        repository = timm.get_pretrained_cfg(VIT).hf_hub_id.replace("/", "--")
        folder = tmp_path / f"models--{repository}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text(main)
        for commit in commits:
            path = folder / "snapshots" / commit / "model.safetensors"
            path.parent.mkdir(parents=True)
            save_file(draw_network(VIT).state_dict(), path)

    return fill


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


PRETRAINED = FeaturesConfig(backbone=VIT, weights="pretrained")


@pytest.mark.usefixtures("offline")
def test_without_the_hub_the_cache_serves_and_its_revision_is_recorded(cache):
    cache(COMMIT)
    features = build(PRETRAINED, (64, 64)).features
    record = features.info["weights"]
    assert ("pretrained", COMMIT, "timm/test_vit.r160_in1k", "r160_in1k") == (
        record["source"],
        record["revision"],
        record["hub"],
        record["tag"],
    )
    assert 64 == len(record["sha256"])
    expected, found = draw_network(VIT).state_dict(), features.network.state_dict()
    assert torch.equal(expected["blocks.0.attn.qkv.weight"], found["blocks.0.attn.qkv.weight"])


def test_the_newest_revision_of_the_hub_is_taken_before_an_older_one_of_the_cache(
    cache, address, monkeypatch
):
    cache("f" * 40, COMMIT, main="f" * 40)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    assert COMMIT == build(PRETRAINED, (64, 64)).features.info["weights"]["revision"]


@pytest.mark.parametrize("unreachable", ["offline", "no connection"])
def test_a_hub_out_of_reach_is_told_in_one_line_and_soon(cache, monkeypatch, unreachable):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", unreachable == "offline")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    del cache
    started = time.perf_counter()
    with pytest.raises(MachineError, match="of 'test_vit' can't be fetched from timm's hub") as caught:
        build(PRETRAINED, (64, 64))
    assert 1 == len(str(caught.value).splitlines())
    assert time.perf_counter() - started < 10


def test_a_model_that_the_hub_has_no_weights_of_is_refused():
    name = next(
        name for name in timm.list_models() if not getattr(timm.get_pretrained_cfg(name), "hf_hub_id", None)
    )
    with pytest.raises(ConfigError, match=f"timm's hub has no weights of '{name}'; name a file"):
        build(FeaturesConfig(backbone=name, weights="pretrained"), (64, 64))

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import pytest

from pyimgano_core.errors import ArtifactError, MachineError, UsageError
from pyimgano_infer._config import read_config
from pyimgano_infer._models import Models, load_one

MEAN = (Path(__file__).parent / "data" / "mean.onnx").read_bytes()


def checkpoint_of(config, category="part"):
    return config.parents[1] / "checkpoints" / category / "model.onnx"


def put_in(edit_config, config, content):
    """Put other bytes in the checkpoint's place, and their size and hash in the config."""
    checkpoint_of(config).write_bytes(content)
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    return edit_config(lambda part: part["checkpoint"].update(facts))


def test_a_model_tells_all_that_decides(make_config):
    model = load_one(make_config(threshold=0.5, review=0.25, pixel_threshold=0.75, minimum_area=5))
    assert (0.5, 0.25, 0.75, 5) == (
        model.threshold,
        model.review_threshold,
        model.pixel_threshold,
        model.minimum_area,
    )


def test_a_model_without_band_and_area_says_so(config):
    model = load_one(config)
    assert (None, 1) == (model.review_threshold, model.minimum_area)


def test_several_categories_need_a_choice(make_config):
    config = make_config("bolt", "nut")
    with pytest.raises(UsageError, match="'bolt', 'nut'"):
        load_one(config)
    assert "nut" == load_one(config, "nut").category


def test_changed_bytes_are_never_loaded(config):
    content = bytearray(checkpoint_of(config).read_bytes())
    content[-1] ^= 1
    checkpoint_of(config).write_bytes(content)
    with pytest.raises(ArtifactError, match=hashlib.sha256(content).hexdigest()):
        load_one(config)


def test_a_truncated_checkpoint_is_refused(config):
    checkpoint_of(config).write_bytes(checkpoint_of(config).read_bytes()[:-9])
    with pytest.raises(ArtifactError, match="truncated"):
        load_one(config)


@pytest.mark.parametrize("content", [b"", b"no graph at all", MEAN[:-9], MEAN[9:]])
def test_what_is_no_graph_is_refused_whatever_its_hash(edit_config, config, content):
    with pytest.raises(ArtifactError, match=r"model\.onnx: the model can't be trusted"):
        load_one(put_in(edit_config, config, content))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("opened",)


@pytest.mark.parametrize(
    "content", [pickle.dumps(Evil()), b"PK\x03\x04" + bytes(99)], ids=["pickle", "torch"]
)
def test_a_pickle_is_never_opened_whatever_its_name_and_the_way_to_convert_it_is_told(
    edit_config, config, content, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ArtifactError, match=r"model\.onnx: a pickled checkpoint can run code .* `pyimgano-train"
    ):
        load_one(put_in(edit_config, config, content))
    assert not (tmp_path / "opened").exists()


def test_two_checkpoints_that_were_swapped_are_noticed(make_config):
    config = make_config("bolt")
    shutil.copyfile(Path(__file__).parent / "data" / "nan_on_black.onnx", checkpoint_of(config, "bolt"))
    with pytest.raises(ArtifactError, match=r"bytes, the config says|its sha256 is"):
        load_one(config)


def field(number, content):
    """A field of a protobuf message: a text, bytes or a small number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    content = content.encode() if isinstance(content, str) else content
    return bytes([number << 3 | 2, len(content)]) + content


def with_constant(*fields):
    """The graph with one constant more: messages that stand one after the other are merged."""
    return MEAN + field(7, field(5, field(8, "extra") + field(1, 1) + field(2, 1) + b"".join(fields)))


def outside(place):
    return with_constant(field(13, field(1, "location") + field(2, place)), field(14, 1))


def test_a_constant_more_does_no_harm(edit_config, config):
    content = with_constant(field(9, b"\0\0\x80\x3f"))
    assert "part" == load_one(put_in(edit_config, config, content)).category


@pytest.mark.parametrize("place", ["../secret", "/etc/hostname", "link", "beside"])
def test_a_graph_that_reads_another_file_is_refused(edit_config, config, tmp_path, place):
    (tmp_path / "run" / "checkpoints" / "secret").write_bytes(bytes(4))
    beside = checkpoint_of(config).with_name("beside")
    beside.write_bytes(bytes(4))
    beside.with_name("link").symlink_to(tmp_path / "run" / "checkpoints" / "secret")
    with pytest.raises(ArtifactError, match="it keeps data outside the file"):
        load_one(put_in(edit_config, config, outside(place)))


def test_a_graph_with_operators_of_somebody_s_own_is_refused(edit_config, config):
    content = MEAN + field(8, field(1, "my.own") + field(2, 1))
    with pytest.raises(ArtifactError, match=r"it uses operators of the domain 'my\.own'"):
        load_one(put_in(edit_config, config, content))


def test_a_memory_bank_that_is_not_a_number_is_refused(edit_config, config):
    content = with_constant(field(9, b"\0\0\xc0\x7f"))
    with pytest.raises(ArtifactError, match="it holds a constant that is not a number"):
        load_one(put_in(edit_config, config, content))


def test_a_host_that_is_too_old_says_what_to_install(edit_config):
    config = edit_config(
        lambda part: part.update(min_versions={"pyimgano-core": "99.1", "onnxruntime": "98"})
    )
    with pytest.raises(
        ArtifactError, match=r"category .part.: pyimgano-core .* 99\.1 or later is needed"
    ) as caught:
        load_one(config)
    assert "pip install --upgrade 'onnxruntime>=98'" in str(caught.value)


def test_a_config_of_an_older_version_still_loads(edit_config, grey):
    def forget(part):
        part.pop("min_versions", None)
        part["self_test"].pop("runtime", None)

    assert pytest.approx(0.2) == load_one(edit_config(forget)).score(grey("a.png", 51)).score


def calibrated_on(provider, **changes):
    def change(part):
        runtime = {"package": "onnxruntime", "version": "1.22.0", "provider": provider}
        part["self_test"] |= {"runtime": runtime, **changes}

    return change


def test_scores_of_other_kernels_are_trusted_only_where_the_self_test_passes(edit_config, grey):
    config = edit_config(calibrated_on("CUDAExecutionProvider"))
    assert pytest.approx(0.2) == load_one(config).score(grey("a.png", 51)).score
    config = edit_config(calibrated_on("CUDAExecutionProvider", score=0.5))
    with pytest.raises(
        ArtifactError, match=r"\(CPUExecutionProvider\) does not give the scores .* calibrate on"
    ):
        load_one(config)


def test_the_same_kernels_are_loaded_without_a_replay(edit_config):
    load_one(edit_config(calibrated_on("CPUExecutionProvider", score=0.5)))


def test_a_model_is_run_by_the_device_that_was_asked_for(config, grey):
    pytest.importorskip("openvino")
    document = read_config(config)
    model = Models(config, document, ("part",), device="openvino").load("part")
    assert "openvino" == model.scorer.runtime.package
    assert pytest.approx(0.2) == model.score(grey("a.png", 51)).score


def test_a_device_that_is_missing_is_an_error_of_the_machine(config):
    models = Models(config, read_config(config), ("part",), device="cuda")
    with pytest.raises(MachineError, match="--device cuda: "):
        models.load("part")


def test_a_graph_for_another_image_size_is_refused(edit_config):
    config = edit_config(lambda part: part["preprocessing"].update(resize=[16, 16]))
    with pytest.raises(ArtifactError, match=r"\(8, 8\).*\(16, 16\)"):
        load_one(config)

import hashlib

import pytest

from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer import load_model


def checkpoint_of(config):
    return config.parents[1] / "checkpoints" / "part" / "model.onnx"


def put_in(edit_config, config, content):
    """Put other bytes in the checkpoint's place, and their size and hash in the config."""
    checkpoint_of(config).write_bytes(content)
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    return edit_config(lambda part: part["checkpoint"].update(facts))


def test_a_loaded_model_predicts_a_file(config, grey):
    prediction = load_model(config).predict(grey("a.png", 204))
    assert (pytest.approx(0.8), "anomalous") == (prediction.score, prediction.label)


def test_a_model_tells_all_that_decides(make_config):
    model = load_model(make_config(threshold=0.5, review=0.25, pixel_threshold=0.75, minimum_area=5))
    assert (0.5, 0.25, 0.75, 5) == (
        model.threshold,
        model.review_threshold,
        model.pixel_threshold,
        model.minimum_area,
    )


def test_a_model_without_band_and_area_says_so(config):
    model = load_model(config)
    assert (None, 1) == (model.review_threshold, model.minimum_area)


def test_a_bad_file_gives_an_error_and_no_exception(config, tmp_path):
    prediction = load_model(str(config)).predict(str(tmp_path / "absent.png"))
    assert ("error", "not_found") == (prediction.status, prediction.error.code)


def test_several_categories_need_a_choice(make_config):
    config = make_config("bolt", "nut")
    with pytest.raises(UsageError, match="'bolt', 'nut'"):
        load_model(config)
    assert "nut" == load_model(config, "nut").category


def test_changed_bytes_are_never_loaded(config):
    content = bytearray(checkpoint_of(config).read_bytes())
    content[-1] ^= 1
    checkpoint_of(config).write_bytes(content)
    with pytest.raises(ArtifactError, match=hashlib.sha256(content).hexdigest()):
        load_model(config)


def test_a_truncated_checkpoint_is_refused(config):
    checkpoint_of(config).write_bytes(checkpoint_of(config).read_bytes()[:-9])
    with pytest.raises(ArtifactError, match="truncated"):
        load_model(config)


@pytest.mark.parametrize("content", [b"", b"\x80\x04]\x94.", b"PK\x03\x04" + bytes(99)])
def test_what_is_no_graph_is_refused_whatever_its_hash(edit_config, config, content):
    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        load_model(put_in(edit_config, config, content))


def test_a_graph_for_another_image_size_is_refused(edit_config):
    config = edit_config(lambda part: part["preprocessing"].update(resize=[16, 16]))
    with pytest.raises(ArtifactError, match=r"\(8, 8\).*\(16, 16\)"):
        load_model(config)

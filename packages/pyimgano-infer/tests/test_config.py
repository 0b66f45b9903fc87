import os
import shutil
from pathlib import Path

import pytest

from pyimgano_core.contracts.infer_config import Checkpoint
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer._config import choose_categories, config_of_run, listed, locate_file, read_config
from pyimgano_infer._models import load_one


def set_threshold(value):
    return lambda part: part["threshold"].__setitem__("value", value)


def set_checkpoint(**values):
    return lambda part: part["checkpoint"].update(values)


def locate(config):
    found = read_config(config)
    return locate_file(config, "part", "checkpoint", found.per_category["part"].checkpoint)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", '"0.5"', "true"])
def test_a_threshold_that_is_no_finite_number_is_refused(config, text):
    config.write_text(config.read_text().replace('"value": 0.5', f'"value": {text}', 1))
    with pytest.raises(ArtifactError, match=r"infer_config\.json"):
        read_config(config)


def test_a_key_that_is_given_twice_is_refused(config):
    config.write_text(config.read_text().replace('"value": 0.5', '"value": 0.5, "value": 9.0', 1))
    with pytest.raises(ArtifactError, match="duplicate key 'value'"):
        read_config(config)


def test_deep_nesting_is_refused_in_one_line(config):
    config.write_text("[" * 100_000)
    with pytest.raises(ArtifactError, match="nested too deeply"):
        read_config(config)


def test_a_byte_order_mark_is_accepted(config):
    expected = read_config(config)
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes())
    assert expected == read_config(config)


@pytest.mark.parametrize("feature", ["roi", "review-band", "Review_band", "minimum_areas", ""])
def test_a_feature_that_this_version_does_not_know_is_refused(config, feature):
    config.write_text(
        config.read_text().replace('"requires": []', f'"requires": ["review_band", "{feature}"]')
    )
    with pytest.raises(ArtifactError, match=rf"\['{feature}'\]"):
        read_config(config)


def test_the_features_that_this_version_knows_are_accepted(make_config):
    config = read_config(make_config(review=0.25, minimum_area=5))
    assert {"minimum_area", "review_band"} == set(config.requires)


@pytest.mark.parametrize("area", ["0", "-1", "1.5", '"5"', "true"])
def test_a_minimum_area_that_is_no_positive_whole_number_is_refused(make_config, area):
    config = make_config(minimum_area=5)
    config.write_text(config.read_text().replace('"minimum_area": 5', f'"minimum_area": {area}'))
    with pytest.raises(ArtifactError, match="minimum_area"):
        read_config(config)


def test_a_missing_config_and_a_folder_are_wrong_usage(tmp_path):
    long = "no such file" if os.name == "nt" else "too long"
    said = {"absent.json": "no such file", "": "not a file", "\0": "no such file", "x" * 5000: long}
    for name, reason in said.items():
        with pytest.raises(UsageError, match=f"--infer-config .*: .*{reason}"):
            read_config(tmp_path / name)


def test_a_pickled_checkpoint_is_refused_with_the_way_to_an_onnx_one(edit_config):
    for change in ({"format": "torch"}, {"path": "../checkpoints/part/model.pt"}):
        with pytest.raises(ArtifactError, match="--export-infer-config"):
            locate(edit_config(set_checkpoint(**change)))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a\0b.onnx", "NUL"),
        ("https://example.org/model.onnx", "not followed"),
        ("file:///model.onnx", "not followed"),
        ("~/model.onnx", "not expanded"),
        ("absent.onnx", "no such file"),
        ("../checkpoints/part", "must be a file"),
    ],
)
def test_a_path_that_is_no_plain_path_to_a_file_is_refused(edit_config, path, reason):
    with pytest.raises(ArtifactError, match=reason):
        locate(edit_config(set_checkpoint(path=path)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_checkpoints_place_is_refused_without_waiting(edit_config, tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ArtifactError, match="must be a file"):
        locate(edit_config(set_checkpoint(path=str(tmp_path / "pipe.onnx"))))


def test_an_absolute_path_is_taken_as_it_is(edit_config, tmp_path):
    copy = shutil.copyfile(tmp_path / "run" / "checkpoints" / "part" / "model.onnx", tmp_path / "copy.onnx")
    assert copy == locate(edit_config(set_checkpoint(path=str(copy))))


@pytest.mark.usefixtures("config")
def test_a_run_can_move_with_its_checkpoints(tmp_path):
    (tmp_path / "run").rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "artifacts" / "infer_config.json"
    assert (tmp_path / "moved" / "checkpoints" / "part" / "model.onnx").samefile(locate(moved))


def test_a_linked_config_finds_its_checkpoint_where_the_link_leads(config, tmp_path):
    link = tmp_path / "site" / "etc" / "infer_config.json"
    link.parent.mkdir(parents=True)
    link.symlink_to(config)
    assert (tmp_path / "run" / "checkpoints" / "part" / "model.onnx").samefile(locate(link))


def test_a_mounted_config_map_is_read_through_its_links(edit_config, tmp_path):
    config = edit_config(set_checkpoint(path="model.onnx"))
    mount = tmp_path / "etc" / "detector"
    version = mount / "..2026_11_23_08_30_00.123456789"
    version.mkdir(parents=True)
    shutil.copyfile(config, version / "infer_config.json")
    shutil.copyfile(tmp_path / "run" / "checkpoints" / "part" / "model.onnx", version / "model.onnx")
    (mount / "..data").symlink_to(version.name)
    for name in ("infer_config.json", "model.onnx"):
        (mount / name).symlink_to(f"..data/{name}")
    assert (version / "model.onnx").samefile(locate(mount / "infer_config.json"))


def test_a_link_to_the_newest_run_is_followed(config, tmp_path):
    (tmp_path / "current").symlink_to("run")
    found = locate(tmp_path / "current" / "artifacts" / config.name)
    assert (tmp_path / "run" / "checkpoints" / "part" / "model.onnx").samefile(found)


def test_a_config_may_be_named_relative_to_the_current_folder(config, monkeypatch):
    monkeypatch.chdir(config.parent)
    assert locate(config).samefile(locate(Path(config.name)))


def test_nothing_is_written_where_a_config_is_read(config, tmp_path):
    before = {path: path.lstat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    load_one(config)
    assert before == {path: path.lstat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}


@pytest.mark.skipif(os.name == "nt", reason="files are not sparse there")
def test_a_file_that_is_far_too_large_is_refused_without_reading_all_of_it(config):
    with config.open("r+b") as stream:
        stream.truncate(2**40)  # sparse: it takes no space
    with pytest.raises(ArtifactError, match="larger than 67108864 bytes"):
        read_config(config)


def test_the_folder_of_the_link_comes_first_and_two_files_are_refused(config, tmp_path):
    link = tmp_path / "site" / "etc" / "infer_config.json"
    beside = tmp_path / "site" / "checkpoints" / "part" / "model.onnx"
    for folder in (link.parent, beside.parent):
        folder.mkdir(parents=True)
    link.symlink_to(config)
    original = tmp_path / "run" / "checkpoints" / "part" / "model.onnx"
    shutil.copyfile(original, beside)
    with pytest.raises(ArtifactError, match="two files"):
        locate(link)
    original.unlink()
    assert beside.samefile(locate(link))


def test_a_checkpoint_is_never_looked_for_in_the_current_folder(edit_config, tmp_path, monkeypatch):
    shutil.copyfile(tmp_path / "run" / "checkpoints" / "part" / "model.onnx", tmp_path / "here.onnx")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtifactError, match="no such file"):
        locate(edit_config(set_checkpoint(path="here.onnx")))


def test_a_run_without_a_config_says_how_to_get_one(tmp_path, config):
    assert config == config_of_run(tmp_path / "run")
    with pytest.raises(UsageError, match="--export-infer-config"):
        config_of_run(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        config_of_run(tmp_path / "absent")


def test_all_categories_are_in_play_unless_one_is_chosen(make_config):
    config = read_config(make_config("bolt", "nut"))
    assert ("bolt", "nut") == choose_categories(config, None)
    assert ("nut",) == choose_categories(config, "nut")


def test_a_list_of_names_shows_the_first_few():
    assert "'a', 'b' and 1 more" == listed(["c", "b", "a"], most=2)


def test_a_changed_size_is_seen_before_the_file_is_read(config):
    wrong = Checkpoint(path="../checkpoints/part/model.onnx", sha256="0" * 64, size_bytes=1)
    with pytest.raises(ArtifactError, match="the config says 1"):
        locate_file(config, "part", "checkpoint", wrong)

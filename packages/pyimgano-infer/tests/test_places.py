"""No result takes the place of what the run needs, of an image, or of what is tidied up in the end."""

from __future__ import annotations

import os

import pytest


@pytest.mark.parametrize("option", ["--output", "--csv", "--summary"])
def test_a_result_never_overwrites_the_config_or_its_checkpoint(run_infer, config, grey, option):
    image = grey("a.png", 9)
    for needed in (config, *config.parents[1].rglob("*.onnx")):
        before = needed.read_bytes()
        done = run_infer("--infer-config", config, option, needed, image)
        assert (64, before) == (done.code, needed.read_bytes())
        assert "is what the config is made of" in done.err


def test_a_result_with_an_image_s_name_is_refused(run_infer, config, grey, tmp_path):
    image = grey("in/a.png", 9)
    before = image.read_bytes()
    done = run_infer("--infer-config", config, "--output", image, tmp_path / "in")
    assert (64, before) == (done.code, image.read_bytes())
    assert "is an image's name" in done.err


@pytest.mark.parametrize("option", ["--maps", "--summary"])
def test_nothing_is_kept_where_the_unfinished_run_is(run_infer, config, grey, tmp_path, option):
    output = tmp_path / "out.jsonl"
    inside = tmp_path / "out.jsonl.partial" / "kept"
    done = run_infer("--infer-config", config, "--output", output, option, inside, grey("a.png", 9))
    assert 64 == done.code
    assert "is removed when the run is done" in done.err
    assert not output.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("option", ["--output", "--csv", "--summary", "--parts"])
def test_a_file_never_takes_the_place_of_a_device_a_pipe_or_a_folder(
    run_infer, config, grey, tmp_path, option
):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    image = grey("a.png", 9)
    for place in (pipe, tmp_path / "run"):
        done = run_infer("--infer-config", config, option, place, image)
        assert (64, "") == (done.code, done.out)
        assert f"{option} {str(place)!r}: is no file" in done.err
    assert pipe.is_fifo()


@pytest.mark.parametrize("option", ["--maps", "--masks", "--overlays"])
def test_files_are_never_kept_in_what_is_no_folder(run_infer, config, grey, option):
    image = grey("a.png", 9)
    done = run_infer("--infer-config", config, option, config, image)
    assert (64, "") == (done.code, done.out)
    assert f"{option} {str(config)!r}: is no folder" in done.err

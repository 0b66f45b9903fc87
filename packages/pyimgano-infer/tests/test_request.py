"""What a command line asks for, and what of it is refused before anything is scored."""

import pytest

from pyimgano_infer._products import Outputs
from pyimgano_infer._request import Request


def test_the_outputs_of_a_request_are_relative_to_the_folder_of_its_lines(tmp_path):
    request = Request(
        config_path=tmp_path, arguments=(), output=tmp_path / "a.jsonl", maps=tmp_path / "maps", rle=True
    )
    expected = Outputs(folder=tmp_path, maps=tmp_path / "maps", rle=True)
    assert expected == request.outputs
    assert Outputs() == Request(config_path=tmp_path, arguments=()).outputs


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        (["--map-format", "png"], "--maps"),
        (["--map-size", "model"], "--maps"),
        (["--keep", "all"], "--maps, --masks or --overlays"),
        (["--keep", "anomalous", "--rle"], "--maps, --masks or --overlays"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(run_infer, config, grey, options, needed):
    done = run_infer("--infer-config", config, *options, grey("a.png", 9))
    assert (64, "") == (done.code, done.out)
    assert f"{options[0]} does nothing without {needed}" in done.err


@pytest.mark.parametrize("option", ["--summary", "--csv", "--parts"])
def test_two_results_never_take_one_place(run_infer, config, grey, tmp_path, option):
    place = tmp_path / "there" / ".." / "a.jsonl"
    done = run_infer(
        "--infer-config", config, "--output", tmp_path / "a.jsonl", option, place, grey("a.png", 9)
    )
    assert (64, False) == (done.code, (tmp_path / "a.jsonl").exists())
    assert f"--output and {option} both name" in done.err


@pytest.mark.parametrize("folder", ["a.jsonl", "a.jsonl/maps"])
def test_a_folder_is_never_where_a_file_is_to_be(run_infer, config, grey, tmp_path, folder):
    places = ["--output", tmp_path / "a.jsonl", "--maps", tmp_path / folder]
    done = run_infer("--infer-config", config, *places, grey("a.png", 9))
    assert (64, False) == (done.code, (tmp_path / "a.jsonl").exists())
    assert "--output is a file there" in done.err


@pytest.mark.parametrize("option", ["--maps", "--masks", "--overlays"])
def test_files_are_never_kept_among_the_inputs(run_infer, config, grey, tmp_path, option):
    grey("in/a.png", 9)
    done = run_infer("--infer-config", config, option, tmp_path / "in" / "kept", tmp_path / "in")
    assert 64 == done.code
    assert f"{option} {str(tmp_path / 'in' / 'kept')!r} is inside the input folder" in done.err


@pytest.mark.parametrize("option", ["--output", "--csv", "--parts"])
def test_a_result_never_overwrites_an_input(run_infer, config, grey, option):
    image = grey("a.png", 9)
    before = image.read_bytes()
    done = run_infer("--infer-config", config, option, image, image)
    assert (64, before) == (done.code, image.read_bytes())
    assert "is also an input" in done.err


def test_without_a_pixel_threshold_it_is_said_what_is_not_given(run_infer, make_config, grey):
    done = run_infer("--infer-config", make_config(pixel_threshold=None), "--rle", grey("a.png", 9))
    assert (0, False) == (done.code, "mask_rle" in done.lines[0])
    assert "category 'part' has no pixel threshold: nothing is given for --rle (1x)" in done.err

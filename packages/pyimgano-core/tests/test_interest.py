import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.contracts.config import DatasetConfig, RunConfig
from pyimgano_core.errors import ConfigError, ImageError
from pyimgano_core.images import (
    decode_interest,
    encode_interest,
    fit_interest,
    lower_outside,
    paint_outside,
)
from pyimgano_core.interest import interest_files, load_interest
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

LEFT = np.zeros((64, 64), bool)
LEFT[:, :32] = True
TOP = np.zeros((64, 64), bool)
TOP[:32] = True


@pytest.fixture
def save_mask(tmp_path):
    """Return a function that keeps a mask in a file and returns its name."""

    def save(mask, name):
        Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / name)
        return name

    return save


@st.composite
def masks(draw):
    height, width = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    bits = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(bits, bool).reshape(height, width)


@given(mask=masks(), factor=st.integers(1, 5))
def test_enlarged_by_a_whole_factor_each_pixel_becomes_a_block(mask, factor):
    size = (mask.shape[0] * factor, mask.shape[1] * factor)
    if mask.any():
        expected = mask.repeat(factor, axis=0).repeat(factor, axis=1)
        assert np.array_equal(expected, fit_interest(mask, size, "a.png"))
    else:
        with pytest.raises(ImageError, match="at which its region of interest has none"):
            fit_interest(mask, size, "a.png")


@given(mask=masks())
def test_a_region_survives_its_file(mask, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "region.png"
    content = encode_interest(mask)
    assert content == encode_interest(mask.copy())
    assert np.array_equal(mask, decode_interest(content, path))


@pytest.mark.parametrize("size", [(64, 64), (65, 64), (128, 129), (32, 32)])
def test_a_pixel_of_rounding_is_no_other_proportion(size):
    assert size == fit_interest(LEFT, size, "a.png").shape


@pytest.mark.parametrize("size", [(64, 80), (480, 640), (32, 64)])
def test_an_image_of_other_proportions_is_refused(size):
    with pytest.raises(ImageError, match="the proportions differ") as caught:
        fit_interest(LEFT, size, "a.png")
    assert "region_mismatch" == caught.value.code


def test_outside_is_grey_and_inside_is_as_it_was():
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    painted = paint_outside(image, LEFT)
    assert np.array_equal(image[:, :32], painted[:, :32])
    assert {128} == set(painted[:, 32:].ravel().tolist())


@pytest.mark.parametrize(("shift", "outside"), [(0.0, 0.0), (-2.0, -2.0)])
def test_a_map_is_lowest_outside(shift, outside):
    score_map = (np.arange(64 * 64, dtype=np.float32).reshape(64, 64) + shift).astype(np.float32)
    lowered = lower_outside(score_map, LEFT)
    assert {outside} == set(lowered[~LEFT].tolist())
    assert np.array_equal(score_map[LEFT], lowered[LEFT])
    assert np.float32 == lowered.dtype


@pytest.mark.parametrize(
    ("regions", "ignore", "expected"),
    [
        ({}, {}, None),
        ({"part": "left.png"}, {}, LEFT),
        ({"*": "left.png"}, {}, LEFT),
        ({"*": "top.png", "part": "left.png"}, {}, LEFT),
        ({"other": "left.png"}, {}, None),
        ({}, {"part": "left.png"}, ~LEFT),
        ({"part": "left.png"}, {"*": "top.png"}, LEFT & ~TOP),
    ],
)
def test_both_masks_of_a_category_become_its_region(save_mask, tmp_path, regions, ignore, expected):
    save_mask(LEFT, "left.png")
    save_mask(TOP, "top.png")
    found = load_interest(DatasetConfig(regions=regions, ignore=ignore), "part", tmp_path)
    assert (expected is None) == (found is None)
    if expected is not None:
        assert np.array_equal(expected, found)


@pytest.mark.parametrize(
    ("regions", "ignore", "problem"),
    [
        ({"part": "gone.png"}, {}, "$.dataset.regions.part: .*gone.png: does not exist"),
        ({"part": "text.png"}, {}, "$.dataset.regions.part: .*text.png: is no PNG"),
        ({"part": "black.png"}, {}, "$.dataset.regions: of category 'part' no pixel is left to look at"),
        (
            {"part": "left.png"},
            {"*": "left.png"},
            "$.dataset.regions and ignore: of category 'part' no pixel",
        ),
        ({}, {"part": "wide.png"}, "$.dataset.ignore: of category 'part' no pixel is left to look at"),
        ({"part": "left.png"}, {"part": "wide.png"}, "$.dataset.ignore: .* differ in size"),
        ({"prat": "left.png"}, {}, "$.dataset.regions.prat: unknown category; did you mean 'part'?"),
        ({"part": "wide.png"}, {}, "64x64 pixels, its region of interest is 96x64: the proportions differ"),
    ],
)
def test_a_region_that_can_t_be_used_is_told_before_a_run(save_mask, write_dataset, regions, ignore, problem):
    manifest = write_dataset(train=3, normal=1, anomalous=1, name=".")
    save_mask(LEFT, "left.png")
    save_mask(np.zeros((64, 64), bool), "black.png")
    save_mask(np.ones((64, 96), bool), "wide.png")
    (manifest.parent / "text.png").write_text("no image")
    dataset = DatasetConfig(manifest_path=manifest.name, regions=regions, ignore=ignore)
    pattern = problem.replace("$.", r"\$\.").replace("?", r"\?")
    with pytest.raises(ConfigError, match=pattern):
        prepare_dataset(RunConfig(dataset=dataset), manifest.parent, SilentProgress())


def test_a_run_of_one_category_may_name_regions_of_others_that_exist(save_mask, write_dataset):
    manifest = write_dataset(train=3, normal=1, anomalous=1, name=".")
    with manifest.open("a") as stream:
        stream.write('{"image_path": "elsewhere.png", "category": "other", "split": "train"}\n')
    left = save_mask(LEFT, "left.png")
    one = DatasetConfig(manifest_path=manifest.name, category="part", regions={"other": left})
    assert prepare_dataset(RunConfig(dataset=one), manifest.parent, SilentProgress()).categories
    mistyped = evolve(one, regions={"othre": left})
    with pytest.raises(ConfigError, match=r"regions.othre: unknown category; did you mean 'other'\?"):
        prepare_dataset(RunConfig(dataset=mistyped), manifest.parent, SilentProgress())


def test_the_files_of_all_tables_are_named(tmp_path):
    dataset = DatasetConfig(regions={"b": "b.png", "a": "a.png"}, ignore={"*": "c.png"})
    assert (tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png") == interest_files(dataset, tmp_path)

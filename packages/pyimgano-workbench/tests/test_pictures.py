import io

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.evaluation import SeenMap
from pyimgano_workbench.pictures import MOST, WorstMaps, picture_path, read_pictures

FULL = (0, 65535)


def fixed(value, **options):
    return Threshold(value=value, provenance=ThresholdProvenance(method="fixed"), **options)


def seen(anomaly_map, inside=None):
    return SeenMap(values=anomaly_map, inside=inside)


def sample_of(folder, index, label, size=(48, 64)):
    path = folder / f"{index}.png"
    if not path.exists():
        Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)
    record = Record(image_path=path.name, category="part", label=label)
    return Sample(record=record, image=path)


def look(worst, folder, scored, *, pixel=None, size=(48, 64)):
    """Show a keeper one map for each (score, label)."""
    for index, (score, label) in enumerate(scored):
        line = Prediction(index=index, input=f"{index}.png", category="part", score=score)
        anomaly_map = np.linspace(0, score, size[0] * size[1], dtype=np.float32).reshape(size)
        worst(line, sample_of(folder, index, label, size), seen(anomaly_map), pixel or fixed(None))


def worst_by_sorting(scored):
    """What the report shows: by score, the first of equal ones first."""
    normal = sorted((-score, index) for index, (score, label) in enumerate(scored) if label == 0)
    anomalous = sorted((score, index) for index, (score, label) in enumerate(scored) if label == 1)
    return {index for _, index in normal[:MOST] + anomalous[:MOST]}


@given(st.lists(st.tuples(st.integers(0, 5).map(float), st.integers(0, 1)), min_size=1, max_size=30))
def test_the_images_kept_are_those_that_sorting_gives(tmp_path_factory, scored):
    folder = tmp_path_factory.getbasetemp() / "kept"
    folder.mkdir(exist_ok=True)
    worst = WorstMaps()
    look(worst, folder, scored)
    assert worst_by_sorting(scored) == {each.index for heap in worst._kept.values() for *_, each in heap}


def test_pictures_are_written_and_named(tmp_path):
    worst = WorstMaps()
    look(worst, tmp_path, [(1.0, 0), (3.0, 1)])
    worst.write(tmp_path / "run", FULL)
    pictures = read_pictures(tmp_path / "run")
    assert (0, 1) == pictures.images
    for index in pictures.images:
        content = picture_path(tmp_path / "run", index).read_bytes()
        assert (644, 240) == Image.open(io.BytesIO(content)).size


def test_the_same_images_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        worst = WorstMaps()
        look(worst, tmp_path, [(1.0, 0), (3.0, 1)], pixel=fixed(2.0))
        worst.write(tmp_path / name, FULL)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert 3 == len(files)
    assert all((tmp_path / "a" / each).read_bytes() == (tmp_path / "b" / each).read_bytes() for each in files)


def test_an_image_that_is_gone_has_no_picture_and_costs_no_other(tmp_path):
    worst = WorstMaps()
    look(worst, tmp_path, [(1.0, 0), (3.0, 1)])
    (tmp_path / "0.png").unlink()
    worst.write(tmp_path / "run", FULL)
    assert (1,) == read_pictures(tmp_path / "run").images


def test_without_maps_nothing_is_written(tmp_path):
    WorstMaps().write(tmp_path / "run", FULL)
    assert not (tmp_path / "run").exists()
    assert read_pictures(tmp_path / "run") is None


@pytest.mark.parametrize(
    ("threshold", "ends"),
    [(None, (1.0, 2.0)), (1.8, (1.0, 2.0)), (1.2, (1.0, 1.4)), (9.0, (1.0, 9.0)), (0.5, (1.0, 2.0))],
    ids=["none", "high", "in the middle", "beyond all maps", "below the usual"],
)
def test_the_threshold_stands_in_the_middle_of_the_scale_or_above(tmp_path, threshold, ends):
    worst = WorstMaps()
    look(worst, tmp_path, [(2.0, 0)], pixel=fixed(threshold))
    worst.write(tmp_path / "run", FULL)
    pictures = read_pictures(tmp_path / "run")
    assert ends == pytest.approx((pictures.low, pictures.high), abs=0.02)


def test_what_lies_outside_a_region_of_interest_does_not_set_the_scale(tmp_path):
    worst = WorstMaps()
    anomaly_map = np.zeros((48, 64), np.float32)
    anomaly_map[:, :16] = np.linspace(1.0, 3.0, 48 * 16, dtype=np.float32).reshape(48, 16)
    line = Prediction(index=0, input="0.png", category="part", score=3.0)
    worst(line, sample_of(tmp_path, 0, 0), seen(anomaly_map, anomaly_map > 0), fixed(None))
    worst.write(tmp_path / "run", FULL)
    assert pytest.approx(2.0, abs=0.1) == read_pictures(tmp_path / "run").low


def test_maps_that_are_constant_have_a_scale_too(tmp_path):
    worst = WorstMaps()
    look(worst, tmp_path, [(0.0, 0)])
    worst.write(tmp_path / "run", FULL)
    pictures = read_pictures(tmp_path / "run")
    assert (0.0, 1.0) == (pictures.low, pictures.high)


def test_a_map_is_made_small_at_once(tmp_path):
    worst = WorstMaps()
    look(worst, tmp_path, [(2.0, 0)], size=(600, 1600))
    [[(*_, kept)], _] = worst._kept.values()
    assert (120, 320) == kept.anomaly_map.shape
    assert kept.anomaly_map.max() == np.float32(2.0)


def test_regions_that_are_too_small_are_not_outlined(tmp_path):
    sample, spots = sample_of(tmp_path, 0, 0), np.zeros((48, 64), np.float32)
    spots[5, 5] = spots[20:24, 20:24] = 1.0
    line = Prediction(index=0, input="0.png", category="part", score=1.0)
    worst = WorstMaps()
    worst(line, sample, seen(spots), fixed(0.5, minimum_area=4))
    [[(*_, kept)], _] = worst._kept.values()
    assert not kept.flagged[:60, :60].any()
    assert kept.flagged[105:115, 105:115].all()


def test_outside_a_region_of_interest_nothing_is_flagged_and_a_line_runs_round_it(tmp_path):
    inside = np.zeros((48, 64), np.bool_)
    inside[12:36, 16:48] = True
    anomaly_map = np.where(inside, 1.0, 0.0).astype(np.float32)
    pictures = []
    for name, region in (("part", inside), ("whole", None)):
        worst = WorstMaps()
        line = Prediction(index=0, input="0.png", category="part", score=1.0)
        worst(line, sample_of(tmp_path, 0, 0), seen(anomaly_map, region), fixed(-1.0))
        [[(*_, kept)], _] = worst._kept.values()
        worst.write(tmp_path / name, FULL)
        pictures.append((kept, Image.open(picture_path(tmp_path / name, 0))))
    (part, outlined), (whole, bare) = pictures
    assert whole.flagged.all()
    assert (True, False) == (part.flagged[60:180, 80:240].all(), part.flagged[:60].any())
    assert (True, False) == (_is_green(outlined, (160, 60)), _is_green(bare, (160, 60)))


def _is_green(picture, place):
    red, green, blue = picture.getpixel(place)
    return green > red + 50 and green > blue + 50


def test_a_mask_that_can_not_be_used_costs_its_outline_only(tmp_path):
    pictures = []
    for name, size in (("fits", (48, 64)), ("smaller", (10, 10)), ("none", None)):
        mask = None
        if size is not None:
            mask = tmp_path / f"{name}.png"
            marks = np.zeros(size, np.uint8)
            marks[4:8, 4:8] = 255
            Image.fromarray(marks).save(mask)
        sample = evolve(sample_of(tmp_path, 0, 1), mask=mask)
        worst = WorstMaps()
        line = Prediction(index=0, input="0.png", category="part", score=1.0)
        worst(line, sample, seen(np.zeros((48, 64), np.float32)), fixed(None))
        worst.write(tmp_path / name, FULL)
        pictures.append(picture_path(tmp_path / name, 0).read_bytes())
    outlined, unfit, bare = pictures
    assert unfit == bare
    assert outlined != bare

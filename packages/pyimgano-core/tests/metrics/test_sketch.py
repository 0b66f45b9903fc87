import json

import numpy as np
import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.errors import ArtifactError
from pyimgano_core.metrics import (
    PixelAccumulator,
    ScoredImage,
    Sketch,
    auroc,
    average_precision,
    f1_max,
    load_sketch,
    make_sketch,
    merge_sketches,
    quantile_edges,
    save_sketch,
    sketch_metrics,
)

NAMES = [field.name for field in fields(Sketch)]
PIXEL = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro")


def scored(index, rng, side, levels=None):
    """A map with noise and a raised rectangle in every second image; ties where `levels` are few."""
    mask = np.zeros((side, side), bool)
    if index % 2:
        mask[1 : side // 2, 1 : side // 3] = True
        mask[side - 2, side - 3 :] = True
    scores = rng.normal(size=(side, side)) + mask
    scores = np.round(scores * levels) / levels if levels else scores.astype(np.float32)
    score = float(scores.max())
    return ScoredImage(name=str(index), score=score, anomalous=bool(index % 2), scores=scores, mask=mask)


def images(count=6, side=12, levels=None, seed=0):
    rng = np.random.default_rng(seed)
    return [scored(index, rng, side, levels) for index in range(count)]


def exact(data, limit=0.3):
    accumulator = PixelAccumulator(limit)
    for image in data:
        accumulator.update(image.scores, image.mask)
    result = accumulator.result()
    return [getattr(result, name).value for name in PIXEL]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([1, 4, None]), st.sampled_from([0.02, 0.3, 1.0]))
def test_metrics_are_exact_where_defects_have_few_distinct_scores(seed, levels, limit):
    data = images(levels=levels, seed=seed)
    actual = sketch_metrics(make_sketch(data), aupro_limit=limit)
    assert exact(data, limit) == pytest.approx([actual[name].value for name in PIXEL], abs=1e-12)
    scores, labels = [image.score for image in data], [image.anomalous for image in data]
    expected = [metric(scores, labels).value for metric in (auroc, average_precision, f1_max)]
    names = ("image_auroc", "image_average_precision", "image_f1_max")
    assert expected == pytest.approx([actual[name].value for name in names], abs=1e-12)


def test_the_bias_on_many_distinct_scores_is_at_most_three_in_100000():
    data = images(count=16, side=256)
    actual = sketch_metrics(make_sketch(data))
    assert exact(data) == pytest.approx([actual[name].value for name in PIXEL], abs=3e-5)


def test_a_frequent_score_among_many_distinct_ones_has_a_bin_of_its_own():
    rng = np.random.default_rng(0)
    edges = quantile_edges(np.concatenate([np.full(5000, 0.5), rng.random(20000)]))
    at = np.searchsorted(edges, 0.5)
    assert (0.5, np.nextafter(0.5, 1)) == (edges[at], edges[at + 1])
    assert len(edges) <= 4096


def test_minus_zero_and_zero_are_one_score():
    assert [0.0, np.nextafter(0.0, 1)] == quantile_edges([-0.0, 0.0]).tolist()


def test_shards_on_the_same_edges_merge_to_the_sketch_of_all():
    data = images()
    whole = make_sketch(data)
    merged = merge_sketches([make_sketch(data[:2], whole.edges), make_sketch(data[2:], whole.edges)])
    assert all(np.array_equal(getattr(whole, name), getattr(merged, name)) for name in NAMES)


def test_shards_on_other_edges_or_with_an_image_in_common_are_refused():
    data = images()
    with pytest.raises(ValueError, match="edges"):
        merge_sketches([make_sketch(data[:2]), make_sketch(data[2:])])
    whole = make_sketch(data)
    with pytest.raises(ValueError, match="share a name"):
        merge_sketches([whole, whole])


def test_images_without_maps_have_image_metrics_only():
    data = [ScoredImage(name=name, score=score, anomalous=score > 1) for name, score in [("a", 1), ("b", 2)]]
    actual = sketch_metrics(make_sketch(data))
    assert 1.0 == actual["image_auroc"].value
    assert "no_positive_pixels" == actual["aupro"].reason


def test_no_images_give_reasons():
    assert {"no_positives", "no_positive_pixels"} == {
        m.reason for m in sketch_metrics(make_sketch([])).values()
    }


def test_a_map_without_its_mask_is_refused():
    with pytest.raises(ValueError, match="without a mask"):
        make_sketch([evolve(images(1)[0], mask=None)])


def test_a_file_gives_back_every_array_and_is_the_same_bytes_again(tmp_path):
    sketch = make_sketch(images())
    save_sketch(tmp_path / "a.npz", sketch)
    save_sketch(tmp_path / "b.npz", load_sketch(tmp_path / "a.npz"))
    loaded = load_sketch(tmp_path / "b.npz")
    assert all(np.array_equal(getattr(sketch, name), getattr(loaded, name)) for name in NAMES)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def changes():
    """Each change makes a good file a bad one; its name is in the message."""
    return {
        "header": lambda a: a.update(kind=np.array("other")),
        "version": lambda a: a.update(version=np.array(2)),
        "missing": lambda a: a.pop("overlap"),
        "shape": lambda a: a.update(normal=a["normal"][:-1]),
        "type": lambda a: a.update(scores=a["scores"].astype(np.float32)),
        "ascend": lambda a: a.update(edges=a["edges"][::-1]),
        "NaN": lambda a: a.update(scores=a["scores"] * np.nan),
        "share a name": lambda a: a.update(names=np.full_like(a["names"], "x")),
        "overlap of": lambda a: a.update(overlap=a["overlap"] * 2),
        "same bins": lambda a: a.update(defect=a["defect"][:, ::-1]),
        "pickle": lambda a: a.update(names=a["names"].astype(object)),
    }


@pytest.mark.parametrize(("message", "change"), changes().items(), ids=list(changes()))
def test_a_file_that_is_no_sketch_of_ours_is_refused(tmp_path, message, change):
    path = tmp_path / "sketch.npz"
    save_sketch(path, make_sketch(images()))
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)
    with pytest.raises(ArtifactError, match=message):
        load_sketch(path)


def test_torn_foreign_and_missing_files_are_refused(tmp_path):
    whole, torn, foreign = (tmp_path / name for name in ("whole", "torn", "foreign"))
    save_sketch(whole, make_sketch(images()))
    torn.write_bytes(whole.read_bytes()[:-200])
    foreign.write_text(json.dumps({}))
    for path in (torn, foreign, tmp_path / "missing"):
        with pytest.raises(ArtifactError, match=path.name):
            load_sketch(path)


def test_a_flipped_byte_is_refused(tmp_path):
    path = tmp_path / "sketch.npz"
    save_sketch(path, make_sketch(images()))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="sketch"):
        load_sketch(path)

import json

import numpy as np
import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.errors import ArtifactError
from pyimgano_core.metrics import (
    NonFiniteScoresError,
    PixelAccumulator,
    PixelDecisionAccumulator,
    ScoredImage,
    Sketch,
    SketchAccumulator,
    SketchOptions,
    auroc,
    average_precision,
    f1_max,
    fpr_at_tpr,
    load_sketch,
    merge_sketches,
    normals_passed,
    quantile_edges,
    save_sketch,
    sketch_metrics,
    tpr_at_fpr,
)
from pyimgano_core.metrics._sketch_edges import edges_for

from .sketching import make_sketch

NAMES = [field.name for field in fields(Sketch)]
THRESHOLD = 0.75
SATURATION = 0.4


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
    """Images of three sizes, and defects of three."""
    rng = np.random.default_rng(seed)
    return [scored(index, rng, side + index % 3, levels) for index in range(count)]


def unmasked(image):
    return evolve(image, mask=np.zeros_like(image.mask))


def sketch_of(data, minimum_area=1, **options):
    return make_sketch(
        data, pixel_threshold=THRESHOLD, minimum_area=minimum_area, saturation=SATURATION, **options
    )


def exact_pixels(data, options=SketchOptions()):  # noqa: B008 - it is frozen
    accumulator = PixelAccumulator(
        options.aupro_limit, saturation=SATURATION, aupimo_limits=options.aupimo_limits
    )
    for image in data:
        accumulator.update(image.scores, image.mask, name=image.name, anomalous=image.anomalous)
    return accumulator.result()


def exact(data, options=SketchOptions(), minimum_area=1):  # noqa: B008 - it is frozen
    """All metrics of a sketch by name, each from the exact functions and accumulators."""
    decisions = PixelDecisionAccumulator(THRESHOLD, minimum_area)
    for image in data:
        decisions.update(image.scores, image.mask)
    pixel, decided = exact_pixels(data, options), decisions.result()
    scores, labels = [image.score for image in data], [image.anomalous for image in data]
    names = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro", "au_spro")
    metrics = {name: getattr(pixel, name) for name in names} | {
        "aupimo": pixel.aupimo.mean,
        "pixel_pro": decided.pro,
        "pixel_iou": decided.iou,
        "pixel_f1": decided.f1,
        "auroc": auroc(scores, labels),
        "average_precision": average_precision(scores, labels),
        "f1_max": f1_max(scores, labels),
        "tpr_at_fpr": tpr_at_fpr(scores, labels, options.false_alarm_limit),
        "fpr_at_tpr": fpr_at_tpr(scores, labels),
        "normals_passed": normals_passed(scores, labels, options.miss_limit),
    }
    return {name: metric.value for name, metric in metrics.items()}


def values(sketch, options=SketchOptions()):  # noqa: B008 - it is frozen
    return {name: metric.value for name, metric in sketch_metrics(sketch, options=options).items()}


def same(first, second):
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in NAMES)


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 4, None]),
    st.sampled_from([0.02, 0.3, 1.0]),
    st.sampled_from([(1e-5, 1e-4), (1e-3, 0.2), (0.1, 1.0)]),
    st.sampled_from([0.0, 0.4, 0.7]),
    st.sampled_from([1, 4]),
    st.sampled_from([1, 5]),
)
def test_all_metrics_are_exact_where_defects_have_few_distinct_scores(
    seed, levels, limit, aupimo_limits, share, minimum_area, first_masked
):
    data = images(count=8, levels=levels, seed=seed)
    data = [unmasked(image) if index < first_masked else image for index, image in enumerate(data)]
    options = SketchOptions(
        aupro_limit=limit, aupimo_limits=aupimo_limits, false_alarm_limit=share, miss_limit=share
    )
    actual = values(sketch_of(data, minimum_area), options)
    assert exact(data, options, minimum_area) == pytest.approx(actual, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 2.0, 4.0])
def test_many_distinct_scores_bias_no_metric_by_more_than_a_ten_thousandth(shift):
    data = [evolve(i, scores=i.scores + shift * i.mask) for i in images(count=16, side=256)]
    expected, actual = exact(data), values(sketch_of(data))
    loose = {name: (expected.pop(name), actual.pop(name)) for name in ("pixel_f1_max", "aupimo", "au_spro")}
    assert all(known == pytest.approx(value, abs=1e-4) for known, value in loose.values())
    assert loose["pixel_f1_max"][1] <= loose["pixel_f1_max"][0]
    assert expected == pytest.approx(actual, abs=1e-5)


@settings(max_examples=20)
@given(st.permutations(range(8)), st.integers(0, 8))
def test_the_same_images_in_any_order_and_any_shards_give_the_same_sketch(order, cut):
    data = images(count=8)
    whole = sketch_of(data)
    shuffled = [data[index] for index in order]
    shards = [sketch_of(shard, edges=whole.edges) for shard in (shuffled[:cut], shuffled[cut:])]
    assert same(whole, sketch_of(shuffled))
    assert same(whole, merge_sketches(shards))


def test_a_result_can_be_asked_for_while_images_still_come():
    data = images(count=8)
    accumulator = SketchAccumulator()
    for image in data[:4]:
        accumulator.update(image)
    first = accumulator.result()
    for image in data[4:]:
        accumulator.update(image)
    assert same(make_sketch(data[:4]), first)
    assert same(make_sketch(data), accumulator.result())


def test_an_image_that_is_refused_leaves_nothing_behind():
    accumulator, (good, bad) = SketchAccumulator(), images(2)
    accumulator.update(good)
    broken = np.where(bad.mask, np.nan, bad.scores)
    with pytest.raises(NonFiniteScoresError, match="'1'"):
        accumulator.update(evolve(bad, scores=broken))
    with pytest.raises(NonFiniteScoresError, match="'1'"):
        accumulator.update(evolve(bad, score=np.inf))
    with pytest.raises(ValueError, match="shape"):
        accumulator.update(evolve(bad, mask=bad.mask[1:]))
    with pytest.raises(ValueError, match="without a mask"):
        accumulator.update(evolve(bad, mask=None))
    with pytest.raises(ValueError, match="share a name"):
        accumulator.update(evolve(bad, name=good.name))
    with pytest.raises(ValueError, match="image '1' is labelled normal"):
        accumulator.update(evolve(bad, anomalous=False))
    with pytest.raises(ValueError, match="NUL"):
        accumulator.update(evolve(bad, name="0\0"))
    with pytest.raises(ValueError, match="NUL"):
        accumulator.update(evolve(bad, group="a\0b"))
    assert same(make_sketch([good]), accumulator.result())


@pytest.mark.parametrize(
    "edges",
    [0, 1, -4, np.int64(1), 2.0, "4", [0.5, 0.5], [1.0, 0.0], [0.0, np.nan], [0.0, np.inf], [[0.0, 1.0]]],
)
def test_edges_that_are_no_number_and_no_ascending_row_are_refused(edges):
    with pytest.raises(ValueError, match="edges"):
        SketchAccumulator(edges=edges)


def test_the_number_of_edges_or_the_edges_may_be_of_any_integer_or_number_type():
    data = images()
    assert same(make_sketch(data, edges=64), make_sketch(data, edges=np.int64(64)))
    assert [0.0, 1.0] == make_sketch(data, edges=[0, 1]).edges.tolist()
    assert len(quantile_edges(np.arange(9.0), 2)) == 2
    with pytest.raises(ValueError, match="edges"):
        quantile_edges([1.0], 1)


def test_edges_are_the_accumulators_own():
    edges = np.array([0.0, 1.0])
    accumulator = SketchAccumulator(edges=edges)
    edges[:] = 7
    assert [0.0, 1.0] == accumulator.result().edges.tolist()


@pytest.mark.parametrize(
    "wrong", [{"saturation": 0.0}, {"saturation": 1.1}, {"pixel_threshold": np.nan}, {"minimum_area": 0}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"saturation|threshold|area"):
        SketchAccumulator(**wrong)


def test_bins_are_fewer_where_images_are_many():
    assert [4096, 4096, 838, 256] == [edges_for(count) for count in (0, 2048, 10_010, 10**6)]
    rng = np.random.default_rng(0)
    mask = np.ones((2, 2), bool)
    data = (
        ScoredImage(name=str(index), score=0, anomalous=True, scores=rng.random((2, 2)), mask=mask)
        for index in range(2200)
    )
    assert 3500 < len(make_sketch(data).edges) <= edges_for(2200) < 4096


def test_a_frequent_score_among_many_distinct_ones_has_a_bin_of_its_own():
    rng = np.random.default_rng(0)
    edges = quantile_edges(np.concatenate([np.full(5000, 0.5), rng.random(20000)]))
    at = np.searchsorted(edges, 0.5)
    assert (0.5, np.nextafter(0.5, 1)) == (edges[at], edges[at + 1])
    assert len(edges) <= 4096


def test_minus_zero_and_zero_are_one_score():
    assert [0.0, np.nextafter(0.0, 1)] == quantile_edges([-0.0, 0.0]).tolist()


def test_shards_on_other_edges_or_with_an_image_in_common_are_refused():
    data = images()
    with pytest.raises(ValueError, match="edges"):
        merge_sketches([make_sketch(data[:2]), make_sketch(data[2:])])
    whole = make_sketch(data)
    with pytest.raises(ValueError, match="share a name"):
        merge_sketches([whole, whole])
    with pytest.raises(ValueError, match="saturation"):
        merge_sketches([whole, sketch_of(data, edges=whole.edges)])
    with pytest.raises(ValueError, match="no sketch"):
        merge_sketches([])


def test_images_without_maps_have_image_metrics_only():
    data = [ScoredImage(name=name, score=score, anomalous=score > 1) for name, score in [("a", 1), ("b", 2)]]
    actual = sketch_metrics(sketch_of(data))
    assert 1.0 == actual["auroc"].value
    names = ("aupro", "au_spro", "aupimo", "pixel_iou")
    assert {"no_positive_pixels"} == {actual[name].reason for name in names}


def test_nineteen_of_twenty_found_are_ninety_five_percent():
    anomalous = [(f"a{index}", 100 if index else 0, True) for index in range(20)]
    normal = [(f"n{index}", index, False) for index in range(20)]
    data = [ScoredImage(name=name, score=score, anomalous=label) for name, score, label in anomalous + normal]
    assert 0.0 == values(make_sketch(data))["fpr_at_tpr"]


def test_an_image_without_a_map_is_no_normal_image_to_pixel_metrics():
    data = images()
    bare = ScoredImage(name="bare", score=0.0, anomalous=False)
    with_it, without = values(make_sketch([*data, bare])), values(make_sketch(data))
    assert without["aupimo"] == with_it["aupimo"]
    assert without["aupro"] == with_it["aupro"]


def test_aupimo_needs_a_normal_image_and_the_other_pixel_metrics_do_not():
    actual = sketch_metrics(sketch_of([image for image in images() if image.anomalous]))
    assert "no_normal_images" == actual["aupimo"].reason
    assert actual["aupro"].value is not None


def test_an_anomalous_image_with_an_empty_mask_is_no_normal_image_to_aupimo():
    data = [
        image if index else unmasked(evolve(image, anomalous=True)) for index, image in enumerate(images(2))
    ]
    actual = sketch_metrics(make_sketch(data))
    assert "no_normal_images" == actual["aupimo"].reason
    assert exact_pixels(data).aupimo.mean == actual["aupimo"]


def test_metrics_that_a_sketch_was_not_made_for_are_left_out():
    names = {"au_spro", "pixel_pro", "pixel_iou", "pixel_f1"}
    assert names == sketch_metrics(sketch_of(images())).keys() - sketch_metrics(make_sketch(images())).keys()


def test_no_images_give_reasons():
    assert {"no_positives", "no_positive_pixels"} == {
        m.reason for m in sketch_metrics(sketch_of([])).values()
    }


@pytest.mark.parametrize("make", [make_sketch, sketch_of], ids=["plain", "with all"])
def test_a_file_gives_back_every_array_and_is_the_same_bytes_again(tmp_path, make):
    sketch = make(images())
    save_sketch(tmp_path / "a.npz", sketch)
    save_sketch(tmp_path / "b.npz", load_sketch(tmp_path / "a.npz"))
    assert same(sketch, load_sketch(tmp_path / "b.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_whole_numbers_for_threshold_and_saturation_survive_a_file(tmp_path):
    sketch = SketchAccumulator(pixel_threshold=1, saturation=1).result()
    save_sketch(tmp_path / "a.npz", sketch)
    assert same(sketch, load_sketch(tmp_path / "a.npz"))


def test_arrays_of_a_later_version_are_ignored(tmp_path):
    path = tmp_path / "sketch.npz"
    sketch = make_sketch(images())
    arrays = {name: getattr(sketch, name) for name in NAMES if getattr(sketch, name) is not None}
    header = {"kind": np.array("pyimgano-metric-sketch"), "version": np.array(1)}
    np.savez(path, **header, **arrays, later=np.ones(3))
    assert same(sketch, load_sketch(path))


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
        "the names do not": lambda a: a.update(names=np.full_like(a["names"], "x")),
        "overlap of": lambda a: a.update(overlap=a["overlap"] * 2),
        "overlap of an image": lambda a: a.update(saturated=a["saturated"] * 2),
        r"missing: \['saturated'\]": lambda a: a.pop("saturated"),
        r"missing: \['pixel_threshold'\]": lambda a: a.pop("pixel_threshold"),
        "the saturation is": lambda a: a.update(saturation=np.array(2.0)),
        "least area of 0": lambda a: a.update(minimum_area=np.array(0)),
        "more is flagged": lambda a: a.update(flagged=a["flagged"] + 1e6),
        "'flagged' has the shape": lambda a: a.update(flagged=a["flagged"][:, :2]),
        "same bins": lambda a: a.update(defect=a["defect"][:, ::-1]),
        "pickle": lambda a: a.update(names=a["names"].astype(object)),
    }


@pytest.mark.parametrize(("message", "change"), changes().items(), ids=list(changes()))
def test_a_file_that_is_no_sketch_of_ours_is_refused(tmp_path, message, change):
    path = tmp_path / "sketch.npz"
    save_sketch(path, sketch_of(images()))
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

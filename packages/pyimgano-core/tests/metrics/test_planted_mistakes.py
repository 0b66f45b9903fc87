"""Each known mistake of an implementation of metrics is planted, and the properties are seen to catch it."""

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.images import read_mask

from . import implementations as real
from . import mistaken_areas as area
from . import mistaken_curves as curve
from . import mistaken_inputs as given
from . import properties as it

DEFINITION = (
    it.equals_the_definition_on_ties,
    it.equals_the_definition_on_close_scores,
    it.equals_the_definition_on_skewed_scores,
    it.equals_the_definition_on_float64_scores,
    it.equals_the_definition_on_bytes,
)
INVARIANCE = (it.is_invariant_under_order, it.is_invariant_under_sharding, it.is_invariant_under_mirroring)
ERRORS = (it.refuses_nan, it.refuses_infinity)
ALWAYS = (*DEFINITION, *INVARIANCE, *ERRORS, it.has_no_value_without_positives, it.takes_minus_zero_for_zero)
RANKED = (*ALWAYS, it.is_invariant_under_increasing_transforms, it.has_no_value_without_negatives)

HOLDS = {
    real.pixels: (
        *RANKED,
        it.is_one_on_perfect_maps,
        it.knows_constant_scores,
        it.names_the_largest_best_threshold,
        it.counts_beyond_float32,
    ),
    real.flat: (
        *RANKED,
        it.is_one_on_perfect_maps,
        it.knows_constant_scores,
        it.names_the_largest_best_threshold,
    ),
    real.pixels_by_options: (*RANKED, it.is_one_on_perfect_maps),
    real.saturated: (*RANKED, it.is_one_on_perfect_maps, it.knows_constant_scores),
    real.decisions: (*ALWAYS, it.is_one_on_perfect_maps),
    real.rates: RANKED,
}

CAUGHT = {
    # what the metric is given
    given.sigmoid_per_batch: (it.is_invariant_under_increasing_transforms, it.is_invariant_under_sharding),
    given.thresholds_200_after_sigmoid: (it.equals_the_definition_on_close_scores,),
    given.min_max_per_image: DEFINITION,
    given.bins_1000_linear: (
        it.equals_the_definition_on_close_scores,
        it.equals_the_definition_on_skewed_scores,
    ),
    given.bins_1000_of_each_batch: (it.is_invariant_under_sharding,),
    given.thresholds_21_after_min_max: (
        it.equals_the_definition_on_skewed_scores,
        it.is_invariant_under_increasing_transforms,
    ),
    given.top_bin_lost: (it.is_one_on_perfect_maps, it.is_invariant_under_increasing_transforms),
    given.float16_scores: (it.equals_the_definition_on_close_scores,),
    given.float32_scores: (it.equals_the_definition_on_float64_scores,),
    given.bytes_negated: (it.equals_the_definition_on_bytes,),
    given.bit_keys: (it.takes_minus_zero_for_zero,),
    given.nan_as_largest: (it.refuses_nan,),
    given.nan_dropped: (it.refuses_nan,),
    given.infinity_taken: (it.refuses_infinity,),
    given.halved_by_nearest: (it.equals_the_definition_on_ties, it.is_invariant_under_mirroring),
    given.halved_by_area: (it.equals_the_definition_on_ties,),
    given.halved_bilinearly: (it.equals_the_definition_on_ties,),
    given.anomalous_images_only: DEFINITION,
    given.batches_without_defects_skipped: (it.is_invariant_under_sharding,),
    # what becomes of its values
    given.mean_over_updates: (it.is_invariant_under_sharding,),
    given.mean_over_images: (it.equals_the_definition_on_close_scores,),
    given.zero_where_undefined: (it.has_no_value_without_positives, it.has_no_value_without_negatives),
    given.half_the_limit_where_undefined: (
        it.has_no_value_without_positives,
        it.has_no_value_without_negatives,
    ),
    given.one_without_negatives: (it.has_no_value_without_negatives,),
    given.zero_where_constant: (it.knows_constant_scores,),
    given.constant_without_a_flag: (it.knows_constant_scores,),
    # ranking metrics
    curve.precision_by_trapezoids: (it.equals_the_definition_on_ties, it.knows_constant_scores),
    curve.precision_of_larger_scores: (it.equals_the_definition_on_ties,),
    curve.ties_in_pixel_order: (it.is_invariant_under_mirroring, it.knows_constant_scores),
    curve.ties_in_pixel_order_of_regions: (it.is_invariant_under_order, it.knows_constant_scores),
    curve.counters_of_float32: (it.counts_beyond_float32,),
    curve.smallest_best_threshold: (it.names_the_largest_best_threshold,),
    curve.threshold_between_scores: (it.names_the_largest_best_threshold,),
    curve.threshold_below_the_flagged: (it.names_the_largest_best_threshold,),
    # AUPRO
    curve.regions_of_4_neighbours: DEFINITION,
    curve.regions_weighted_by_area: DEFINITION,
    curve.defects_of_an_image_as_one_region: DEFINITION,
    curve.thresholds_at_100_ranks: (it.equals_the_definition_on_close_scores,),
    curve.thresholds_200_linear: (it.equals_the_definition_on_skewed_scores,),
    curve.grid_of_200_rates: (it.equals_the_definition_on_ties,),
    curve.no_limit: DEFINITION,
    curve.not_divided_by_the_limit: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    curve.points_beyond_the_limit_dropped: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    curve.point_beyond_the_limit_taken_whole: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    curve.rates_stretched_to_the_limit: (it.equals_the_definition_on_ties,),
    curve.curve_without_origin: (it.knows_constant_scores,),
    curve.steps_under_the_curve: (it.equals_the_definition_on_ties, it.knows_constant_scores),
    curve.curves_resampled_by_index: (it.equals_the_definition_on_ties,),
    # AUPIMO
    area.nearest_bounds_divided_by_nominal: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    area.thresholds_300_linear: (it.equals_the_definition_on_skewed_scores,),
    area.alarms_of_all_images: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    area.alarms_of_pooled_pixels: DEFINITION,
    area.linear_axis: DEFINITION,
    area.refused_where_rates_begin_late: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    area.recall_of_pooled_pixels: DEFINITION,
    # AU-sPRO
    area.not_saturated: DEFINITION,
    area.connected_parts_for_annotations: DEFINITION,
    area.saturation_rounded_to_nothing: (it.equals_the_definition_on_ties, it.knows_constant_scores),
    area.overlap_above_one: (it.equals_the_definition_on_ties, it.is_one_on_perfect_maps),
    area.thresholds_100_linear: (it.equals_the_definition_on_skewed_scores,),
    # at a threshold
    area.larger_scores_flagged: (it.equals_the_definition_on_ties,),
    area.decisions_averaged_over_images: (it.equals_the_definition_on_ties,),
    area.recall_for_overlap: (it.equals_the_definition_on_ties,),
    area.overlap_of_4_neighbours: (it.equals_the_definition_on_ties,),
    area.nan_below_every_threshold: (it.refuses_nan,),
    area.threshold_of_the_test: DEFINITION,
    # at a rate
    area.rates_interpolated: DEFINITION,
    area.rates_at_the_nearest_point: (it.equals_the_definition_on_ties,),
    area.rate_exceeded_by_one_point: (it.equals_the_definition_on_ties,),
    area.misses_as_a_rounded_difference: (it.equals_the_definition_on_close_scores,),
}


def pairs(table):
    """Return a test's parameters: an implementation and one of its properties each."""
    return [
        pytest.param(implementation, check, id=f"{implementation.__name__}-{check.__name__}")
        for implementation, checks in table.items()
        for check in checks
    ]


@pytest.mark.parametrize(("implementation", "check"), pairs(HOLDS))
def test_the_metrics_have_the_property(implementation, check):
    check(implementation)


@pytest.mark.parametrize(("mistake", "check"), pairs(CAUGHT))
def test_the_property_catches_the_mistake(mistake, check):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(mistake)


@pytest.mark.parametrize(
    "module", [area, curve, given], ids=lambda module: module.__name__.rpartition(".")[2]
)
def test_every_mistake_is_planted(module):
    own = {f for f in vars(module).values() if getattr(f, "__module__", None) == module.__name__}
    assert {mistake for mistake in own if not mistake.__name__.startswith("_")} == own & CAUGHT.keys()


def test_every_property_catches_a_mistake():
    caught = {check for checks in CAUGHT.values() for check in checks}
    assert {check for checks in HOLDS.values() for check in checks} == caught


@pytest.mark.parametrize("value", [1, 2, 127, 128, 255])
def test_masks_of_any_value_are_masks_where_a_middle_grey_would_lose_them(tmp_path, value):
    stored = np.zeros((4, 5), np.uint8)
    stored[1:3, 1:4] = value
    Image.fromarray(stored).save(tmp_path / "mask.png")
    by_middle_grey = np.asarray(Image.open(tmp_path / "mask.png")) > 127
    assert np.array_equal(stored > 0, read_mask(tmp_path / "mask.png"))
    assert np.array_equal(stored > 0, by_middle_grey) == (value > 127)

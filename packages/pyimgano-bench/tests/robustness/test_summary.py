import pytest
from attrs import evolve

from pyimgano_bench.robustness._measure import Disturbed
from pyimgano_bench.robustness._summary import summarize

ROW = Disturbed(
    dataset="d",
    category="bolt",
    detector="a",
    seed=0,
    kind="jpeg",
    severity=2,
    threshold=1.0,
    threshold_note=None,
    auroc=0.9,
    normal_count=10,
    anomaly_count=20,
    false_alarms=1,
    misses=3,
    reviews=2,
    failed_count=0,
)


def test_aurocs_are_averaged_and_counts_are_added():
    (line,) = summarize([ROW, evolve(ROW, category="nut", auroc=0.7, false_alarms=4, normal_count=30)])
    assert pytest.approx(0.8) == line.auroc
    assert (5, 40, 6, 40, 4, 2) == (
        line.false_alarms,
        line.normal_count,
        line.misses,
        line.anomaly_count,
        line.reviews,
        line.cell_count,
    )
    assert (5 / 40, 6 / 40) == (line.false_alarm_rate, line.miss_rate)


def test_kinds_severities_detectors_and_data_sets_stand_apart():
    others = [evolve(ROW, **change) for change in ({"kind": "shift"}, {"severity": 3}, {"dataset": "e"})]
    lines = summarize([ROW, *others, evolve(ROW, detector="b"), evolve(ROW, detector="b", dataset="e")])
    assert 6 == len(lines)
    assert {1} == {line.cell_count for line in lines}


def test_a_category_that_lacks_a_cell_of_one_detector_counts_for_none():
    rows = [evolve(ROW, detector=name, category=own) for name in "ab" for own in ("bolt", "nut")]
    lines = summarize(rows[:-1])  # b has no nut
    assert [("bolt",), ("bolt",)] == [line.categories for line in lines]
    assert [10, 10] == [line.normal_count for line in lines]


def test_a_category_that_lacks_a_seed_counts_for_none():
    rows = [evolve(ROW, category=own, seed=seed) for own in ("bolt", "nut") for seed in (0, 1)]
    (line,) = summarize(rows[:-1])
    assert (("bolt",), 2) == (line.categories, line.cell_count)


def test_where_no_category_is_complete_nothing_is_told():
    rows = [ROW, evolve(ROW, detector="b", category="nut")]
    assert [((), None, None, None)] * 2 == [
        (line.categories, line.auroc, line.false_alarm_rate, line.miss_rate) for line in summarize(rows)
    ]


@pytest.mark.parametrize("field", ["auroc", "false_alarms", "misses", "reviews"])
def test_what_one_cell_does_not_have_the_whole_does_not_have(field):
    (line,) = summarize([ROW, evolve(ROW, category="nut", **{field: None})])
    assert getattr(line, field) is None


def test_a_rate_of_no_images_is_undefined():
    (line,) = summarize([evolve(ROW, anomaly_count=0, misses=0)])
    assert line.miss_rate is None

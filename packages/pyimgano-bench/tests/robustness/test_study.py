from pyimgano_bench.robustness._measure import Disturbed
from pyimgano_bench.robustness._study import _told
from pyimgano_bench.study.words import UNDEFINED


def test_a_category_without_an_auroc_is_told_with_what_follows():
    counts = {"normal_count": 10, "anomaly_count": 0, "false_alarms": 1, "misses": 0, "reviews": 0}
    row = Disturbed(
        dataset="d",
        category="bolt",
        detector="a",
        seed=0,
        kind="clean",
        severity=0,
        threshold=1.0,
        threshold_note=None,
        auroc=None,
        failed_count=0,
        **counts,
    )
    assert [("d/bolt", UNDEFINED)] == list(_told(row))

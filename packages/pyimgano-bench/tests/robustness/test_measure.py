import numpy as np
import pytest
from PIL import Image

from pyimgano_bench.plan import make_plan
from pyimgano_bench.robustness._corruptions import SEVERITIES
from pyimgano_bench.robustness._measure import measure_case, score_states
from pyimgano_bench.study.cases import Case
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

NAME = "böse |*<b>&\"'"
SETTINGS = {
    "dataset": {"resize": [32, 32]},
    "model": {"name": "subspace", "device": "cpu", "features": {"backbone": "filters"}},
    "threshold": {"method": "quantile", "review": {"method": "quantile", "quantile": 0.5}},
}


def make_case(manifest, **dataset):
    suite = Suite(
        detectors=(DetectorEntry(label="s"),),
        datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(manifest), **dataset}),),
    )
    (round_,) = make_plan(suite, SETTINGS, manifest.parent).rounds
    prepared = prepare_dataset(round_.config, manifest.parent, SilentProgress())
    return Case(
        detector="s",
        dataset="parts",
        category=prepared.categories[0],
        prepared=prepared,
        config=round_.contenders[0].config,
        base=manifest.parent,
        trial=None,
    )


@pytest.fixture(scope="module")
def case(maker_in, tmp_path_factory):
    """Groups, a region of interest, a review band, a test image that can't be read, and a hostile name."""
    maker = maker_in(tmp_path_factory.mktemp("measure") / "data")
    for index in range(8):
        maker.add("part", f"train{index}", split="train", group_id=f"lot{index // 2}")
    for index in range(4):
        maker.add("part", f"good{index}", split="test", label=0, group_id=f"lot{9 + index}")
        maker.add("part", f"bad{index}", defect=True)
    (maker.folder / "part_good3.png").write_bytes(b"no image")
    for row in maker.rows:
        row["category"] = NAME
    region = np.zeros((64, 64), np.uint8)
    region[8:60, 8:60] = 255
    Image.fromarray(region).save(maker.folder / "region.png")
    return make_case(maker.write(), regions={NAME: "region.png"})


@pytest.fixture(scope="module")
def run(case):
    return run_category(case.category, case.prepared, case.config, case.base, SilentProgress())


@pytest.fixture(scope="module")
def rows(case):
    return measure_case(case, ("darker", "glare"), SilentProgress())


def test_scores_of_clean_images_are_those_of_the_run(case, run):
    clean = score_states(case, run, [("clean", 0), ("shift", 5)], SilentProgress())[:, 0]
    expected = [np.nan if line.score is None else line.score for line in run.predictions]
    np.testing.assert_array_equal(expected, clean)
    assert 1 == np.count_nonzero(np.isnan(clean))


def test_the_clean_row_is_the_run_s_report(run, rows):
    clean, results = rows[0], run.report.results
    assert ("clean", 0) == (clean.kind, clean.severity)
    assert (results.auroc, run.report.threshold.value) == (clean.auroc, clean.threshold)
    alarms, misses, review = results.false_alarm_rate, results.miss_rate, results.review
    assert (alarms.count, alarms.total) == (clean.false_alarms, clean.normal_count)
    assert (misses.count, misses.total) == (clean.misses, clean.anomaly_count)
    assert review.normal.count + review.anomalous.count == clean.reviews
    assert 1 == clean.failed_count


def test_there_is_a_row_for_each_kind_and_severity(rows):
    expected = [("clean", 0), *((kind, severity) for kind in ("darker", "glare") for severity in SEVERITIES)]
    assert expected == [(row.kind, row.severity) for row in rows]
    assert {NAME} == {row.category for row in rows}


def test_all_rows_keep_the_threshold_of_clean_images(run, rows):
    assert {run.report.threshold.value} == {row.threshold for row in rows}
    assert [3] * len(rows) == [row.normal_count for row in rows]
    strongest = next(row for row in rows if (row.kind, row.severity) == ("glare", 5))
    assert 3 == strongest.false_alarms  # a white spot on grey texture
    assert rows[0].false_alarms < 3


def test_without_a_threshold_there_are_no_false_alarms(maker):
    maker.add_category("bolt", train=1)
    rows = measure_case(make_case(maker.write()), ("darker",), SilentProgress())
    assert {None} == {value for row in rows for value in (row.threshold, row.false_alarms, row.misses)}
    assert all("no threshold" in row.threshold_note for row in rows)


def test_an_auroc_of_one_class_alone_says_why_it_is_undefined(maker):
    maker.add_category("bolt", anomalies=0)
    rows = measure_case(make_case(maker.write()), ("jpeg",), SilentProgress())
    assert {(None, "no_positives")} == {(row.auroc, row.reason) for row in rows}

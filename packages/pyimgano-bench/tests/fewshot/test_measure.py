import pytest

from pyimgano_bench.fewshot._draw import limited
from pyimgano_bench.fewshot._measure import measure_draw
from pyimgano_bench.plan import make_plan
from pyimgano_bench.study.cases import Case
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

SETTINGS = {
    "dataset": {"resize": [32, 32]},
    "model": {"name": "subspace", "device": "cpu", "features": {"backbone": "filters"}},
    "threshold": {"method": "quantile"},
}


@pytest.fixture
def case_of():
    def make(manifest):
        suite = Suite(
            detectors=(DetectorEntry(label="s"),),
            datasets=(DatasetEntry(label="parts", dataset={"manifest_path": str(manifest)}),),
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

    return make


def test_a_row_is_the_report_of_a_run_with_so_few_images(case_of, one_category):
    case = case_of(one_category)
    (row,) = measure_draw(case, 1, 4, SilentProgress())
    category = limited(case.category, 4, case.config.dataset.split_policy, seed=0, draw=1)
    report = run_category(category, case.prepared, case.config, case.base, SilentProgress()).report
    results, pixel = report.results, report.results.pixel_metrics
    assert (results.auroc, pixel.pixel_auroc, pixel.aupro) == (row.image_auroc, row.pixel_auroc, row.aupro)
    assert (report.threshold.value, "quantile") == (row.threshold, row.threshold_method)
    alarms, misses = results.false_alarm_rate, results.miss_rate
    assert (alarms.count, alarms.total, misses.count, misses.total) == (
        row.false_alarms,
        row.normal_count,
        row.misses,
        row.anomaly_count,
    )
    assert (4, 3, 1, 1, 0) == (row.count, row.train_count, row.calibration_count, row.draw, row.failed_count)
    assert (None, None) == (row.pixel_note, row.threshold_note)


def test_there_is_no_row_for_more_images_than_there_are(case_of, one_category):
    case = case_of(one_category)
    assert () == measure_draw(case, 0, 9, SilentProgress())
    assert 8 == measure_draw(case, 0, 8, SilentProgress())[0].count


def test_a_single_image_is_fitted_and_has_no_threshold(case_of, maker):
    maker.add_category("bolt", masks=False)
    (row,) = measure_draw(case_of(maker.write()), 0, 1, SilentProgress())
    assert (1, 0, None, None) == (row.train_count, row.calibration_count, row.threshold, row.misses)
    assert "no calibration images" in row.threshold_note
    assert row.image_auroc is not None
    assert (None, True) == (row.pixel_auroc, row.pixel_note.startswith("no pixel metrics: "))

from pathlib import Path

from attrs import evolve

from pyimgano_bench.cell import BenchCell, CellError
from pyimgano_bench.notes import folder_notes, make_notes, means_remarks
from pyimgano_bench.results import BenchResults, DetectorMeans, Mean
from pyimgano_core.contracts.config import (
    DatasetConfig,
    FeaturesConfig,
    ModelConfig,
    ReviewConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.contracts.report import DecidingImage
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.words import REVIEW_LEGEND


def cells_of(manifest, **changes):
    config = RunConfig(
        dataset=DatasetConfig(manifest_path=str(manifest), resize=(64, 64)),
        model=ModelConfig(name="padim", features=FeaturesConfig(backbone="filters")),
    )
    config = evolve(config, **changes)
    prepared = prepare_dataset(config, Path(), SilentProgress())
    return [
        BenchCell(
            key="k",
            detector="padim",
            dataset="d",
            category=category.split.category,
            seed=0,
            status="ok",
            report=run_category(category, prepared, config, Path(), SilentProgress()).report,
        )
        for category in prepared.categories
    ]


def failed(detector, message):
    error = CellError(type="MachineError", message=message, exit_code=74)
    return BenchCell(
        key="k", detector=detector, dataset="d", category="bolt", seed=0, status="failed", error=error
    )


def test_a_failure_is_told_in_one_line_with_its_place():
    assert "d/bolt a seed 0: failed: no such device" == make_notes([failed("a", "no such\n device")])[0]


def test_what_holds_for_many_cells_is_said_once():
    cells = [failed(name, "no device") for name in "abcde"]
    expected = "d/bolt a seed 0, d/bolt b seed 0, d/bolt c seed 0 and 2 more: failed: no device"
    assert expected == make_notes(cells)[0]


def test_a_closed_gate_says_why_in_words(maker):
    maker.add_category("bolt", masks=False)
    notes = make_notes(cells_of(maker.write()))
    assert any(note.startswith("d/bolt: no pixel metrics: ") and "mask" in note for note in notes)


def test_without_anomalies_every_image_metric_says_so(maker):
    maker.add_category("bolt", anomalies=0)
    notes = make_notes(cells_of(maker.write()))
    expected = "d/bolt: image AUROC, image AP, image F1-max undefined: there are no anomalous test images"
    assert expected in notes


def test_an_unreadable_image_is_counted(maker):
    maker.add_category("bolt")
    (maker.folder / "bolt_good1.png").write_bytes(b"no image")
    notes = make_notes(cells_of(maker.write()))
    assert any("1 image could not be used, the first: " in note for note in notes)


def test_a_calibration_image_that_alone_sets_a_threshold_at_a_cost_is_named_with_its_cell(maker):
    maker.add_category("bolt")
    (cell,) = cells_of(maker.write())
    odd = DecidingImage(
        input="odd.png", score=9.0, next_score=2.0, missed_count=4, found_without=3, false_alarms_without=0
    )
    notes = make_notes([evolve(cell, report=evolve(cell.report, deciding_image=odd)), cell])
    (told,) = [note for note in notes if "alone sets the threshold" in note]
    assert told.startswith("d/bolt padim seed 0: calibration image 'odd.png' alone sets")


def test_a_missing_threshold_is_told(maker):
    maker.add_category("bolt", train=1)
    notes = make_notes(cells_of(maker.write()))
    expected = "d/bolt: image and pixel threshold: there is none: there are no calibration images; add normal"
    assert 1 == sum(note.startswith(expected) for note in notes)


def test_a_threshold_by_another_method_than_was_asked_for_is_told(maker):
    maker.add_category("bolt")
    notes = make_notes(cells_of(maker.write()))
    asked = "conformal at alpha 0.01 needs 99 calibration normals and has 2; quantile 0.995 instead"
    told = f"d/bolt: image and pixel threshold: {asked} (97 more would do"
    assert 1 == sum(note.startswith(told) for note in notes)


def test_groups_and_a_review_band_are_told(maker):
    maker.add_category("bolt", train=20)
    review = ReviewConfig(method="quantile", quantile=0.5)
    cells = cells_of(maker.write(), threshold=ThresholdConfig(method="quantile", review=review))
    notes = make_notes([evolve(cell, group_count=3) for cell in cells])
    assert "d/bolt: intervals are over the 3 groups of the test images, not over images" in notes
    assert REVIEW_LEGEND in notes


def test_cells_that_are_not_in_the_tables_are_told():
    assert () == folder_notes(0, 0)
    one, many = folder_notes(1, 0), folder_notes(2, 3)
    assert ("1 cell of other settings in this folder is not in these tables",) == one
    assert "2 cells of other settings in this folder are not in these tables" == many[0]
    assert many[1].startswith("3 cells of other settings, data or versions in this folder had to give way")


def means(detector="a", *, seeds=(0, 1), count=2, **auroc):
    mean = Mean(value=0.9, **auroc)
    return DetectorMeans(
        dataset="d", detector=detector, category_count=count, seeds=seeds, means={"image_auroc": mean}
    )


def remarks(*each):
    return means_remarks(BenchResults(timestamp_utc="", pyimgano_version="0", rows=(), means=each))


def test_whole_means_over_seeds_need_no_remark():
    assert [] == remarks(means(categories=("x", "y")))


def test_what_means_leave_out_is_told_once_for_all_detectors():
    partial = [means(name, categories=("x",), missing=("y",)) for name in "ab"]
    expected = (
        "d: means of image AUROC are over 1 of 2 categories, without y: not every detector has a value there "
        "under every seed"
    )
    assert [expected] == remarks(*partial)


def test_means_of_one_seed_say_what_their_intervals_lack():
    assert ["d: one seed: the intervals of the means hold no chance of a fit"] == remarks(
        means(seeds=(0,), categories=("x", "y"))
    )


def test_categories_that_add_nothing_to_an_interval_are_told():
    (told,) = remarks(means(categories=("x", "y"), unbounded=("y",)))
    assert told.startswith("d a: a category whose AUROC has no interval")
    assert told.endswith("adds nothing to that of the mean: y")

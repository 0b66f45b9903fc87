from pathlib import Path

from attrs import evolve

from pyimgano_bench.cell import BenchCell, CellError
from pyimgano_bench.notes import make_notes
from pyimgano_core.contracts.config import DatasetConfig, FeaturesConfig, ModelConfig, RunConfig
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress


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
    assert any("1 images could not be used, the first: " in note for note in notes)


def test_a_missing_threshold_is_told(maker):
    maker.add_category("bolt", train=1)
    notes = make_notes(cells_of(maker.write()))
    expected = "d/bolt: no threshold, so no false alarms or misses: there are no calibration images"
    assert expected in notes


def test_a_threshold_by_another_method_than_was_asked_for_is_told(maker):
    maker.add_category("bolt")
    notes = make_notes(cells_of(maker.write()))
    expected = (
        "d/bolt: conformal at alpha 0.01 needs 99 calibration normals and has 2; the threshold is by quantile"
    )
    assert 1 == sum(note.startswith(expected) for note in notes)

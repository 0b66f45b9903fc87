"""A category whose fit fails, in each of the ways in which one can, among others that don't."""

import json

import pytest
from click.testing import CliRunner

from pyimgano_workbench.cli import train

PLUGIN = """
from pathlib import Path

from attrs import define, field

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors.subspace import Subspace

ERRORS = {
    "bug": ZeroDivisionError("a bug"),
    "memory": MemoryError(),
    "storage": OSError(28, "No space left on device"),
}


def break_while_interrupted():
    try:
        raise KeyboardInterrupt
    finally:
        raise RuntimeError("a library that ends badly")


@define(frozen=True, kw_only=True)
class Fussy:
    features: FeaturesConfig = field(factory=FeaturesConfig)
    error: str = "bug"
    obstacle: str = ""
    needed: int = 0

    def fit(self, images, *, seed, device, progress):
        if len(images) < self.needed and Path(self.obstacle).exists():
            if self.error == "interrupt":
                break_while_interrupted()
            raise ERRORS[self.error]
        detector = Subspace(features=self.features)
        return detector.fit(images, seed=seed, device=device, progress=progress)
"""


@pytest.fixture(autouse=True)
def fussy(tmp_path, monkeypatch):
    """Install a detector that fails on few images while a file is there."""
    folder = tmp_path / "site-packages"
    facts = folder / "fussy-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "fussy_detector.py").write_text(PLUGIN)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: fussy\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[pyimgano.detectors]\nfussy = fussy_detector:Fussy\n")
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def obstacle(tmp_path):
    path = tmp_path / "obstacle"
    path.touch()
    return path


@pytest.fixture
def config(obstacle, make_dataset, make_config):
    """Three categories; the second has fewer images, and so fails while the obstacle is there."""
    manifest = make_dataset(categories=("a", "b", "c"))
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if "b_train6" not in line and "b_train7" not in line))
    path = make_config(manifest)
    options = f"[model.options]\nneeded = 6\nobstacle = {json.dumps(str(obstacle))}\n"
    path.write_text(path.read_text().replace('name = "padim"', 'name = "fussy"') + options)
    return path


def run_train(*arguments):
    return CliRunner().invoke(train, [str(argument) for argument in arguments], standalone_mode=False)


def finished_categories(folder):
    return sorted(path.parent.name for path in folder.glob("categories/*/report.json"))


def times_of(folder, *categories):
    return [(folder / "categories" / name / "report.json").stat().st_mtime_ns for name in categories]


def test_a_lack_of_memory_costs_only_its_category_and_resume_finishes_it(config, obstacle, tmp_path):
    folder = tmp_path / "run"
    first = run_train("--config", config, "--set", "model.options.error=memory", "--export-infer-config")
    assert 4 == first.return_value
    assert "category 'b' failed: out of memory" in first.stderr
    assert f"pyimgano-train --resume {folder}" in first.stderr
    assert ["a", "c"] == finished_categories(folder)
    before = times_of(folder, "a", "c")

    still = run_train("--resume", folder)
    assert (4, ["a", "c"]) == (still.return_value, finished_categories(folder))

    obstacle.unlink()
    second = run_train("--resume", folder, "--json")
    report = json.loads(second.stdout)
    assert 0 == second.return_value
    assert (["a", "b", "c"], {}) == (report["categories"], report["failed_categories"])
    assert before == times_of(folder, "a", "c")
    models = json.loads((folder / "artifacts/infer_config.json").read_text())["per_category"]
    assert ["a", "b", "c"] == sorted(models)
    assert not (tmp_path / "run.partial").exists()


def test_a_bug_is_raised_after_the_other_categories_and_what_was_finished_is_kept(config, obstacle, tmp_path):
    result = run_train("--config", config)
    assert isinstance(result.exception, ZeroDivisionError)
    assert "in category 'b'" in result.exception.__notes__[0]
    assert ["a", "c"] == finished_categories(tmp_path / "run.partial")
    before = times_of(tmp_path / "run.partial", "a", "c")
    obstacle.unlink()
    assert 0 == run_train("--resume", tmp_path / "run").return_value
    assert before == times_of(tmp_path / "run", "a", "c")


def test_a_full_disk_stops_the_run_and_the_same_command_goes_on(config, obstacle, tmp_path):
    arguments = ("--config", config, "--set", "model.options.error=storage")
    assert 28 == run_train(*arguments).exception.errno
    assert ["a"] == finished_categories(tmp_path / "run.partial")
    obstacle.unlink()
    assert 0 == run_train(*arguments).return_value
    assert ["a", "b", "c"] == finished_categories(tmp_path / "run")


def test_an_interrupt_that_a_library_turns_into_an_error_stops_the_run_at_once(config, tmp_path):
    result = run_train("--config", config, "--set", "model.options.error=interrupt")
    assert isinstance(result.exception, RuntimeError)
    assert ["a"] == finished_categories(tmp_path / "run.partial")

"""Sweeps of a detector that fits at once, in this process and in real others."""

import shutil
import sys
from pathlib import Path

import pytest
from attrs import define, field

from pyimgano_bench.cell import BenchCell
from pyimgano_bench.plan import Plan, make_plan
from pyimgano_bench.suite import DatasetEntry, DetectorEntry, Suite
from pyimgano_bench.sweep import run_sweep
from pyimgano_core.artifacts import read_artifact
from pyimgano_core.engine import LocalEngine
from pyimgano_core.progress import SilentProgress

SITE = Path(__file__).parent / "site"
OVERRIDES = {
    "dataset": {"resize": [32, 32]},
    "model": {"device": "cpu"},
    "evaluation": {"bootstrap_replicates": 0},
}
ONE = LocalEngine(workers=1, threads=None)


def put(folder, name="quick", version="1.0"):
    """Put what a distribution says of itself into a folder, in place of what an older version said."""
    for old in folder.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    facts = folder / f"{name}-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if name == "quick":
        (facts / "entry_points.txt").write_text("[pyimgano.detectors]\nquick = quick_detector:Quick\n")


@define
class Bench:
    """A data set, a folder for cells and one for what the detector's processes tell."""

    data: str
    output: Path
    notes: Path
    told: list = field(factory=list)

    def plan(self, *acts, seeds=(0,), categories=(), limit=None, **overrides) -> Plan:
        """Return the plan of a contender per act."""
        options = {act: {"act": act, "folder": str(self.notes)} for act in acts}
        suite = Suite(
            detectors=tuple(
                DetectorEntry(label=act, model={"name": "quick", "options": value})
                for act, value in options.items()
            ),
            datasets=(DatasetEntry(label="parts", dataset={"manifest_path": self.data}),),
            seeds=seeds,
            categories=tuple(categories),
        )
        return make_plan(suite, {**OVERRIDES, **overrides}, Path(), limit)

    def sweep(self, plan, engine=ONE, progress=None, **options):
        """Run a plan; `told` keeps what the sink hears."""

        def sink(where, error):
            self.told.append((where, error))

        shown = progress or SilentProgress()
        return run_sweep(plan, self.output, shown, sink, engine=engine, **options)

    @property
    def fits(self):
        """The first word, a process, and the others of each line that a fit has left."""
        path = self.notes / "fits"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def cells(self) -> dict[str, BenchCell]:
        """The cells on disk, by their file's name."""
        found = sorted((self.output / "cells").glob("*.json"))
        return {path.name: read_artifact(path, BenchCell) for path in found}

    @property
    def left_over(self):
        """The hidden files beside the cells."""
        return [path.name for path in (self.output / "cells").glob(".*")]


@pytest.fixture
def install():
    """Return a function that puts another version of a distribution before the one that is installed."""
    return put


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Install the detector, and return where."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    shutil.copy(SITE / "quick_detector.py", folder)
    put(folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("quick_detector", None)


@pytest.fixture
def bench(quick, maker, tmp_path):  # noqa: ARG001
    """Two categories and the detector."""
    maker.add_category("bolt", train=2, normals=2, anomalies=2)
    maker.add_category("nut", train=2, normals=2, anomalies=2)
    notes = tmp_path / "notes"
    notes.mkdir()
    return Bench(data=str(maker.write()), output=tmp_path / "out", notes=notes)

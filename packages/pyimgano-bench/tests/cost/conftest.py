"""Costs of a detector that fits at once, measured in real processes."""

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define, field

from pyimgano_bench.cost._contract import CostProtocol, CostResults
from pyimgano_bench.cost._run import run_cost
from pyimgano_bench.flags import read_suite
from pyimgano_bench.plan import make_plan
from pyimgano_core.errors import ExitCode
from pyimgano_core.progress import SilentProgress

DETECTOR = Path(__file__).parents[1] / "sweep" / "site" / "quick_detector.py"
SIZE = (32, 32)


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory):
    """Install the detector for this process and those that it starts; returns the folder of its notes."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copy(DETECTOR, folder)
    facts = folder / "quick-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: quick\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[pyimgano.detectors]\nquick = quick_detector:Quick\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield folder
    sys.modules.pop("quick_detector", None)


@pytest.fixture(scope="module")
def data(new_maker):
    """The manifest of two categories."""
    maker = new_maker("cost")
    maker.add_category("bolt")
    maker.add_category("nut")
    return maker.write()


@pytest.fixture(scope="module")
def plan_of(data, quick):
    """Make the plan of a contender for each act of the detector, on the data."""

    def make(*acts, categories=("bolt",), seeds=(), manifest=data, **dataset):
        models = {act: {"name": "quick", "options": {"act": act, "folder": str(quick)}} for act in acts}
        images = {"manifest_path": str(manifest), "resize": list(SIZE), **dataset}
        path = manifest.with_name("suite.json")
        path.write_text(
            json.dumps(
                {
                    "detectors": [{"label": act, "model": model} for act, model in models.items()],
                    "datasets": [{"label": "parts", "dataset": images}],
                }
            ),
            encoding="utf-8",
        )
        suite = read_suite(path, {}, detectors=(), categories=categories, seeds=seeds)
        return make_plan(suite, {}, path.parent)

    return make


@pytest.fixture(scope="session")
def protocol():
    return CostProtocol(rounds=2, images=6, batch=2, threads=2)


@define
class Measurement:
    """A measurement; `told` keeps what the error sink hears."""

    folder: Path
    results: CostResults | None = None
    exit_code: ExitCode | None = None
    told: list = field(factory=list)

    def run(self, plan, protocol, progress=None):
        self.results, self.exit_code = run_cost(
            plan,
            self.folder,
            protocol,
            settings={},
            now=datetime(2026, 1, 2, tzinfo=UTC),
            progress=progress or SilentProgress(),
            on_error=lambda place, error: self.told.append((place, str(error))),
        )
        return self


@pytest.fixture
def measurement(tmp_path):
    return Measurement(tmp_path / "out")


@pytest.fixture(scope="module")
def measured(plan_of, protocol, tmp_path_factory):
    """Two rounds of two contenders, of which the second can't be fitted."""
    return Measurement(tmp_path_factory.mktemp("measured") / "out").run(plan_of("pass_by", "die"), protocol)

"""A sound data set that each test spoils in one way."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from attrs import define, field
from hypothesis import HealthCheck, settings
from PIL import Image

from pyimgano_core.cli.app import run
from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight import runner
from pyimgano_preflight._select import ALWAYS_TOLD
from pyimgano_preflight.cli import preflight
from pyimgano_preflight.runner import run_preflight

# Limits of time would fail tests where the machine is busy.
settings.register_profile(
    "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

SIDE = 40


@cache
def picture(seed, size=(SIDE, SIDE), mode="RGB"):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).convert(mode)


@cache
def png(seed):
    buffer = io.BytesIO()
    picture(seed).save(buffer, "PNG")
    return buffer.getvalue()


def mask(value=255, size=(SIDE, SIDE)):
    pixels = np.zeros(size, np.uint8)
    pixels[4:10, 4:10] = value
    return Image.fromarray(pixels)


@define
class Dataset:
    """A manifest and its images; `row` finds a record, `save` writes the manifest."""

    folder: Path
    rows: list = field(factory=list)
    settings: dict = field(factory=dict)
    raw: bytes | None = None
    extra: bytes = b""

    @property
    def manifest(self):
        return self.folder / "manifest.jsonl"

    def add(self, path, **fields):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(png(len(self.rows)))
        self.rows.append({"image_path": path, "category": "part", **fields})
        return self.rows[-1]

    def row(self, path):
        return next(row for row in self.rows if row["image_path"] == path)

    def file(self, path):
        """Return a file that a test overwrites: without what stood there."""
        (self.folder / path).unlink(missing_ok=True)
        return self.folder / path

    def set(self, **settings):
        self.settings = {**self.settings, **settings}

    def save(self):
        lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in self.rows)
        self.manifest.write_bytes((lines if self.raw is None else self.raw) + self.extra)

    def report(self):
        if self.settings.get("dataset", {}).get("name", "manifest") == "manifest":
            self.save()
        return run_preflight(self.config(), self.folder, SilentProgress())

    def config(self):
        dataset = {"name": "manifest", "manifest_path": "manifest.jsonl"}
        settings = {"threshold": {"alpha": 0.5}, "dataset": dataset, **self.settings}
        return structure_config(settings, RunConfig)

    def codes(self):
        return {issue.code for issue in self.report().issues}


# "1 images", "1 normal images" and "1 of 3 images have"
SEVERAL_OF_ONE = re.compile(
    r"(?<![\w.,-])1 (([a-z]+ ){0,2}(images|masks|records|files|folders|lines|groups|pairs|bytes|pixels)\b"
    r"|of (\d+|the) [a-z ]*\b(have|are|were|do|don't|differ)\b)"
)


def naming(check):
    """The check, failing where it tells of a rule that it does not name and that selecting would miss.

    It fails as well where it says of one what can be said of several only.
    """

    def run(inspection):
        for issue in check.run(inspection):
            assert check.codes == ALWAYS_TOLD or issue.code in check.codes | ALWAYS_TOLD
            assert SEVERAL_OF_ONE.search(issue.message) is None, issue.message
            yield issue

    return check._replace(run=run)


@pytest.fixture(autouse=True)
def _every_check_names_its_rules(monkeypatch):
    monkeypatch.setattr(runner, "CHECKS", tuple(map(naming, runner.CHECKS)))


@pytest.fixture
def dataset(tmp_path):
    sound = Dataset(tmp_path / "set")
    for number in range(20):
        sound.add(f"train/{number}.png", split="train")
    for number in range(4):
        sound.add(f"val/{number}.png", split="val")
        sound.add(f"good/{number}.png", split="test", label=0)
        sound.add(f"bad/{number}.png", split="test", label=1, mask_path=f"masks/{number}.png")
        (sound.folder / "masks").mkdir(exist_ok=True)
        mask().save(sound.folder / f"masks/{number}.png")
    return sound


@pytest.fixture
def tree(tmp_path):
    """The same as a folder layout."""
    layout = Dataset(tmp_path / "tree")
    for number in range(20):
        layout.add(f"part/train/good/{number}.png")
    for number in range(4):
        layout.add(f"part/test/good/{number}.png")
        layout.add(f"part/test/scratch/{number}.png")
        target = layout.folder / f"part/ground_truth/scratch/{number}_mask.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        mask().save(target)
    layout.set(dataset={"name": "mvtec", "root": "."})
    return layout


@define(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def document(self):
        return json.loads(self.stdout)


@pytest.fixture
def cli(capfd):
    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            run(preflight, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Result(int(stopped.value.code), out, err)

    return call

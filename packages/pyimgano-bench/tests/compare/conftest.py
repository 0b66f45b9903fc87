"""Folders of benchmarks with scores of the test's choosing: true cells and sketches, without a fit."""

from pathlib import Path

import numpy as np
import pytest
from attrs import define, evolve

from pyimgano_bench.cell import CELLS, BenchCell, CellError, cell_slug, write_cell, write_sketch
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import make_row
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import Checkpoint, Preprocessing, SelfTest
from pyimgano_core.contracts.report import CategoryReport, DatasetSummary, PixelResults, Results
from pyimgano_core.contracts.split import Fingerprint
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.metrics import ScoredImage, SketchAccumulator, sketch_metrics

NORMALS, ANOMALIES = 40, 40
SIZE = 4  # of maps, in pixels


_UNSET = Threshold(value=None, provenance=ThresholdProvenance(method="quantile", reason="no_threshold"))
REPORT = CategoryReport(
    category="bolt",
    slug="bolt",
    dataset_summary=DatasetSummary(
        train_count=9, calibration_count=9, test_count=80, test_anomaly_count=40, test_anomaly_ratio=0.5
    ),
    split_fingerprint=Fingerprint(sha256="0" * 64),
    pixel_metrics_status=PixelGate(enabled=True, message="all anomalous test images have a mask"),
    threshold=_UNSET,
    pixel_threshold=_UNSET,
    results=Results(
        auroc=None,
        average_precision=None,
        f1_max=None,
        f1_max_threshold=None,
        metrics={},
        pixel_metrics=PixelResults(
            pixel_auroc=None,
            pixel_average_precision=None,
            pixel_f1_max=None,
            aupro=None,
            aupro_limit=0.3,
            image_count=80,
            region_count=40,
            aupimo_limits=(1e-5, 1e-4),
        ),
    ),
    checkpoint=Checkpoint(path="model.onnx", sha256="0" * 64, size_bytes=1),
    preprocessing=Preprocessing(resize=(64, 64)),
    self_test=SelfTest(seed=0, score=1.0, map_maximum=1.0, tolerance=1e-4),
)


def scores_of(random, *, loss=0.0, seed_shift=0.0, noise=0.1, base=None):
    """Scores of a fit, normals first; `base` holds what is difficult about each image."""
    anomalous = np.arange(NORMALS + ANOMALIES) >= NORMALS
    base = np.random.default_rng(0).normal(size=NORMALS + ANOMALIES) if base is None else base
    return base + anomalous * (2.2 + seed_shift - loss) + noise * random.normal(size=len(base))


def sketch_of(scores, *, normals=NORMALS, prefix="", groups=None, saturation=None):
    """A sketch whose anomalous images have one defect pixel, scored as the image; the rest stay low."""
    accumulator = SketchAccumulator(saturation=saturation)
    for index, score in enumerate(scores):
        mask = np.zeros((SIZE, SIZE), np.bool_)
        mask[0, 0] = index >= normals
        pixels = np.full((SIZE, SIZE), -3.0) + np.arange(SIZE) / 10
        pixels[0, 0] = score
        image = ScoredImage(
            name=f"{prefix}{index:03}.png",
            score=float(score),
            anomalous=index >= normals,
            scores=pixels,
            mask=mask,
            group=None if groups is None else groups[index],
        )
        accumulator.update(image)
    return accumulator.result()


@define
class Bench:
    """Writes a benchmark's folder cell by cell; `done` writes its results."""

    folder: Path
    cells: list
    trial: int | None = None

    def add(self, detector, category, seed, sketch, *, content="test", dataset="parts", **changes):
        report = self._report(category, sketch, f"{content}{category}", **changes)
        cell = self._blank(detector, category, seed, dataset)
        slug = cell_slug(dataset, detector, category, seed)
        file = write_sketch(self.folder / CELLS, slug, sketch)
        self._write(slug, evolve(cell, status="ok", report=report, metric_sketch=file))

    def fail(self, detector, category, seed, message="no memory", dataset="parts"):
        error = CellError(type="RuntimeError", message=message, exit_code=4)
        cell = self._blank(detector, category, seed, dataset)
        self._write(cell_slug(dataset, detector, category, seed), evolve(cell, error=error))

    def done(self):
        results = BenchResults(
            timestamp_utc="2026-01-01T00:00:00+00:00",
            pyimgano_version="0",
            rows=tuple(map(make_row, self.cells)),
            means=(),
            trial=self.trial,
        )
        write_artifact(self.folder / "results.json", results)
        return self.folder

    def _blank(self, detector, category, seed, dataset):
        place = {"detector": detector, "dataset": dataset, "category": category, "seed": seed}
        return BenchCell(key="0", status="failed", trial=self.trial, **place)

    def _write(self, slug, cell):
        write_cell(self.folder / CELLS, slug, cell)
        self.cells.append(cell)

    def _report(self, category, sketch, content, *, pixels=True, aupro_limit=0.3, **results):
        found = {str(name): value.value for name, value in sketch_metrics(sketch).items()}
        report = REPORT
        pixel = evolve(
            report.results.pixel_metrics,
            **{name: found[name] for name in ("pixel_auroc", "pixel_average_precision", "pixel_f1_max")},
            **{name: found.get(name) for name in ("aupro", "aupimo", "au_spro")},
            aupro_limit=aupro_limit,
            saturation=sketch.saturation,
        )
        values = {name: found[name] for name in ("auroc", "average_precision", "f1_max")} | results
        gate = report.pixel_metrics_status
        return evolve(
            report,
            category=category,
            results=evolve(report.results, pixel_metrics=pixel if pixels else None, **values),
            split_fingerprint=Fingerprint(sha256=content, test_sha256=content),
            pixel_metrics_status=gate
            if pixels
            else evolve(gate, enabled=False, reason="no_masks", message="no masks"),
        )


@pytest.fixture
def make_sketch():
    return sketch_of


@pytest.fixture
def bench(tmp_path):
    """Return a function that begins a benchmark's folder."""

    def begin(name, trial=None):
        (tmp_path / name / CELLS).mkdir(parents=True)
        return Bench(folder=tmp_path / name, cells=[], trial=trial)

    return begin


@pytest.fixture
def side(bench):
    """Return a function that writes a folder of one detector on some categories under some seeds.

    The same `draw` and seed give the same fit.
    """

    def write(
        name, *, seeds=(0, 1, 2), categories=("bolt", "nut"), loss=0.0, draw=0, label="padim", noise=0.1
    ):
        folder = bench(name)
        for seed in seeds:
            shift = 0.05 * np.random.default_rng([draw, seed]).normal()
            for place, category in enumerate(categories):
                base = np.random.default_rng([7, place]).normal(size=NORMALS + ANOMALIES)
                random = np.random.default_rng([draw, seed, place])
                scores = scores_of(random, loss=loss, seed_shift=shift, base=base, noise=noise)
                folder.add(label, category, seed, sketch_of(scores))
        return folder.done()

    return write

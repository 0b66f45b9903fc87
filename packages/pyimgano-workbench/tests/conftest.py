"""A small data set on disk (grey texture, bright square defects, exact masks), and a report made by hand."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from PIL import Image

from pyimgano_core.contracts.config import CalibrationRule, ReviewConfig
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import Checkpoint, Preprocessing, SelfTest
from pyimgano_core.contracts.metric import Interval, OperatingPoint
from pyimgano_core.contracts.report import (
    CategoryReport,
    DatasetSummary,
    PixelResults,
    PixelVerdicts,
    Results,
    ReviewCounts,
)
from pyimgano_core.contracts.split import Fingerprint
from pyimgano_core.metrics import observed_rate
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

# Limits of time would fail tests where the machine is busy.
settings.register_profile(
    "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

VAL = CalibrationOrigin(source="val")


def _write_dataset(
    folder: Path, *, categories=("part",), masks=True, train=8, normals=4, anomalies=4
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, category in enumerate(categories):
        rng = np.random.default_rng(number)

        def save(name, *, defect=False, category=category, rng=rng):
            image = rng.normal(110, 6, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            mask = np.zeros((64, 64), np.uint8)
            if defect:
                row, column = rng.integers(8, 44, 2)
                image[row : row + 10, column : column + 10] = 230
                mask[row : row + 10, column : column + 10] = 255
                Image.fromarray(mask).save(folder / f"{category}_{name}_mask.png")
            Image.fromarray(image).save(folder / f"{category}_{name}.png")
            return f"{category}_{name}.png"

        rows += [
            {"image_path": save(f"train{index}"), "category": category, "split": "train"}
            for index in range(train)
        ]
        for index in range(normals):
            path = save(f"good{index}")
            rows.append({"image_path": path, "category": category, "split": "test", "label": 0})
        for index in range(anomalies):
            path = save(f"bad{index}", defect=True)
            row = {"image_path": path, "category": category, "split": "test", "label": 1}
            row |= {"defect": "square", "meta": {"station": index}}
            if masks:
                row["mask_path"] = path.replace(".png", "_mask.png")
            rows.append(row)
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


@pytest.fixture
def dataset(tmp_path):
    """A manifest of one category with masks."""
    return _write_dataset(tmp_path / "data")


@pytest.fixture
def make_dataset(tmp_path):
    """Write a data set with other properties."""

    def make(**options):
        return _write_dataset(tmp_path / "data", **options)

    return make


def _write_config(folder, manifest, extra="", *, name="config.toml", output="run") -> Path:
    """Write a config of a quick detector for a manifest."""
    path = folder / name
    path.write_text(
        f"""
{extra}
[dataset]
manifest_path = {json.dumps(str(manifest))}
resize = [64, 64]
[model]
name = "padim"
[model.features]
backbone = "filters"
[output]
output_dir = {json.dumps(str(folder / output))}
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def make_config(tmp_path):
    """Write a config into the test's folder."""
    return partial(_write_config, tmp_path)


@pytest.fixture(scope="session")
def write_dataset():
    """Write a data set into any folder."""
    return _write_dataset


@pytest.fixture(scope="session")
def write_config():
    """Write a config into any folder."""
    return _write_config


def _interval(low, high, **fields):
    return Interval(low=low, high=high, level=0.95, **fields)


PIXEL_RESULTS = PixelResults(
    pixel_auroc=0.97,
    pixel_average_precision=0.61,
    pixel_f1_max=0.6,
    aupro=0.91,
    aupro_limit=0.3,
    image_count=49,
    region_count=11,
    aupimo=None,
    aupimo_limits=(1e-5, 1e-4),
    au_spro=0.93,
    saturation=0.5,
    reasons={"aupimo": "no_normal_images"},
    verdicts=PixelVerdicts(
        threshold=2.5, minimum_area=4, pro=0.7, iou=0.45, f1=0.62, precision=0.5, recall=0.8
    ),
    intervals={"aupro": _interval(0.85, 0.95), "pixel_iou": _interval(0.4, 0.5)},
)
RESULTS = Results(
    auroc=0.986,
    average_precision=0.99,
    f1_max=0.95,
    f1_max_threshold=2.2,
    metrics={"precision": 0.9, "recall": 0.78, "f1": 0.8, "specificity": 0.975, "accuracy": 0.94},
    pixel_metrics=PIXEL_RESULTS,
    false_alarm_rate=observed_rate(1, 40),
    miss_rate=observed_rate(2, 9),
    review=ReviewCounts(normal=observed_rate(2, 40), anomalous=observed_rate(1, 9)),
    miss_rate_per_defect={
        "crack": observed_rate(0, 4),
        "dent": observed_rate(1, 3),
        "hole": observed_rate(1, 2),
    },
    false_alarm_rate_per_group={f"lot{n:02}": observed_rate(int(n == 7), 2) for n in range(20)},
    operating_points={
        "tpr_at_fpr": OperatingPoint(limit=0.05, value=0.89, threshold=2.0),
        "fpr_at_tpr": OperatingPoint(limit=0.95, value=0.1, threshold=1.5),
        "normals_passed": OperatingPoint(limit=0.05, value=0.93, threshold=1.4),
    },
    intervals={"auroc": _interval(0.96, 1.0), "f1_max": _interval(0.88, 1.0)},
    auroc_delong=_interval(0.9513, 0.9984),
)


def _make_report(**changes):
    scores = np.linspace(1.0, 3.0, 40, dtype=np.float32)
    review = ReviewConfig(alpha=0.2)
    report = CategoryReport(
        category="part",
        slug="part",
        dataset_summary=DatasetSummary(
            train_count=160,
            calibration_count=40,
            test_count=49,
            test_anomaly_count=9,
            test_anomaly_ratio=9 / 49,
        ),
        split_fingerprint=Fingerprint(sha256="5" * 64),
        pixel_metrics_status=PixelGate(enabled=True, message="all 9 anomalous test images have a mask"),
        threshold=calibrate(scores, CalibrationRule(), VAL),
        pixel_threshold=calibrate(
            scores, CalibrationRule(), VAL, score_source="region_maximum", minimum_area=4
        ),
        review_threshold=calibrate(scores, review, VAL),
        results=RESULTS,
        checkpoint=Checkpoint(path="checkpoints/part/model.onnx", sha256="c" * 64, size_bytes=5),
        preprocessing=Preprocessing(resize=(64, 64)),
        self_test=SelfTest(seed=0, score=1.0, map_maximum=2.0, tolerance=1e-4),
        detector={"name": "padim"},
    )
    return evolve(report, **changes)


@pytest.fixture(scope="session")
def make_report():
    """A category's report in which everything is there, with other fields where they are given."""
    return _make_report

"""A config with three categories, images of known score, and the whole command run in this process.

The graph is that of the tests: an image's score is its brightest grey over 255, however it is tiled. The
images are brighter than the grey that covers what lies outside a region, so a region changes no score either.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from attrs import define, evolve
from PIL import Image

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.cli.app import run
from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    InferConfig,
    Preprocessing,
    RegionFile,
    SelfTest,
    required_features,
)
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.engine import ShardOutcome
from pyimgano_core.images import encode_interest
from pyimgano_core.scoring import OnnxScorer, run_self_test
from pyimgano_infer._work import _models
from pyimgano_infer.cli import infer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GRAPH = Path(__file__).parents[1] / "tests" / "data" / "mean.onnx"
GREYS = (140, 180, 220)
SCORES = {f"{grey}.png": float(np.float32(grey) / np.float32(255)) for grey in GREYS}
CATEGORIES = ("bolt", "nut", "sheet")


@define(frozen=True, kw_only=True)
class Ended:
    """How the command ended, and what it left."""

    code: int
    out: str
    err: str


def make_world(folder: Path) -> Path:
    """Write images, manifest, checkpoint, region and config; return the config's path."""
    for name, grey in zip(SCORES, GREYS, strict=True):
        Image.fromarray(np.full((12, 10, 3), grey, dtype=np.uint8)).save(folder / name)
    rows = [{"image_path": name, "category": category} for category in CATEGORIES for name in SCORES]
    lines = [json.dumps(row | {"meta": {"part_id": index}}) for index, row in enumerate(rows)]
    (folder / "manifest.jsonl").write_text("".join(f"{line}\n" for line in lines))
    content = GRAPH.read_bytes()
    (folder / "model.onnx").write_bytes(content)
    interest = np.zeros((12, 10), dtype=np.bool_)
    interest[3:9, 2:8] = True
    region = encode_interest(interest)
    (folder / "region.png").write_bytes(region)
    bolt = CategoryModel(
        checkpoint=Checkpoint(path="model.onnx", sha256=sha256(content), size_bytes=len(content)),
        preprocessing=Preprocessing(resize=(8, 8)),
        threshold=_threshold(0.75),
        self_test=SelfTest(**run_self_test(OnnxScorer(content))),
    )
    nut = evolve(
        bolt,
        threshold=_threshold(0.8),
        review_threshold=_threshold(0.6),
        pixel_threshold=_threshold(0.7, minimum_area=3),
        region=RegionFile(path="region.png", sha256=sha256(region), size_bytes=len(region), share=0.3),
        self_test=None,
        min_versions={"onnxruntime": "1.20"},
    )
    sheet = evolve(
        bolt,
        preprocessing=Preprocessing(resize=(8, 8), tiling=Tiling(scale=1.0)),
        threshold=_threshold(0.6),
    )
    models = dict(zip(CATEGORIES, (bolt, nut, sheet), strict=True))
    features = required_features(models.values())
    config = InferConfig(requires=features, pyimgano_version="0.1.0", from_run="run", per_category=models)
    write_artifact(folder / "infer_config.json", config)
    return folder / "infer_config.json"


def sha256(content: bytes) -> str:
    """Return what a config says of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _threshold(value: float, *, minimum_area: int = 1) -> Threshold:
    provenance = ThresholdProvenance(method="quantile", requested="auto", source="val", calibration_count=40)
    return Threshold(value=value, provenance=provenance, minimum_area=minimum_area)


def run_command(*arguments: str | Path, stdin: bytes = b"") -> Ended:
    """Run the whole command in this process: shards are scored here, one after the other."""
    out, err = io.BytesIO(), io.BytesIO()
    _models.cache_clear()
    with (
        patch("pyimgano_infer._scoring.run_shards", _run_here),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        patch("sys.stdout", io.TextIOWrapper(out, encoding="utf-8", write_through=True)),
        patch("sys.stderr", io.TextIOWrapper(err, encoding="utf-8", write_through=True)),
    ):
        try:
            run(infer, [str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return Ended(code=code, out=out.getvalue().decode(), err=err.getvalue().decode())


def _run_here(
    run_shard: Callable[[Any, Any], None], plan: object, shards: Iterable[object], _engine: object
) -> Iterator[ShardOutcome]:
    for index, shard in enumerate(shards):
        run_shard(plan, shard)
        yield ShardOutcome(index=index)

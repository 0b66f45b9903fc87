"""An exported artifact of two categories, and the lines and maps that scoring its test images leaves."""

from pathlib import Path

import numpy as np
import pytest
from attrs import define, evolve

from pyimgano_core.artifacts import to_json, write_artifact
from pyimgano_core.contracts.config import (
    DatasetConfig,
    EvaluationConfig,
    FeaturesConfig,
    ModelConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.prediction import StoredArray
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.pipeline import category_model, run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

SEED = 3


@define
class Exported:
    """`reports` are training's by category, `lines` those of its test images, and `images` the data."""

    manifest: Path
    config: RunConfig
    infer_config: Path
    lines: Path
    reports: dict
    predictions: dict

    def arguments(self, *more):
        """What a command needs to find split and images of training again."""
        places = ("--infer-config", self.infer_config, "--manifest-path", self.manifest)
        return (*places, "--seed", SEED, "--set", "evaluation.bootstrap_replicates=20", *more)


@pytest.fixture(scope="session")
def exported(new_maker):
    """Normals without a split, so that the seed says which of them are tested."""
    maker = new_maker("deployed")
    for category in ("bolt", "nut"):
        for index in range(15):
            maker.add(category, f"good{index}")
        for index in range(3):
            maker.add(category, f"bad{index}", defect=True, meta={"station": index})
    return export(maker.write(), maker.folder.parent)


def export(manifest, folder):
    config = RunConfig(
        seed=SEED,
        dataset=DatasetConfig(manifest_path=str(manifest), resize=(32, 32)),
        model=ModelConfig(name="subspace", device="cpu", features=FeaturesConfig(backbone="filters")),
        threshold=ThresholdConfig(method="quantile", quantile=0.5),
        evaluation=EvaluationConfig(bootstrap_replicates=20),
    )
    prepared = prepare_dataset(config, Path(), SilentProgress())
    (folder / "maps").mkdir()
    runs = {}
    for category in prepared.categories:
        name = category.split.category

        def keep(index, _sample, anomaly_map, name=name):
            path = folder / "maps" / f"{name}{index}.npy"
            np.save(path, anomaly_map)
            return StoredArray(path=f"maps/{path.name}", shape=anomaly_map.shape, dtype="float32")

        run = run_category(category, prepared, config, Path(), SilentProgress(), map_sink=keep)
        for path, content in run.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        runs[name] = run
    (folder / "artifacts").mkdir()
    infer_config = folder / "artifacts" / "infer_config.json"
    deployed = InferConfig(
        pyimgano_version="0.1.0",
        from_run="run",
        model=unstructure(config.model),
        per_category={name: category_model(run.report, "..") for name, run in runs.items()},
        threshold_rule=config.threshold,
    )
    write_artifact(infer_config, deployed)
    lines = folder / "lines.jsonl"
    every = [line for run in runs.values() for line in run.predictions]
    lines.write_text("".join(to_json(line) + "\n" for line in every), encoding="utf-8")
    return Exported(
        manifest=manifest,
        config=config,
        infer_config=infer_config,
        lines=lines,
        reports={name: run.report for name, run in runs.items()},
        predictions={
            name: [evolve(line, anomaly_map=None) for line in run.predictions] for name, run in runs.items()
        },
    )

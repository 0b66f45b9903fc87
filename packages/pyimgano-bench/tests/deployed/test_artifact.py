import json
import shutil
from pathlib import Path

import pytest
from attrs import evolve

from pyimgano_bench.deployed._artifact import Artifact, check_categories, effective_config, read_deployable
from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.errors import ArtifactError, UsageError


@pytest.fixture
def artifact(exported):
    return read_deployable(exported.infer_config)


def changed(artifact, category, **changes):
    models = artifact.config.per_category
    models = {**models, category: evolve(models[category], **changes)}
    return evolve(artifact, config=evolve(artifact.config, per_category=models))


def test_a_whole_artifact_has_nothing_against_it(artifact):
    check_categories(artifact, ["bolt", "nut"], runs=True)


def test_a_category_that_it_lacks_is_named(artifact):
    with pytest.raises(UsageError, match=r"no model for category 'gear'; .*--category: 'bolt', 'nut'"):
        check_categories(artifact, ["bolt", "gear"], runs=True)


def test_a_category_without_a_threshold_has_no_verdicts(artifact):
    threshold = artifact.model("nut").threshold
    without = evolve(
        threshold, value=None, provenance=evolve(threshold.provenance, reason="no_calibration_images")
    )
    without = changed(artifact, "nut", threshold=without)
    check_categories(without, ["bolt"], runs=True)
    with pytest.raises(UsageError, match=r"'nut' has no threshold \(.+\), so it gives no verdicts"):
        check_categories(without, ["bolt", "nut"], runs=True)


def test_a_model_without_a_self_test_is_not_trusted(artifact):
    with pytest.raises(ArtifactError, match="'nut' has no self-test"):
        check_categories(changed(artifact, "nut", self_test=None), ["nut"], runs=False)


def test_a_missing_checkpoint_keeps_an_artifact_from_running_and_not_its_lines_from_being_read(artifact):
    checkpoint = evolve(artifact.model("nut").checkpoint, path="gone.onnx")
    without = changed(artifact, "nut", checkpoint=checkpoint)
    check_categories(without, ["nut"], runs=False)
    with pytest.raises(ArtifactError, match=r"gone\.onnx: the checkpoint of category 'nut' is missing"):
        check_categories(without, ["nut"], runs=True)


def test_the_config_of_a_cell_is_the_deployed_one(artifact, exported):
    tiled = Preprocessing(resize=(48, 32), sixteen_bit_range=(0, 4095), tiling=Tiling(scale=0.5))
    artifact = changed(artifact, "nut", preprocessing=tiled)
    config = evolve(exported.config, dataset=evolve(exported.config.dataset, category="nut"))
    found = json.loads(json.dumps(effective_config(artifact, config)))
    assert [48, 32] == found["dataset"]["resize"]
    assert [0, 4095] == found["dataset"]["sixteen_bit_range"]
    assert 0.5 == found["dataset"]["tiling"]["scale"]
    assert "subspace" == found["model"]["name"]
    assert "quantile" == found["threshold"]["method"]
    assert {"path": str(exported.infer_config), "sha256": artifact.sha256} == found["infer_config"]


def test_a_config_that_names_no_detector_still_has_a_label(artifact):
    unnamed = Artifact(path=Path("c.json"), sha256="0" * 64, config=evolve(artifact.config, model={}))
    assert ("subspace", "detector") == (artifact.detector, unnamed.detector)


def test_the_run_directory_is_read_where_the_artifact_still_stands_in_it(exported, tmp_path):
    run = tmp_path / "run"
    (run / "artifacts").mkdir(parents=True)
    path = shutil.copy(exported.infer_config, run / "artifacts" / "infer_config.json")
    assert read_deployable(path).run is None
    (run / "config.json").write_text(to_json(exported.config))
    assert exported.config == read_deployable(path).run
    (run / "config.json").write_text("another program's")
    assert read_deployable(path).run is None

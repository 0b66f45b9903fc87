import json
import shutil

import pytest
from attrs import evolve

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.metric import Interval, ObservedRate
from pyimgano_core.contracts.threshold import (
    Certificate,
    FallbackStep,
    ScoreSummary,
    Threshold,
    ThresholdProvenance,
)
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer._config import read_config
from pyimgano_infer._models import load_one
from pyimgano_infer._pack import pack


def test_a_packed_folder_stands_by_itself(make_config, grey, tmp_path):
    config = make_config("bolt", "../../Nut")
    expected = load_one(config, "bolt").score(grey("a.png", 77)).score
    packed = pack(config, tmp_path / "new" / "packed")
    shutil.rmtree(tmp_path / "run")
    moved = (tmp_path / "new" / "packed").rename(tmp_path / "moved")
    assert tmp_path / "new" / "packed" / "infer_config.json" == packed
    assert expected == load_one(moved / "infer_config.json", "bolt").score(tmp_path / "a.png").score
    assert "../../Nut" == load_one(moved / "infer_config.json", "../../Nut").category


def test_a_category_s_name_can_t_leave_the_folder(make_config, tmp_path):
    pack(make_config("../../pwn"), tmp_path / "packed")
    names = [path.name for path in (tmp_path / "packed" / "checkpoints").iterdir()]
    assert 1 == len(names)
    assert names[0].endswith(".onnx")


def test_packing_twice_gives_the_same_bytes(config, tmp_path):
    first, second = (pack(config, tmp_path / name) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_fields_that_this_version_does_not_know_are_packed_too(edit_config, tmp_path):
    packed = pack(edit_config(lambda part: part.update(later={"a": 1})), tmp_path / "packed")
    assert {"a": 1} == json.loads(packed.read_text())["per_category"]["part"]["later"]


def test_thresholds_are_packed_with_all_that_is_known_of_them(make_config, tmp_path):
    path = make_config(review=0.25, minimum_area=5)
    config = read_config(path)
    part = config.per_category["part"]
    rate = ObservedRate(
        count=1, total=400, rate=0.0025, interval=Interval(low=0.0001, high=0.014, level=0.95)
    )
    provenance = ThresholdProvenance(
        method="quantile",
        requested="conformal",
        parameters={"alpha": 0.001, "quantile": 0.995},
        fallbacks=(
            FallbackStep(
                method="conformal", reason="too_few_normals", message="few", needed=999, available=400
            ),
        ),
        certificate=Certificate(target=0.001, level=0.005, reason="too_few_normals"),
        calibration_sha256="0" * 64,
        score_summary=ScoreSummary(count=400, min=0.1, max=0.7, mean=1 / 3, std=0.1, quantiles={"p50": 0.3}),
        calibration_rate=rate,
        test_rate=rate,
        versions={"pyimgano-core": "0.1.0"},
    )
    exact = Threshold(value=0.30000000000000004, provenance=provenance)
    part = evolve(part, threshold=evolve(exact, value=0.7), review_threshold=exact)
    config = evolve(config, per_category={"part": part})
    write_artifact(path, config)
    packed = read_config(pack(path, tmp_path / "packed"))
    checkpoint = evolve(part.checkpoint, path=packed.per_category["part"].checkpoint.path)
    assert evolve(config, per_category={"part": evolve(part, checkpoint=checkpoint)}) == packed


def test_an_empty_folder_is_filled_and_any_other_is_refused(config, tmp_path):
    (tmp_path / "packed").mkdir()
    pack(config, tmp_path / "packed")
    before = sorted((tmp_path / "packed").rglob("*"))
    with pytest.raises(UsageError, match="not empty"):
        pack(config, tmp_path / "packed")
    assert before == sorted((tmp_path / "packed").rglob("*"))


def test_a_bad_checkpoint_leaves_nothing_behind(config, tmp_path):
    checkpoint = tmp_path / "run" / "checkpoints" / "part" / "model.onnx"
    checkpoint.write_bytes(checkpoint.read_bytes()[::-1])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArtifactError, match="sha256"):
        pack(config, tmp_path / "packed")
    assert before == sorted(tmp_path.iterdir())

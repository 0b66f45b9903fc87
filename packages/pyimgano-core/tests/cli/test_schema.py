import copy
import json
from importlib.resources import files

import pytest
from attrs import evolve
from click.testing import CliRunner

from pyimgano_core.artifacts import parse_json, to_json
from pyimgano_core.cli.schema import schema, schema_of
from pyimgano_core.contracts.config import EvaluationConfig, ModelConfig, RunConfig, ThresholdConfig
from pyimgano_core.contracts.data_line import DataLine
from pyimgano_core.contracts.drift import DriftedQuantity
from pyimgano_core.contracts.environment import Environment, GitState
from pyimgano_core.contracts.evaluation import (
    CategoryEvaluation,
    EvaluationReport,
    MapCounts,
    Matching,
    PredictionsSource,
)
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    InferConfig,
    Preprocessing,
    Runtime,
    SelfTest,
)
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.part import PartVerdict, PartView
from pyimgano_core.contracts.prediction import Failure, Prediction, StoredArray
from pyimgano_core.contracts.preflight import CategorySummary, CheckState, PreflightReport, ReportedIssue
from pyimgano_core.contracts.region import Region
from pyimgano_core.contracts.report import (
    CategoryReport,
    DatasetSummary,
    InputFailure,
    PixelResults,
    Results,
    RunReport,
)
from pyimgano_core.contracts.split import Fingerprint
from pyimgano_core.contracts.structuring import structure
from pyimgano_core.contracts.threshold import ScoreSummary, Threshold, ThresholdProvenance

NAMES = (
    "category_report",
    "data_line",
    "environment",
    "evaluation",
    "infer_config",
    "infer_summary",
    "manifest_record",
    "part_verdict",
    "prediction",
    "preflight",
    "preflight_issue",
    "run_config",
    "run_report",
)
ISSUE = Issue(
    code="PF106",
    name="MANIFEST_INVALID_JSON",
    severity=Severity.ERROR,
    message="m",
    location=Location(manifest="m.jsonl", line=3),
    data={"count": 1},
)
REPORTED = ReportedIssue(
    code="PF106",
    name="MANIFEST_INVALID_JSON",
    severity=Severity.ERROR,
    message="m",
    location=Location(manifest="m.jsonl", line=3),
    fingerprint="0" * 32,
    known=True,
)
GATE = PixelGate(enabled=False, reason="no_masks", message="m")
FAILURE = Failure(code="truncated", message="m")
CHECKPOINT = Checkpoint(path="checkpoints/a/model.onnx", sha256="0" * 64, size_bytes=1)
THRESHOLD = Threshold(
    value=1.5,
    provenance=ThresholdProvenance(
        method="quantile",
        score_summary=ScoreSummary(count=1, min=1, max=1, mean=1, std=0, quantiles={"p50": 1}),
        warnings=("w",),
    ),
)
SELF_TEST = SelfTest(seed=0, score=1.0, map_maximum=1.0, tolerance=1e-4)
CATEGORY_REPORT = CategoryReport(
    category="a",
    slug="a",
    dataset_summary=DatasetSummary(
        train_count=1, calibration_count=1, test_count=2, test_anomaly_count=1, test_anomaly_ratio=0.5
    ),
    split_fingerprint=Fingerprint(sha256="0" * 64, counts={"train": 1}),
    pixel_metrics_status=GATE,
    threshold=THRESHOLD,
    pixel_threshold=evolve(THRESHOLD, value=None),
    results=Results(
        auroc=None,
        average_precision=0.5,
        f1_max=0.5,
        f1_max_threshold=1.0,
        metrics={"tp": 1, "precision": None},
        pixel_metrics=PixelResults(
            pixel_auroc=0.5,
            pixel_average_precision=None,
            pixel_f1_max=None,
            aupro=None,
            aupro_limit=0.3,
            image_count=2,
            region_count=1,
        ),
        reasons={"auroc": "no_negatives"},
        flags={"f1_max": ("constant_scores",)},
    ),
    checkpoint=CHECKPOINT,
    preprocessing=Preprocessing(resize=(64, 64)),
    self_test=SELF_TEST,
    failures=(InputFailure(role="train", input="a.png", error=FAILURE),),
    issues=(ISSUE,),
)
PREDICTIONS = PredictionsSource(path="p.jsonl", sha256="0" * 64, line_count=2, keys={"input": 2})
INSTANCES = {
    "category_report": CATEGORY_REPORT,
    "data_line": DataLine(role="test", input="a.png", label=1, sha256=None, mask_sha256="0" * 64),
    "environment": Environment(
        implementation="CPython",
        platform="Linux",
        machine="x86_64",
        packages={"python": "3.13.0", "torch": None},
        fingerprint_sha256="0" * 64,
        processors=None,
        git=GitState(commit="0" * 40, dirty=True),
    ),
    "evaluation": EvaluationReport(
        pyimgano_version="0.1.0",
        predictions=PREDICTIONS,
        manifest="m.jsonl",
        calibration=PREDICTIONS,
        seed=0,
        threshold_config=ThresholdConfig(),
        evaluation_config=EvaluationConfig(),
        matching=Matching(by_text=2),
        categories=("a",),
        per_category={
            "a": CategoryEvaluation(
                category="a",
                slug="a",
                test_count=2,
                test_anomaly_count=1,
                pixel_metrics_status=GATE,
                maps=MapCounts(needed=2),
                threshold=THRESHOLD,
                pixel_threshold=THRESHOLD,
                review_threshold=THRESHOLD,
                results=CATEGORY_REPORT.results,
                split_fingerprint=CATEGORY_REPORT.split_fingerprint,
                failures=CATEGORY_REPORT.failures,
            )
        },
        issues=(ISSUE,),
    ),
    "infer_config": InferConfig(
        pyimgano_version="0.1.0",
        from_run="run",
        per_category={
            "a": CategoryModel(
                checkpoint=CHECKPOINT,
                preprocessing=Preprocessing(resize=(64, 64)),
                threshold=THRESHOLD,
                self_test=SELF_TEST,
            )
        },
    ),
    "infer_summary": InferSummary(
        pyimgano_version="0.1.0",
        infer_config="c.json",
        n_inputs=2,
        n_ok=1,
        n_failed=1,
        n_normal=1,
        n_anomalous=0,
        n_unlabelled=0,
        errors={"truncated": 1},
        thresholds={"a": None},
        seconds=1.0,
        images_per_second=2.0,
        runtimes=(Runtime(package="onnxruntime", version="1.22.0", provider="CPUExecutionProvider"),),
        drift=(
            DriftedQuantity(
                category="a",
                quantity="score",
                statistic=0.5,
                p_value=0.1,
                effect=-0.5,
                count=1,
                reference_count=2,
                drifted=False,
            ),
        ),
    ),
    "part_verdict": PartVerdict(
        part_id="7",
        label=None,
        reason="failed_view",
        n_views=2,
        n_failed=1,
        worst_index=0,
        max_ratio=0.5,
        views=(
            PartView(index=0, category="a", label="normal", ratio=0.5),
            PartView(index=1, category="b", error="truncated"),
        ),
    ),
    "prediction": Prediction(
        index=0,
        input="a.png",
        category="a",
        score=1.0,
        label="anomalous",
        image_size=(2, 3),
        anomaly_map=StoredArray(path="m.npy", shape=(2, 3), dtype="float32"),
        regions=(
            Region(id=1, bbox_xyxy=(0, 0, 1, 1), area=1, score_max=1, score_mean=1, centroid_xy=(0, 0)),
        ),
        error=FAILURE,
        meta={"camera": [1, None]},
    ),
    "preflight": PreflightReport(
        pyimgano_version="0.1.0",
        status="error",
        categories=(
            CategorySummary(
                category="a",
                train_count=1,
                calibration_count=1,
                calibration_source="val",
                test_count=1,
                test_anomaly_count=1,
                mask_count=0,
                pixel_metrics_status=GATE,
            ),
        ),
        summary={"by_code": {"PF106": 1}},
        checks=(CheckState(code="PF106", state="skipped", reason="m"),),
        issues=(REPORTED,),
        times={"started": "2020-01-01T00:00:00+00:00", "seconds": 0.5},
    ),
    "preflight_issue": REPORTED,
    "run_config": RunConfig(model=ModelConfig(options={"coreset_ratio": 0.1})),
    "run_report": RunReport(
        timestamp_utc="2020-01-01T00:00:00+00:00",
        pyimgano_version="0.1.0",
        dataset="manifest",
        category="all",
        model="padim",
        recipe=None,
        seed=0,
        resize=(64, 64),
        categories=("a",),
        mean_metrics={"auroc": None},
        per_category={"a": CATEGORY_REPORT},
        issues=(ISSUE,),
    ),
}
RECORD = {"image_path": "a.png", "category": "a"}


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")

    def of(name):
        jsonschema.Draft202012Validator.check_schema(schema_of(name))
        return jsonschema.Draft202012Validator(schema_of(name))

    return of


def run(*arguments):
    result = CliRunner().invoke(schema, list(arguments))
    assert result.exception is None
    return result.output


def test_the_schemas_are_listed():
    assert "".join(f"{name}\n" for name in NAMES) == run()


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_json(name):
    assert schema_of(name) == json.loads(run(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_schema_is_the_generated_one(tmp_path, name):
    run("--write", str(tmp_path))
    shipped = files("pyimgano_core") / "schemas" / f"{name}.json"
    assert (tmp_path / f"{name}.json").read_bytes() == shipped.read_bytes()


def test_no_other_schema_is_shipped():
    shipped = {entry.name for entry in (files("pyimgano_core") / "schemas").iterdir()}
    assert {f"{name}.json" for name in NAMES} == shipped


def test_one_schema_is_written_alone(tmp_path):
    run("prediction", "--write", str(tmp_path))
    assert ["prediction.json"] == [path.name for path in tmp_path.iterdir()]


def test_an_unknown_name_is_told_with_the_nearest():
    result = CliRunner().invoke(schema, ["predictions"])
    assert "schema 'predictions': unknown name; did you mean 'prediction'?" == str(result.exception)


@pytest.mark.parametrize("name", INSTANCES)
def test_what_is_written_fits_its_schema_and_its_contract(validator, name):
    instance = INSTANCES[name]
    document = parse_json(to_json(instance))
    assert [] == list(validator(name).iter_errors(document))
    assert instance == structure(document, type(instance), known_only=True)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"run_config"}))
def test_later_additions_fit_todays_schema(validator, name):
    document = parse_json(to_json(INSTANCES.get(name, RECORD)))
    assert validator(name).is_valid(document | {"later": {"x": 1}})


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("run_config", ("sed",), 1),
        ("run_config", ("dataset", "categry"), "x"),
        ("run_config", ("dataset", "resize"), [64]),
        ("run_config", ("seed",), "3"),
        ("run_config", ("dataset", "name"), "mvtek"),
        ("prediction", ("label",), "good"),
        ("prediction", ("regions",), [{"id": 1}]),
        ("infer_config", ("kind",), "pyimgano.other"),
        ("infer_config", ("schema_version",), 2),
        ("run_report", ("per_category", "a", "threshold", "value"), "1.5"),
    ],
)
def test_what_the_contract_refuses_the_schema_refuses(validator, name, path, value):
    document = copy.deepcopy(parse_json(to_json(INSTANCES[name])))
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert not validator(name).is_valid(document)


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"split": "train"}, True),
        ({"split": "test", "label": 1, "mask_path": "m.png", "meta": {"x": 1}}, True),
        ({"group_id": None, "later": 1}, True),
        ({"split": "test"}, False),
        ({"label": 2}, False),
        ({"label": True}, False),
        ({"label": "1"}, False),
        ({"split": "validation"}, False),
        ({"category": None}, False),
    ],
)
def test_a_line_of_a_manifest_is_described(validator, change, valid):
    assert valid == validator("manifest_record").is_valid(RECORD | change)

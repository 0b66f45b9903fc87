"""`pyimgano-core evaluate`: what it prints, what it writes and how it ends."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.cli.evaluate import evaluate
from pyimgano_core.contracts.evaluation import EvaluationReport
from pyimgano_core.errors import ConfigError, DataError, UsageError
from pyimgano_core.metrics import load_sketch

FAST = ["--set", "evaluation.bootstrap_replicates=20"]
SCORES = [(0.1, 0), (0.2, 0), (0.6, 0), (0.4, 1), (0.9, 1), (0.8, 1)]


@pytest.fixture
def predictions(tmp_path):
    """Return a function that writes lines of every category, with the truth."""

    def write(*categories, scores=SCORES):
        lines = [
            {"filename": f"{name}/{index}.png", "pred_score": score, "label": truth, "category": name}
            for name in categories
            for index, (score, truth) in enumerate(scores)
        ]
        path = tmp_path / "predictions.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return path

    return write


def run(path, *arguments):
    return CliRunner().invoke(
        evaluate, ["--predictions", str(path), *FAST, *map(str, arguments)], standalone_mode=False
    )


def process(*arguments, **options):
    code = "from pyimgano_core.cli.main import main; main()"
    command = [sys.executable, "-c", code, "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_people_get_a_table_and_what_is_to_be_known_of_it(predictions):
    result = run(predictions("cup"), "--set", "threshold.method=fixed", "--set", "threshold.value=0.5")
    assert 0 == result.return_value
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["category", "images", "anomalous", "AUROC"]
    assert ["cup", "6", "3", "0.8889"] == lines[1].split()[:4]
    assert ["0.5", "1/3", "1/3"] == lines[1].split()[-3:]
    assert "predictions: 6 lines, read by the keys filename, label, pred_score" in lines
    assert "cup: no pixel metrics: without --manifest there are no masks" in lines
    assert "cup: the threshold is fixed by the config" in lines


def test_why_there_is_no_threshold_and_no_metric_is_told(predictions):
    output = run(predictions("cup", scores=[(0.1, 0), (0.2, 0)])).stdout
    assert "cup: image AUROC, image AP, image F1-max undefined: there are no anomalous test images" in output
    assert "cup: no threshold: give --infer-config, --calibration, or threshold.method = fixed" in output


def test_a_calibration_file_that_sets_nothing_is_told_as_such(predictions):
    same = predictions("cup")
    output = run(same, "--calibration", same).stdout
    assert "cup: no threshold: no line of --calibration can set one; the issues EV401 say why" in output


def test_a_review_band_stands_beside_the_misses(predictions):
    fixed = ["threshold.method=fixed", "threshold.value=0.85", "threshold.review.method=fixed"]
    settings = [word for each in [*fixed, "threshold.review.value=0.15"] for word in ("--set", each)]
    header, row = run(predictions("cup"), *settings).stdout.splitlines()[:2]
    assert header.endswith("false alarms  misses  review")
    assert row.endswith("2/3 + 2/3")
    assert ["0/3", "0/3"] == row.split()[-5:-3]


def test_a_threshold_that_was_calibrated_says_on_what(predictions, tmp_path):
    normals = tmp_path / "normals.jsonl"
    normals.write_text("".join(f'{{"path": "n/{i}.png", "score": 0.{i}}}\n' for i in range(10, 40)))
    output = run(predictions("cup"), "--calibration", normals).stdout
    assert "cup: the threshold is set by quantile on 30 normals" in output
    assert "conformal at alpha 0.01 needs 99 calibration normals and has 30" in output
    assert "cup: No rate is certified: it is not known whether calibration images were fitted." in output
    assert "calibration: 30 lines, read by the keys path, score" in output


def test_several_categories_have_a_mean_that_lacks_what_one_of_them_lacks(predictions):
    result = run(predictions("a", "b"), "--json")
    report = json.loads(result.stdout)
    assert (8 / 9, None) == (report["mean_metrics"]["auroc"], report["mean_metrics"]["aupro"])
    [row] = [line for line in run(predictions("a", "b")).stdout.splitlines() if line.startswith("mean")]
    assert ["mean", "0.8889"] == row.split()[:2]


def test_the_thresholds_of_a_deployed_config_are_used_as_they_are(predictions, tmp_path):
    origin = {"method": "evt", "requested": "evt", "checkpoint_sha256": "0" * 64, "calibration_count": 500}
    model = {
        "checkpoint": {"path": "absent.onnx", "sha256": "0" * 64, "size_bytes": 1},
        "preprocessing": {"resize": [64, 64]},
        "threshold": {"value": 0.7, "provenance": origin},
        "review_threshold": {"value": 0.5, "provenance": origin},
    }
    config = tmp_path / "infer_config.json"
    document = {
        "kind": "pyimgano.infer_config", "schema_version": 1, "requires": ["review_band"],
        "pyimgano_version": "0.1.0", "from_run": "run", "per_category": {"cup": model},
    }  # fmt: skip
    config.write_text(json.dumps(document), encoding="utf-8")
    result = run(predictions("cup"), "--infer-config", config, "--json")
    found = json.loads(result.stdout)["per_category"]["cup"]
    assert (0.7, "evt", 0.5) == (
        found["threshold"]["value"],
        found["threshold"]["provenance"]["method"],
        found["review_threshold"]["value"],
    )
    assert (0, 1) == tuple(found["results"][name]["count"] for name in ("false_alarm_rate", "miss_rate"))
    assert 1 == found["results"]["review"]["normal"]["count"]
    assert (
        "cup: the threshold is the deployed one, set by evt"
        in run(predictions("cup"), "--infer-config", config).stdout.splitlines()
    )
    wrong = run(predictions("cap"), "--infer-config", config).exception
    assert isinstance(wrong, UsageError)
    assert "has no category 'cap'; choose one it has with --category: 'cup'" in str(wrong)
    both = run(predictions("cup"), "--infer-config", config, "--calibration", tmp_path / "x.jsonl").exception
    assert isinstance(both, UsageError)


def test_json_is_the_report_and_so_is_the_output_file(predictions, tmp_path):
    result = run(predictions("cup"), "--json", "--output", tmp_path / "out" / "report.json")
    report = read_artifact(tmp_path / "out" / "report.json", EvaluationReport)
    document = json.loads(result.stdout)
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == document
    assert ("pyimgano.evaluation", {"filename": 6, "label": 6, "pred_score": 6}) == (
        report.kind, report.predictions.keys
    )  # fmt: skip
    assert 8 / 9 == report.per_category["cup"].results.auroc


def test_a_sketch_goes_to_a_file_or_those_of_categories_to_a_folder(predictions, tmp_path):
    assert 0 == run(predictions("cup"), "--sketch", tmp_path / "one.npz").return_value
    assert 6 == len(load_sketch(tmp_path / "one.npz").names)
    both = predictions("a", "b")
    assert 0 == run(both, "--sketch", tmp_path / "sketches").return_value
    assert ["a.metric_sketch.npz", "b.metric_sketch.npz"] == sorted(
        path.name for path in (tmp_path / "sketches").iterdir()
    )
    assert 0 == run(both, "--sketch", tmp_path / "two.npz").return_value
    assert ["two.a.npz", "two.b.npz"] == sorted(path.name for path in tmp_path.glob("two*"))


def test_the_config_and_its_overrides_are_followed(predictions, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        'seed = 3\n[dataset]\nname = "demo"\n[threshold]\nmethod = "fixed"\nvalue = 0.3\n'
        "[evaluation]\nfalse_alarm_limit = 0.1\n",
        encoding="utf-8",
    )
    result = run(predictions("cup"), "--config", config, "--set", "threshold.value=0.7", "--json")
    report = json.loads(result.stdout)
    assert (3, 0.7, 0.1, None) == (
        report["seed"],
        report["per_category"]["cup"]["threshold"]["value"],
        report["evaluation_config"]["false_alarm_limit"],
        report["manifest"],
    )
    assert 7 == json.loads(run(predictions("cup"), "--config", config, "--seed", 7, "--json").stdout)["seed"]


def test_one_category_can_be_chosen(predictions):
    report = json.loads(run(predictions("a", "b"), "--category", "b", "--json").stdout)
    assert ["b"] == report["categories"]


def test_a_manifest_is_named_from_the_current_folder(write_dataset, tmp_path, monkeypatch):
    write_dataset()
    lines = [
        f'{{"image": "part/{kind}/00{i}.png", "score": {i}}}\n'
        for kind in ("normal", "anomalous")
        for i in range(4)
    ]
    (tmp_path / "p.jsonl").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.toml").write_text("seed = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = run("p.jsonl", "--manifest", "data/manifest.jsonl", "--config", "conf/c.toml")
    assert 0 == result.return_value
    assert "matched: 8 by text, 0 by file, 0 by end of path\n" in result.stdout


def test_bad_lines_are_told_on_stderr_and_end_with_4(predictions):
    path = predictions("cup")
    with path.open("a", encoding="utf-8") as stream:
        stream.write("nonsense\n")
    result = run(path)
    assert 4 == result.return_value
    assert f"{path}:7: error EV101 PREDICTION_INVALID_LINE: not valid JSON" in result.stderr
    assert "predictions: 7 lines, 1 of them bad" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--set", "threshold.methd=1"], ConfigError),
        (["--seed", "-1"], ConfigError),
        (["--config", "none.toml"], ConfigError),
        (["--manifest", "none.jsonl"], DataError),
        (["--calibration", "none.jsonl"], DataError),
        (["--maps", "none"], UsageError),
    ],
)
def test_mistakes_are_told(predictions, arguments, error):
    assert isinstance(run(predictions("cup"), *arguments).exception, error)


def test_a_folder_is_no_file_to_write_the_report_to(predictions, tmp_path):
    assert isinstance(run(predictions("cup"), "--output", tmp_path).exception, click.BadParameter)


def test_a_process_ends_with_the_documented_code_and_one_line(predictions, tmp_path):
    missing = process("--predictions", tmp_path / "none.jsonl")
    assert (2, f"Error: predictions {str(tmp_path / 'none.jsonl')!r} not found\n", "") == (
        missing.returncode, missing.stderr, missing.stdout
    )  # fmt: skip
    below_a_file = process(
        "--predictions", predictions("cup"), *FAST, "--output", predictions("cup") / "r.json"
    )
    assert (74, 1) == (below_a_file.returncode, below_a_file.stderr.count("\n"))


def test_help_loads_no_numbers():
    code = """
import sys
from pyimgano_core.cli.main import main
sys.argv = ["pyimgano-core", "evaluate", "--help"]
try:
    main()
finally:
    print(sorted({"numpy", "PIL", "attrs"} & set(sys.modules)), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == result.stderr

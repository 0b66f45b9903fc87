import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import define, evolve
from click.testing import CliRunner

from pyimgano_core import progress
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.progress import SilentProgress
from pyimgano_workbench.cli import main, train
from pyimgano_workbench.commands import warn_of_memory
from pyimgano_workbench.memory import MemoryForecast
from pyimgano_workbench.origin import RunOrigin

COMMAND = [sys.executable, "-c", "from pyimgano_workbench.cli import main; main()"]


def start_train(*arguments):
    """Run the command in a process of its own, which takes seconds: for what a process alone can show."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False
    )


@define
class Ended:
    """How the command ended, as of a process."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_train(capsys, monkeypatch):
    """Run the command in this process, in all as in one of its own."""

    def run_here(*arguments):
        monkeypatch.setattr(sys, "argv", ["pyimgano-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code), *capsys.readouterr())

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield run_here
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_dry_run_prints_the_effective_config(make_config, dataset, tmp_path):
    result = start_train("--config", make_config(dataset), "--dry-run", "--set", "seed=7")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {
        "config": {
            "seed": 7,
            "recipe": None,
            "dataset": {
                "name": "manifest",
                "root": None,
                "manifest_path": str(dataset),
                "category": "all",
                "resize": [64, 64],
                "sixteen_bit_range": [0, 65535],
                "split_policy": {
                    "mode": "benchmark",
                    "scope": "category",
                    "seed": None,
                    "test_normal_fraction": 0.2,
                    "calibration_fraction": 0.2,
                    "group_conflict": "error",
                    "leakage": "error",
                },
            },
            "model": {
                "name": "padim",
                "device": "auto",
                "features": {"backbone": "filters", "weights": None, "layers": None},
                "options": {},
            },
            "threshold": {
                "method": "conformal",
                "alpha": 0.01,
                "confidence": 0.95,
                "quantile": 0.995,
                "k": 3.0,
                "tail_fraction": 0.1,
                "value": None,
                "pixel_value": None,
                "pixel_minimum_area": 1,
                "review": None,
            },
            "evaluation": {
                "pixel_metrics": True,
                "pixel_subset": "all",
                "aupro_limit": 0.3,
                "aupimo_limits": [1e-5, 1e-4],
                "saturation": None,
                "false_alarm_limit": 0.05,
                "miss_limit": 0.05,
                "interval_level": 0.95,
                "bootstrap_replicates": 1000,
            },
            "output": {"output_dir": str(tmp_path / "run"), "save_maps": False},
        }
    }
    assert not (tmp_path / "run").exists()


def test_every_config_mistake_is_named_with_its_path_and_no_traceback(run_train, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('ouput = 1\n[dataset]\ncategry = "x"\n[model]\nname = 3\n', encoding="utf-8")
    result = run_train("--config", path)
    assert result.returncode == 64
    assert "$.ouput: unknown key; did you mean 'output'?" in result.stderr
    assert "$.dataset.categry: unknown key; did you mean 'category'?" in result.stderr
    assert "$.model.name: must be text, not 3" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --config FILE"),
        (["--config", "missing.toml"], "missing.toml: no such config file"),
        (["--recipe", "balancd"], "did you mean 'balanced'?"),
        (["--dataset", "mvtec"], "$.dataset.root"),
        (["--dataset", "demo", "--set", "seed"], "dotted.key=value"),
        (["--dataset", "demo", "--set", "model.name=patchcor"], "did you mean 'patchcore'?"),
        (["--no-such-option"], "No such option"),
        (["--dataset", "demo", "--dry-run", "--preflight"], "--dry-run stands alone: leave out --preflight"),
        (["--resume", "run", "--reproduce", "run"], "--resume stands alone: leave out --reproduce"),
        (["--resume", "run", "--config", "c.toml"], "--resume takes --config from the run: leave it out"),
        (["--reproduce", "run", "--recipe", "fast"], "--reproduce takes --recipe from the run"),
        (["--update", "run", "--with", "m.jsonl", "--set", "seed=1"], "--update takes --set from the run"),
        (["--update", "run"], "--update RUN and --with MANIFEST belong together"),
        (["--dataset", "demo", "--with", "m.jsonl"], "--update RUN and --with MANIFEST belong together"),
        (["--reproduce", "missing"], "missing: no such run directory"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_code_64(run_train, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_train(*arguments)
    assert (result.returncode, "Traceback" in result.stderr) == (64, False)
    assert message in result.stderr


def test_recipes_are_listed_and_shown():
    listed = CliRunner().invoke(train, ["--list-recipes"])
    assert "balanced" in listed.output
    shown = CliRunner().invoke(train, ["--recipe-info", "balanced"])
    assert 'name = "patchcore"' in shown.output


def test_categories_are_listed(run_train, make_dataset, make_config):
    config = make_config(make_dataset(categories=("b", "a")))
    assert run_train("--config", config, "--list-categories").stdout == "a\nb\n"


def test_training_prints_a_table_and_the_command_to_try_next(make_config, dataset, tmp_path):
    result = start_train("--config", make_config(dataset), "--export-infer-config")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("category")
    assert "pyimgano-infer --infer-config" in result.stdout
    assert str(tmp_path / "run") in result.stdout
    assert result.stderr == ""
    image = Path(shlex.split(result.stdout.splitlines()[-1])[-1])
    assert image.is_file()
    assert len(str(image)) <= len(str(image.absolute().resolve()))  # not ../../../../ to it from far away


def test_a_finished_run_is_refused_and_not_mixed(run_train, make_config, dataset, tmp_path):
    config = make_config(dataset)
    assert run_train("--config", config).returncode == 0
    before = (tmp_path / "run" / "report.json").read_bytes()
    again = run_train("--config", config)
    assert again.returncode == 64
    assert "exists" in again.stderr
    assert (tmp_path / "run" / "report.json").read_bytes() == before


def test_a_folder_that_is_there_is_no_place_for_a_run(run_train, make_config, dataset):
    result = run_train("--config", make_config(dataset), "--output-dir", ".")
    assert result.returncode == 64
    assert "exists" in result.stderr


def test_data_errors_end_with_code_2_and_leave_no_run_directory(run_train, make_config, dataset, tmp_path):
    with dataset.open("a", encoding="utf-8") as stream:
        stream.write('{"image_path": "part_train0.png", "category": "part", "split": "test", "label": 0}\n')
        stream.write('{"image_path": "x.png", "category": "part", "label": true}\n')
    result = run_train("--config", make_config(dataset))
    assert result.returncode == 2
    assert "MANIFEST_DUPLICATE_IMAGE" in result.stderr or "DUPLICATE_RECORD_CONFLICT" in result.stderr
    assert "MANIFEST_INVALID_RECORD" in result.stderr
    assert list(tmp_path.glob("run*")) == []


def test_an_unreadable_image_costs_only_itself(run_train, make_config, dataset, tmp_path):
    (dataset.parent / "part_train1.png").write_bytes(b"no image")
    content = (dataset.parent / "part_bad2.png").read_bytes()
    (dataset.parent / "part_bad2.png").write_bytes(content[: len(content) // 2])
    result = run_train("--config", make_config(dataset), "--json")
    assert result.returncode == 4
    report = json.loads(result.stdout)["per_category"]["part"]
    assert {failure["input"] for failure in report["failures"]} == {"part_train1.png", "part_bad2.png"}
    lines = (tmp_path / "run/categories/part/per_image.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines].count("error") == 1
    assert len(lines) == 8


# The process interrupts itself, so that a busy machine can't let it end before another one would.
INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from pyimgano_workbench.cli import main

def interrupt(first=Path(sys.argv.pop(1))):
    while not first.exists():
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_an_interrupt_keeps_what_was_finished_and_the_same_command_resumes(
    run_train, make_dataset, make_config, tmp_path
):
    config = make_config(make_dataset(categories=("a", "b", "c")))
    first = tmp_path / "run.partial/categories/a/report.json"
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, first, "--config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    stderr = process.stderr
    assert process.returncode == 130
    assert "Traceback" not in stderr
    made = first.stat().st_mtime_ns
    assert run_train("--config", config).returncode == 0
    assert (tmp_path / "run/categories/a/report.json").stat().st_mtime_ns == made
    assert not (tmp_path / "run.partial").exists()
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["categories"] == ["a", "b", "c"]


def test_an_unfinished_run_with_other_settings_is_refused(run_train, make_dataset, make_config, tmp_path):
    config = make_config(make_dataset())
    partial = tmp_path / "run.partial"
    partial.mkdir()
    origin = RunOrigin(key="another", settings="s", categories={}, config_folder="..")
    write_artifact(partial / "run.json", origin)
    result = run_train("--config", config)
    assert result.returncode == 64
    assert "unfinished run with other settings or data" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "issue"),
    [
        ([], 64, "PF905"),
        (["--config", "missing.toml"], 64, "PF905"),
        (["--dataset", "demo", "--set", "modl.name=padim"], 64, "PF905"),
        (["--dataset", "manifest"], 64, "PF905"),
    ],
)
def test_preflight_prints_its_document_whatever_happens(
    run_train, arguments, code, issue, tmp_path, monkeypatch
):
    pytest.importorskip("pyimgano_preflight")
    monkeypatch.chdir(tmp_path)
    result = run_train("--preflight", *arguments)
    summary = json.loads(result.stdout)["preflight"]["summary"]
    assert (code, {issue: 1}) == (result.returncode, summary["by_code"])
    assert {"error": 1, "warning": 0, "info": 0} == summary["by_severity"]
    assert "Error: " in result.stderr


def test_preflight_prints_what_the_data_check_prints(run_train, make_config, dataset):
    pytest.importorskip("pyimgano_preflight")
    (dataset.parent / "part_train0.png").write_text("text")
    config = make_config(dataset)
    ours = run_train("--preflight", "--config", config)
    script = "from pyimgano_preflight.cli import main; main()"
    command = [sys.executable, "-c", script, "check", "--config", config, "--json"]
    theirs = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 2 == ours.returncode == theirs.returncode
    found = [json.loads(each.stdout)["preflight"] for each in (theirs, ours)]
    assert all({"started", "seconds"} == set(report.pop("times")) for report in found)
    assert found[0] == found[1]


class NoMoreFiles(SilentProgress):
    """Lets the process open no file while files are read."""

    def track(self, items, label, total=None):
        if label != "reading files":
            yield from super().track(items, label, total)
            return
        resource = pytest.importorskip("resource", reason="no limit of open files")
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
        try:
            found = list(items)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        yield from found


def test_a_preflight_where_only_the_storage_failed_is_exit_code_4(
    run_train, make_config, dataset, monkeypatch
):
    pytest.importorskip("pyimgano_preflight")
    monkeypatch.setattr(progress, "for_terminal", NoMoreFiles)
    result = run_train("--preflight", "--config", make_config(dataset))
    report = json.loads(result.stdout)["preflight"]
    errors = {issue["code"] for issue in report["issues"] if issue["severity"] == "error"}
    assert ({"PF901"}, "error", 4) == (errors, report["status"], result.returncode)


RANDOM = "model.features.weights=random"


@pytest.mark.parametrize(
    ("settings", "issue"),
    [
        (["model.name=patchcor"], "PF906"),
        (["model.features.backbone=resnet18"], "PF907"),
        (["model.features.backbone=resnet999", RANDOM], "PF907"),
        (["model.features.backbone=resnet18", RANDOM, 'model.features.layers=["blocks.9"]'], "PF907"),
        (["model.features.backbone=vit_tiny_patch16_224", RANDOM, "dataset.resize=[65, 64]"], "PF907"),
        (["model.options.dimension=3"], "PF908"),
        (["model.options.dimensions=0"], "PF908"),
    ],
)
def test_a_model_that_training_refuses_fails_its_preflight(run_train, make_config, dataset, settings, issue):
    pytest.importorskip("pyimgano_preflight")
    given = ["--config", make_config(dataset), *(word for each in settings for word in ("--set", each))]
    result = run_train("--preflight", *given)
    assert 2 == result.returncode
    assert issue in json.loads(result.stdout)["preflight"]["summary"]["by_code"]
    for mode in ([], ["--dry-run"]):
        assert 64 == run_train(*given, *mode).returncode


def test_options_of_the_command_line_are_taken_as_they_are(make_config, dataset):
    given = 'Schraube "M8" \\ 🔧'
    result = start_train(
        "--config", make_config(dataset), "--dry-run", "--category", given, "--device", "cpu"
    )
    config = json.loads(result.stdout)["config"]
    assert (given, "cpu") == (config["dataset"]["category"], config["model"]["device"])


def test_a_manifest_is_named_from_the_current_folder_with_or_without_a_config(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[dataset]\nname = "demo"\n')
    for others in ((), ("--config", config)):
        printed = start_train(*others, "--manifest-path", "m.jsonl", "--dry-run").stdout
        found = json.loads(printed)["config"]["dataset"]
        assert ("manifest", str(Path("m.jsonl").absolute())) == (found["name"], found["manifest_path"])


def test_a_run_is_reproduced_updated_and_found_whole(run_train, make_config, dataset, tmp_path, monkeypatch):
    config = make_config(dataset)
    assert run_train("--config", config, "--set", "model.name=subspace").returncode == 0
    again = run_train("--reproduce", tmp_path / "run", "--output-dir", tmp_path / "again")
    assert (0, "") == (again.returncode, again.stderr)
    assert f"run: reproduced\nrun directory: {tmp_path / 'again'}\n" in again.stdout
    arguments = ("--set", "seed=5", "--output-dir", tmp_path / "other", "--json")
    other = run_train("--reproduce", tmp_path / "run", *arguments)
    assert 3 == other.returncode
    document = json.loads(other.stdout)
    assert ("pyimgano.reproduction", False) == (document["kind"], document["equal"])
    assert "settings" in other.stderr
    (dataset.parent / "new.png").write_bytes((dataset.parent / "part_train0.png").read_bytes() + b"\0")
    new = dataset.parent / "new.jsonl"
    new.write_text('{"image_path": "new.png", "category": "part"}\n')
    update = ("--update", tmp_path / "run", "--with", new, "--output-dir", tmp_path / "updated", "--json")
    assert {"part": 1} == json.loads(run_train(*update).stdout)["parent"]["added"]
    monkeypatch.chdir(tmp_path)
    whole = run_train("--resume", "updated")
    assert (0, True) == (whole.returncode, "\nrun directory: updated\n" in whole.stdout)


def test_preflight_predicts_the_memory_of_the_fit(run_train, make_dataset, make_config):
    pytest.importorskip("pyimgano_preflight")
    config = make_config(make_dataset(categories=("a", "b")))
    memory = json.loads(run_train("--preflight", "--config", config).stdout)["memory"]
    assert ["a", "b"] == sorted(memory["model_mb"])
    assert memory["fit_mb"] > memory["model_mb"]["a"] > 0
    assert memory["warning"] is None
    result = run_train("--preflight", "--config", config, "--set", "model.name=patchcor")
    assert json.loads(result.stdout)["memory"] is None


def test_a_fit_that_is_too_large_is_warned_of_wherever_stderr_goes(capsys):
    forecast = MemoryForecast(fit_mb=9.0, model_mb={}, available_mb=10.0, words="about 9 MB")
    warn_of_memory(forecast)
    assert "" == capsys.readouterr().err
    warn_of_memory(evolve(forecast, warning="9 MB are too much"))
    assert "Warning: 9 MB are too much\n" == capsys.readouterr().err

import csv
import json

import pytest

from pyimgano_bench.cli import benchmark
from pyimgano_core import progress
from pyimgano_core.cli.app import run
from pyimgano_core.metrics import bootstrap, load_sketch

QUICK = ("--detector", "subspace", "--backbone", "filters", "--resize", "32", "32", "--workers", "0")


@pytest.fixture
def command(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(benchmark, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


def cells_of(folder):
    return {path.name: json.loads(path.read_text()) for path in sorted((folder / "cells").glob("*.json"))}


def write_suite(tmp_path, manifest, *, extra="", detectors=None):
    detectors = detectors or {"subspace": '{ name = "subspace" }'}
    entries = "".join(f'[[detectors]]\nlabel = "{k}"\nmodel = {v}\n' for k, v in detectors.items())
    path = tmp_path / "suite.toml"
    path.write_text(
        f"""
[defaults.dataset]
resize = [32, 32]
[defaults.model.features]
backbone = "filters"
{extra}
{entries}
[[datasets]]
label = "parts"
dataset = {{ manifest_path = {json.dumps(str(manifest))} }}
""",
        encoding="utf-8",
    )
    return path


def test_a_benchmark_leaves_tables_in_every_form(command, manifest, tmp_path):
    code, out, err = command("--manifest-path", manifest, *QUICK, "--output-dir", "out")
    assert (0, "") == (code, err)
    assert ["bolt", "nut"] == [line.split()[0] for line in out.splitlines()[1:3]]
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert ["bolt", "nut"] == [row["category"] for row in rows]
    assert [row["image_auroc"] for row in document["rows"]] == [float(row["image_auroc"]) for row in rows]
    assert f"{document['rows'][0]['image_auroc']:.4f}" in (tmp_path / "out" / "results.md").read_text()
    assert all(row["pixel_auroc"] > 0.9 for row in document["rows"])


def test_where_there_is_no_terminal_a_long_run_tells_its_finished_cells(command, manifest, monkeypatch):
    monkeypatch.setattr(progress, "_LOG_SECONDS", 0.0)
    code, out, err = command("--manifest-path", manifest, *QUICK)
    told = [line.split("  ")[0] for line in err.splitlines() if line.startswith("cells")]
    assert (0, ["cells 1/2", "cells 2/2"]) == (code, told)
    assert "cells 1/2" not in out


def test_a_cell_holds_the_report_and_its_predictions(command, one_category, tmp_path):
    command("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    (cell,) = cells_of(tmp_path / "out").values()
    assert ("ok", "parts", "subspace", "bolt", 0) == tuple(
        cell[name] for name in ("status", "dataset", "detector", "category", "seed")
    )
    lines = (tmp_path / "out" / "cells" / cell["per_image"]["path"]).read_text().splitlines()
    predictions = [json.loads(line) for line in lines]
    assert cell["report"]["dataset_summary"]["test_count"] == len(predictions)
    assert [{"station": index} for index in range(4)] == [
        line["meta"] for line in predictions if line["y_true"] == 1
    ]
    assert {cell["report"]["threshold"]["value"]} == {line["threshold"] for line in predictions}


def test_a_cell_keeps_a_sketch_that_gives_its_intervals(command, one_category, tmp_path):
    command("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    (cell,) = cells_of(tmp_path / "out").values()
    sketch = load_sketch(tmp_path / "out" / "cells" / cell["metric_sketch"]["path"])
    interval = bootstrap(sketch, seed=0)["aupro"].interval
    stored = cell["report"]["results"]["pixel_metrics"]["intervals"]["aupro"]
    assert (stored["low"], stored["high"]) == (interval.low, interval.high)


def test_json_prints_the_document_that_is_written(command, one_category, tmp_path):
    _, out, _ = command("--manifest-path", one_category, *QUICK, "--output-dir", "out", "--json")
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(out)


def test_the_default_folder_is_fresh(command, one_category, tmp_path):
    command("--manifest-path", one_category, *QUICK)
    command("--manifest-path", one_category, *QUICK)
    folders = [folder.name for folder in (tmp_path / "runs").iterdir()]
    assert 2 == len(folders)
    assert all(name.startswith("bench_") for name in folders)


def test_the_same_command_gives_the_same_numbers(command, one_category, tmp_path):
    reports, lines = [], []
    for folder in ("a", "b"):
        command("--manifest-path", one_category, *QUICK, "--output-dir", folder)
        (cell,) = cells_of(tmp_path / folder).values()
        reports.append(cell["report"])
        lines.append((tmp_path / folder / "cells" / cell["per_image"]["path"]).read_bytes())
    assert reports[0] == reports[1]
    assert lines[0] == lines[1]


def test_a_second_run_computes_only_what_is_missing(command, manifest, tmp_path):
    arguments = ("--manifest-path", manifest, *QUICK, "--output-dir", "out")
    command(*arguments)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cells").iterdir()}
    lost = next(path for path in stamps if "nut" in path.name and path.suffix == ".json")
    before = json.loads(lost.read_text())
    lost.unlink()
    code, out, _ = command(*arguments)
    assert 0 == code
    assert "1 of 2 cells was there before" in out
    kept = [path for path in stamps if "bolt" in path.name]
    assert 3 == len(kept)
    assert all(stamps[path] == path.stat().st_mtime_ns for path in kept)
    after = json.loads(lost.read_text())
    assert before["report"] == after["report"]
    assert before["key"] == after["key"]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".npz"])
def test_a_damaged_cell_is_computed_again(command, one_category, tmp_path, suffix):
    arguments = ("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    command(*arguments)
    path = next(p for p in (tmp_path / "out" / "cells").iterdir() if p.suffix == suffix)
    path.write_bytes(path.read_bytes()[:-20])
    _, damaged, _ = command(*arguments)
    _, mended, _ = command(*arguments)
    assert "there before" not in damaged
    assert "1 of 1 cell was there before" in mended


def test_other_settings_never_reuse_a_cell_and_say_that_they_replaced_it(command, one_category):
    arguments = ("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    _, first, _ = command(*arguments)
    _, out, _ = command(*arguments, "--set", "threshold.quantile=0.5")
    assert "there before" not in out
    assert "give way" not in first
    assert "1 cell of other settings, data or versions in this folder had to give way" in out


def test_cells_that_a_command_does_not_name_are_told_of(command, manifest, tmp_path):
    arguments = ("--manifest-path", manifest, *QUICK, "--output-dir", "out")
    command(*arguments, "--category", "bolt")
    _, out, _ = command(*arguments, "--category", "nut")
    told = "1 cell of other settings in this folder is not in these tables"
    assert f"- {told}" in out.splitlines()
    assert told in (tmp_path / "out" / "results.md").read_text()


def test_each_seed_has_its_own_cells_and_the_mean_its_spread(command, one_category, tmp_path):
    _, out, _ = command(
        "--manifest-path", one_category, *QUICK, "--seed", 1, "--seed", 2, "--output-dir", "out"
    )
    cells = list(cells_of(tmp_path / "out").values())
    assert [1, 2] == sorted(cell["seed"] for cell in cells)
    assert [1, 2] == sorted(cell["config"]["seed"] for cell in cells)
    assert "seed" in out.splitlines()[0]
    assert "±" in out


def test_a_detector_that_fails_does_not_stop_the_others(command, one_category, tmp_path):
    suite = write_suite(
        tmp_path,
        one_category,
        detectors={"broken": '{ name = "subspace", device = "cuda:99" }', "good": '{ name = "subspace" }'},
    )
    code, out, err = command("--config", suite, "--workers", 0, "--output-dir", "out")
    assert 4 == code
    assert "broken on parts/bolt, seed 0 failed" in err
    assert "Traceback" not in err
    assert ["failed", *["-"] * 8] == next(line for line in out.splitlines() if " broken " in line).split()[2:]
    assert "parts/bolt broken seed 0: failed:" in out
    states = {
        cell["detector"]: (cell["status"], cell["error"]) for cell in cells_of(tmp_path / "out").values()
    }
    assert ("ok", None) == states["good"]
    assert ("failed", 74) == (states["broken"][0], states["broken"][1]["exit_code"])


def test_a_failure_that_is_all_there_is_gives_its_own_exit_code(command, one_category):
    code, _, _ = command(
        "--manifest-path", one_category, *QUICK, "--device", "cuda:99", "--output-dir", "out"
    )
    assert 74 == code


def test_a_failed_cell_is_tried_again(command, one_category, tmp_path):
    base = ("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    command(*base, "--device", "cuda:99")
    code, _, _ = command(*base, "--device", "cpu")
    assert 0 == code
    assert ["ok"] == [cell["status"] for cell in cells_of(tmp_path / "out").values()]


def test_a_category_without_a_readable_train_image_costs_itself_only(command, maker, tmp_path):
    maker.add_category("bolt")
    maker.add_category("nut")
    for index in range(8):
        (maker.folder / f"nut_train{index}.png").write_bytes(f"no image {index}".encode())
    code, out, _ = command("--manifest-path", maker.write(), *QUICK, "--output-dir", "out")
    assert 2 == code
    assert {"bolt": "ok", "nut": "failed"} == {
        cell["category"]: cell["status"] for cell in cells_of(tmp_path / "out").values()
    }
    assert "(1 of 2)" in out


def test_a_data_set_with_errors_costs_itself_only(command, maker, tmp_path):
    maker.add_category("bolt")
    good = maker.write()
    bad = good.with_name("bad.jsonl")
    bad.write_text(good.read_text() + '{"image_path": "bolt_bad0.png", "category": "bolt", "label": 7}\n')
    suite = write_suite(tmp_path, bad)
    entry = f'[[datasets]]\nlabel = "good"\ndataset = {{ manifest_path = {json.dumps(str(good))} }}\n'
    suite.write_text(suite.read_text() + entry)
    code, _, err = command("--config", suite, "--workers", 0, "--output-dir", "out")
    assert 2 == code
    assert "bad.jsonl:17" in err
    assert {"parts": "failed", "good": "ok"} == {
        cell["dataset"]: cell["status"] for cell in cells_of(tmp_path / "out").values()
    }


def test_without_masks_the_pixel_columns_say_why(command, maker):
    maker.add_category("bolt", masks=False)
    code, out, _ = command("--manifest-path", maker.write(), *QUICK, "--pixel", "--output-dir", "out")
    assert 0 == code
    assert ["-", "-"] == out.splitlines()[1].split()[5:7]
    assert "parts/bolt: no pixel metrics: " in out


def test_no_pixel_leaves_the_pixels_unmeasured_and_says_so(command, one_category, tmp_path):
    _, out, _ = command("--manifest-path", one_category, *QUICK, "--no-pixel", "--output-dir", "out")
    row = json.loads((tmp_path / "out" / "results.json").read_text())["rows"][0]
    assert (None, "disabled_by_config") == (row["pixel_auroc"], row["reasons"]["pixel_auroc"])
    assert "parts/bolt: no pixel metrics: " in out


def test_without_test_anomalies_the_undefined_has_its_reason(command, maker, tmp_path):
    maker.add_category("bolt", anomalies=0)
    code, out, _ = command("--manifest-path", maker.write(), *QUICK, "--output-dir", "out")
    row = json.loads((tmp_path / "out" / "results.json").read_text())["rows"][0]
    assert 0 == code
    assert (None, "no_positives") == (row["image_auroc"], row["reasons"]["image_auroc"])
    assert (0, 0) == (row["misses"], row["anomaly_count"])
    assert "there are no anomalous test images" in out


def test_a_data_set_without_tests_is_sent_to_the_workbench(command, maker):
    maker.add_category("bolt", normals=0, anomalies=0)
    code, _, err = command("--manifest-path", maker.write(), *QUICK, "--output-dir", "out")
    assert 64 == code
    assert "pyimgano-train" in err


@pytest.mark.parametrize("option", ["--preflight", "--dry-run", "--export-infer-config", "--save-maps"])
def test_what_only_the_workbench_does_is_sent_there(command, one_category, option):
    code, _, err = command("--manifest-path", one_category, option)
    assert 64 == code
    assert f"{option} can't run in benchmark mode; use the workbench: pyimgano-train" in err


def test_maps_are_the_workbench_s(command, one_category, tmp_path):
    code, _, err = command("--manifest-path", one_category, *QUICK, "--set", "output.save_maps=true")
    assert 64 == code
    assert "pyimgano-train" in err
    assert not (tmp_path / "runs").exists()


def test_categories_are_listed(command, manifest):
    assert (0, "bolt\nnut\n", "") == command("--manifest-path", manifest, "--list-categories")
    _, out, _ = command("--manifest-path", manifest, "--list-categories", "--json")
    assert {"datasets": {"parts": ["bolt", "nut"]}} == json.loads(out)


def test_a_suite_runs_from_its_own_folder(command, one_category, tmp_path):
    suite = write_suite(one_category.parent, one_category.name)
    code, _, _ = command("--config", suite, "--workers", 0, "--output-dir", "out")
    assert 0 == code
    assert (tmp_path / "out" / "results.json").is_file()


def test_an_output_that_is_a_file_is_refused(command, one_category, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, err = command("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    assert 64 == code
    assert "--output-dir" in err


def test_options_of_the_older_tool_set_the_split(command, maker, tmp_path):
    for index in range(10):
        maker.add("bolt", f"n{index}")
    maker.add("bolt", "bad", defect=True)
    code, _, _ = command(
        *("--manifest-path", maker.write(), *QUICK, "--output-dir", "out"),
        *("--manifest-test-normal-fraction", "0.4", "--manifest-split-seed", "3"),
    )
    (cell,) = cells_of(tmp_path / "out").values()
    assert 0 == code
    assert 5 == cell["report"]["dataset_summary"]["test_count"]
    assert 3 == cell["config"]["dataset"]["split_policy"]["seed"]


def test_an_output_that_holds_other_files_is_refused_and_kept(command, one_category, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("{}")
    code, _, err = command("--manifest-path", one_category, *QUICK, "--output-dir", "out")
    assert 64 == code
    assert "holds other files" in err
    assert ["report.json"] == [path.name for path in (tmp_path / "out").iterdir()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--infer-config", "x.json", "--fail-if-worse-than", "."), "--fail-if-worse-than does not go with"),
        (("--infer-config", "x.json", "--limit", 4), "--limit does not go with --infer-config"),
        (("--dataset", "demo", "--label", "x"), "--label says nothing without --infer-config"),
        (("--dataset", "demo", "--margin", 0.1), "--margin says nothing without --fail-if-worse-than"),
    ],
)
def test_an_option_that_would_be_of_no_account_is_refused(command, arguments, message):
    code, out, err = command(*arguments)
    assert (64, "") == (code, out)
    assert message in err

"""Writes `reference/examples`: one file of each kind, as a run on the demo data leaves it.

    uv run python docs/examples.py

Long lists are cut after their first entries, and paths are shortened; all else is as the programs wrote it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

EXAMPLES = Path(__file__).parent / "reference" / "examples"
BIN = Path(sys.executable).parent
CONFIG = """
[dataset]
name = "demo"
root = "demo"
category = "gear"
resize = [64, 64]
[model]
name = "subspace"
[model.features]
backbone = "filters"
[evaluation]
bootstrap_replicates = 200
[output]
output_dir = "run"
"""
DEMO = "--dataset demo --root demo --category gear --resize 64 64 --backbone filters --detector subspace"
_LONGEST_LIST = 3
_LONGEST_ROW = 8  # of numbers, such as the four of a box
_LONGEST_TEXT = 160


def main() -> None:
    """Make the run and keep what is wanted of it."""
    EXAMPLES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        work = Path(folder)
        for name, document in _documents(work).items():
            text = json.dumps(_shortened(document), indent=2, ensure_ascii=False)
            (EXAMPLES / f"{name}.json").write_text(text.replace(f"{work}/", "") + "\n", encoding="utf-8")


def _documents(work: Path) -> dict[str, Any]:
    return {**of_a_run(work), **of_the_data(work), **_of_benchmarks(work)}


def of_a_run(work: Path) -> dict[str, Any]:
    """Train, reproduce, infer and evaluate in a folder; return a document of each kind by its name."""
    (work / "config.toml").write_text(CONFIG, encoding="utf-8")
    _run(work, "pyimgano-train --config config.toml --export-infer-config")
    _write_views(work)
    _run(
        work,
        "pyimgano-infer --infer-config run/artifacts/infer_config.json demo/views.jsonl --regions"
        " --output lines.jsonl --summary summary.json --parts parts.jsonl",
    )
    _run(work, "pyimgano-train --reproduce run --output-dir again")
    _run(
        work,  # one of two jobs, so that the plan still waits for the other
        "pyimgano-infer --infer-config run/artifacts/infer_config.json demo/gear/test/good"
        " --output half.jsonl --num-shards 2 --shard-index 0",
    )
    _run(
        work,
        "pyimgano-core evaluate --predictions lines.jsonl --manifest demo/views.jsonl --output eval.json",
    )
    return {
        "category_report": _document(work / "run/categories/gear/report.json"),
        "data_line": _lines(work / "run/categories/gear/data.jsonl")[-1],
        "environment": _document(work / "run/environment.json"),
        "evaluation": _document(work / "eval.json"),
        "infer_config": _document(work / "run/artifacts/infer_config.json"),
        "infer_plan": _document(min(work.rglob("plan.json"))),
        "infer_summary": _document(work / "summary.json"),
        "manifest_record": _lines(work / "demo/views.jsonl")[-1],
        "part_verdict": _lines(work / "parts.jsonl")[-1],
        "pictures": _document(work / "run/categories/gear/pictures.json"),
        "prediction": _lines(work / "lines.jsonl")[-1],
        "reproduction": _document(work / "again/reproduction.json"),
        "run": _document(work / "run/run.json"),
        "run_config": _document(work / "run/config.json"),
        "run_report": _document(work / "run/report.json"),
    }


def of_the_data(work: Path) -> dict[str, Any]:
    """Check the data of that run in the same folder; return a document of each kind by its name."""
    check = "pyimgano-preflight check config.toml --json --exit-zero --issues issues.jsonl"
    report = json.loads(_run(work, f"{check} --write-baseline known.json --write-lock data.lock"))
    _run(work, "pyimgano-preflight scan config.toml --shard 0/1 --output facts.jsonl")
    return {
        "data_lock": _lines(work / "data.lock")[0],
        "data_lock_file": _lines(work / "data.lock")[-1],
        "preflight": report["preflight"],
        "preflight_baseline": _document(work / "known.json"),
        "preflight_facts": _lines(work / "facts.jsonl")[0],
        "preflight_issue": _lines(work / "issues.jsonl")[-1],
    }


def _of_benchmarks(work: Path) -> dict[str, Any]:
    _run(work, f"pyimgano-benchmark {DEMO} --detector padim --seed 0 --seed 1 --output-dir bench")
    _run(work, "pyimgano-benchmark compare bench:padim bench:subspace --output-dir verdict")
    _run(work, f"pyimgano-benchmark cost {DEMO} --rounds 2 --images 10 --output-dir cost")
    _run(work, f"pyimgano-benchmark robustness {DEMO} --kind darker --output-dir robust")
    _run(work, f"pyimgano-benchmark few-shot {DEMO} --count 2 --count 4 --draws 2 --output-dir few")
    return {
        "bench_cell": _document(min((work / "bench/cells").glob("*.json"))),
        "bench_comparison": _document(work / "verdict/comparison.json"),
        "bench_cost": _document(work / "cost/cost.json"),
        "bench_few_shot": _document(work / "few/few_shot.json"),
        "bench_results": _document(work / "bench/results.json"),
        "bench_robustness": _document(work / "robust/robustness.json"),
        "bench_study_cell": _document(min((work / "robust/cells").glob("*.json"))),
    }


def _run(work: Path, command: str) -> str:
    script, *arguments = command.split()
    result = subprocess.run([BIN / script, *arguments], cwd=work, check=True, capture_output=True, text=True)
    return result.stdout


def _write_views(work: Path) -> None:
    """Write a manifest of the test images in which two neighbours are views of one part."""
    rows = _lines(work / "demo/manifest.jsonl")
    tests = [row for row in rows if row["category"] == "gear" and row["split"] == "test"]
    views = [{**row, "meta": {"part_id": f"part{place // 2}"}} for place, row in enumerate(tests)]
    (work / "demo/views.jsonl").write_text(
        "".join(json.dumps(view) + "\n" for view in views), encoding="utf-8"
    )


def _document(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _shortened(value: Any) -> Any:
    """Cut long lists and texts; the first entries show what the others are like."""
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        kept = _LONGEST_LIST if any(isinstance(each, dict | str) for each in value) else _LONGEST_ROW
        return [_shortened(each) for each in value[:kept]]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}…"
    return value


if __name__ == "__main__":
    main()

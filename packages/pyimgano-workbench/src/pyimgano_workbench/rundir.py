"""The run directory: made as `DIR.partial`, resumed by the same command, renamed when whole."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import (
    atomic_writer,
    parse_json,
    read_artifact,
    sha256_file,
    to_json,
    write_artifact,
    write_bytes,
    write_text,
)
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.report import CategoryReport, RunReport
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.metrics import save_sketch
from pyimgano_core.pipeline import category_model, checkpoint_path, required_features
from pyimgano_workbench.lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.pipeline import CategoryRun

INFER_CONFIG = "artifacts/infer_config.json"
_STATE = "run.state.json"
_LOCK = "run.lock"


def partial_of(target: Path) -> Path:
    """Return where the run of `target` is until it is whole."""
    return target.with_name(f"{target.name}.partial")


def refuse_taken(target: Path) -> None:
    """Raise `UsageError` where something stands at `target`, be it a link that leads nowhere."""
    if os.path.lexists(target):
        raise UsageError(
            f"{target} exists; a finished run is never mixed with another: remove it, "
            "or choose another output.output_dir"
        )


def is_unfinished(target: Path, key: str) -> bool:
    """Return whether the run of `key` was left unfinished for `target`, and no process is at it."""
    folder = partial_of(target)
    if _key_of(folder) != key:
        return False
    lock = try_lock(folder / _LOCK)
    if lock is None:
        return False
    lock.close()
    return True


def _key_of(folder: Path) -> str | None:
    """Return the key of the unfinished run in `folder`, or None where there is none."""
    try:
        state = parse_json((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    key = state.get("key") if isinstance(state, dict) else None
    return key if isinstance(key, str) else None


class RunDirectory:
    """A run directory that is being made.

    Attributes:
        target: its final path.
        folder: where it is until it is whole.
    """

    def __init__(self, target: Path, key: str) -> None:
        """Begin or resume the run of `key`.

        Raises:
            UsageError: where the target exists, another run was left unfinished there, or another process
                is at it.
        """
        refuse_taken(target)
        self.target = target
        self.folder = partial_of(target)
        found = _key_of(self.folder)
        if found is None and self.folder.exists() and any(p.name != _LOCK for p in self.folder.iterdir()):
            raise UsageError(f"{self.folder} exists and holds no unfinished run; remove it to start anew")
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = try_lock(self.folder / _LOCK)
        if lock is None:
            raise UsageError(f"{self.folder}: another process is at it; choose another output.output_dir")
        self._lock = lock
        if _key_of(self.folder) not in {None, key}:
            lock.close()
            raise UsageError(
                f"{self.folder} holds an unfinished run with other settings or data; remove it to start anew"
            )
        write_text(self.folder / _STATE, to_json({"key": key}) + "\n")

    def finished_category(self, slug: str) -> CategoryReport | None:
        """Return the report of a category that an earlier, interrupted run has finished, else None."""
        try:
            report = read_artifact(self.folder / "categories" / slug / "report.json", CategoryReport)
            intact = sha256_file(self.folder / report.checkpoint.path) == report.checkpoint.sha256
        except (ArtifactError, OSError):
            return None
        return report if intact else None

    def write_category(self, run: CategoryRun) -> None:
        """Write a category's files; its report comes last and so marks it as finished."""
        report = run.report
        folder = self.folder / "categories" / report.slug
        write_bytes(self.folder / checkpoint_path(report.slug), run.graph.model)
        write_lines(folder / "per_image.jsonl", run.predictions)
        write_lines(folder / "calibration.jsonl", run.calibration)
        save_sketch(folder / "metric_sketch.npz", run.sketch)
        write_artifact(folder / "report.json", report)

    def write_infer_config(
        self, reports: Iterable[CategoryReport], model: dict[str, Any], program: str
    ) -> None:
        """Write `artifacts/infer_config.json`, its checkpoints relative to itself."""
        models = {r.category: category_model(r, f"../{r.checkpoint.path}") for r in reports}
        config = InferConfig(
            requires=required_features(models.values()),
            pyimgano_version=program,
            runtime=_runtime(),
            from_run=self.target.name,
            model=model,
            per_category=models,
        )
        write_artifact(self.folder / INFER_CONFIG, config)

    def write_run(self, report: RunReport, config: RunConfig, html: str) -> None:
        """Write the files over all categories."""
        write_text(self.folder / "config.json", to_json(config, indent=2) + "\n")
        write_text(self.folder / "environment.json", to_json(report.environment, indent=2) + "\n")
        write_text(self.folder / "report.html", html)
        write_artifact(self.folder / "report.json", report)

    def finish(self) -> None:
        """Give the directory its name."""
        if os.path.lexists(self.target):
            raise UsageError(
                f"{self.target} was made by somebody else meanwhile; this run is in {self.folder}"
            )
        (self.folder / _STATE).unlink(missing_ok=True)
        self.release()
        (self.folder / _LOCK).unlink(missing_ok=True)
        self.folder.rename(self.target)

    def release(self) -> None:
        """Let another process go on with what is unfinished; remove it where nothing was finished in it."""
        self._lock.close()
        if self.folder.exists() and not (self.folder / "categories").exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def _runtime() -> str:
    return f"onnxruntime {version('onnxruntime')} CPUExecutionProvider"


def write_lines(path: Path, lines: Iterable[Prediction]) -> None:
    """Write one JSON document per line."""
    with atomic_writer(path) as stream:
        for line in lines:
            stream.write((to_json(line) + "\n").encode("utf-8"))

"""The run directory: made as `DIR.partial`, resumed by the same command, renamed when whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import (
    atomic_writer,
    parse_json,
    read_artifact,
    to_json,
    write_artifact,
    write_bytes,
    write_text,
)
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.report import CategoryReport, RunReport
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline import category_model, checkpoint_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.pipeline import CategoryRun
    from pyimgano_core.preparation import Prepared

INFER_CONFIG = "artifacts/infer_config.json"
_STATE = "run.state.json"


def default_name(config: RunConfig, now: datetime) -> str:
    """Return `YYYYmmdd_HHMMSS_<dataset>_<recipe>_<model>[_<category>]`."""
    parts = [now.strftime("%Y%m%d_%H%M%S"), config.dataset.name, config.recipe, config.model.name]
    if config.dataset.category != "all":
        parts.append(category_slug(config.dataset.category))
    return "_".join(part for part in parts if part)


def run_key(config: RunConfig, prepared: Prepared, program: str) -> str:
    """Return what tells one run from another: its settings, its data and the program's version."""
    settings = evolve(config, output=evolve(config.output, output_dir=None))
    prints = {c.split.category: fingerprint(c.split, prepared.hashes).sha256 for c in prepared.categories}
    text = to_json({"config": settings, "data": prints, "version": program})
    return hashlib.sha256(text.encode()).hexdigest()


class RunDirectory:
    """A run directory that is being made.

    Attributes:
        target: its final path.
        folder: where it is until it is whole.
    """

    def __init__(self, target: Path, key: str) -> None:
        """Begin or resume the run of `key`.

        Raises:
            UsageError: where the target exists, or another run was left unfinished there.
        """
        if os.path.lexists(target):  # a link that leads nowhere is in the way, too
            raise UsageError(
                f"{target} exists; a finished run is never mixed with another: remove it, "
                "or choose another output.output_dir"
            )
        self.target = target
        self.folder = target.with_name(f"{target.name}.partial")
        state = self.folder / _STATE
        if state.exists() and parse_json(state.read_text(encoding="utf-8")).get("key") != key:
            raise UsageError(
                f"{self.folder} holds an unfinished run with other settings or data; remove it to start anew"
            )
        if self.folder.exists() and not state.exists():
            raise UsageError(f"{self.folder} exists and holds no unfinished run; remove it to start anew")
        write_text(state, to_json({"key": key}) + "\n")

    def finished_category(self, slug: str) -> CategoryReport | None:
        """Return the report of a category that an earlier, interrupted run has finished, else None."""
        path = self.folder / "categories" / slug / "report.json"
        if not path.exists():
            return None
        try:
            return read_artifact(path, CategoryReport)
        except ArtifactError:
            return None

    def write_category(self, run: CategoryRun) -> None:
        """Write a category's files; its report comes last and so marks it as finished."""
        report = run.report
        folder = self.folder / "categories" / report.slug
        write_bytes(self.folder / checkpoint_path(report.slug), run.graph.model)
        write_lines(folder / "per_image.jsonl", run.predictions)
        write_lines(folder / "calibration.jsonl", run.calibration)
        write_artifact(folder / "report.json", report)

    def write_infer_config(
        self, reports: Iterable[CategoryReport], model: dict[str, Any], program: str
    ) -> None:
        """Write `artifacts/infer_config.json`, its checkpoints relative to itself."""
        config = InferConfig(
            pyimgano_version=program,
            runtime=_runtime(),
            from_run=self.target.name,
            model=model,
            per_category={r.category: category_model(r, f"../{r.checkpoint.path}") for r in reports},
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
        if self.target.exists():
            raise UsageError(
                f"{self.target} was made by somebody else meanwhile; this run is in {self.folder}"
            )
        (self.folder / _STATE).unlink(missing_ok=True)
        self.folder.rename(self.target)

    def discard(self) -> None:
        """Remove what was begun, where nothing was finished in it."""
        if not (self.folder / "categories").exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def _runtime() -> str:
    return f"onnxruntime {version('onnxruntime')} CPUExecutionProvider"


def write_lines(path: Path, lines: Iterable[Prediction]) -> None:
    """Write one JSON document per line."""
    with atomic_writer(path) as stream:
        for line in lines:
            stream.write((to_json(line) + "\n").encode("utf-8"))

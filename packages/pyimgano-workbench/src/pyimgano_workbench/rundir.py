"""The run directory: made as `DIR.partial`, resumed by the same command, renamed when whole."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import (
    atomic_writer,
    read_artifact,
    sha256_file,
    to_json,
    try_lock,
    write_artifact,
    write_bytes,
    write_text,
)
from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig, required_features
from pyimgano_core.contracts.report import CategoryReport, RunReport
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.metrics import save_sketch
from pyimgano_core.pipeline import category_model, int8_report
from pyimgano_core.scoring import lowest_versions
from pyimgano_workbench.origin import RunOrigin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path
    from typing import BinaryIO

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.data_line import DataLine
    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.pipeline import CategoryRun

INFER_CONFIG = "artifacts/infer_config.json"
INFER_CONFIG_INT8 = "artifacts/infer_config_int8.json"
ORIGIN = "run.json"
CONFIG = "config.json"
DATA = "data.jsonl"
REPORT = "report.json"
_PARTIAL = ".partial"
_LOCK = "run.lock"


def partial_of(target: Path) -> Path:
    """Return where the run of `target` is until it is whole."""
    return target.with_name(target.name + _PARTIAL)


def target_of(folder: Path) -> Path:
    """Return the final path of a run that is named by it or by where it is until then."""
    named = folder if folder.name else folder.absolute()  # `.` has no name
    return named.with_name(named.name.removesuffix(_PARTIAL))


def refuse_taken(target: Path) -> None:
    """Raise `UsageError` where something stands at `target`, be it a link that leads nowhere."""
    if (target / ORIGIN).exists():
        raise UsageError(
            f"{target} exists; a finished run is never mixed with another: remove it, "
            "or choose another output.output_dir"
        )
    if os.path.lexists(target):  # never told to be removed: it may be a folder of images
        raise UsageError(f"{target} exists and is no run; choose another output.output_dir, a new folder")


def is_unfinished(target: Path, key: str) -> bool:
    """Return whether the run of `key` was left unfinished for `target`, and no process is at it."""
    folder = partial_of(target)
    origin = _origin_of(folder)
    if origin is None or origin.key != key:
        return False
    lock = try_lock(folder / _LOCK)
    if lock is None:
        return False
    lock.close()
    return True


def _origin_of(folder: Path) -> RunOrigin | None:
    """Return the origin of the unfinished run in `folder`, or None where there is none."""
    try:
        return read_artifact(folder / ORIGIN, RunOrigin)
    except ArtifactError:
        return None


class RunDirectory:
    """A run directory that is being made.

    Attributes:
        target: its final path.
        folder: where it is until it is whole.
    """

    def __init__(self, target: Path, origin: RunOrigin, config: RunConfig, *, reopen: bool = False) -> None:
        """Begin or resume a run.

        Args:
            target: the final path of the run directory.
            origin: which run this is.
            config: its config.
            reopen: goes on with the finished run at `target`; what has other data there is run again.

        Raises:
            UsageError: where the target exists, another run was left unfinished there, or another process
                is at it.
        """
        self.target = target
        self.folder = partial_of(target)
        if reopen and target.is_dir() and not self.folder.exists():
            target.rename(self.folder)
        refuse_taken(target)
        self._lock = _claim(self.folder)
        found = _origin_of(self.folder)
        same = found is None or (found.settings == origin.settings if reopen else found.key == origin.key)
        if not same:
            self._lock.close()
            raise UsageError(
                f"{self.folder} holds an unfinished run with other settings or data; remove it to start anew"
            )
        for slug in _stale_categories(found, origin):
            (self.folder / "categories" / slug / REPORT).unlink(missing_ok=True)
        write_artifact(self.folder / ORIGIN, origin)
        write_text(self.folder / CONFIG, to_json(config, indent=2) + "\n")

    def finished_category(self, slug: str) -> CategoryReport | None:
        """Return the report of a category that an earlier, interrupted run has finished, else None."""
        try:
            report = read_artifact(self.folder / "categories" / slug / REPORT, CategoryReport)
            variant = None if report.int8 is None else report.int8.checkpoint
            files = (report.checkpoint, report.region, report.state, variant)
            named = [file for file in files if file is not None]
            intact = all(sha256_file(self.folder / file.path) == file.sha256 for file in named)
        except (ArtifactError, OSError):
            return None
        return report if intact else None

    def write_category(self, run: CategoryRun, data: Iterable[DataLine]) -> None:
        """Write a category's files; its report comes last and so marks it as finished."""
        report = run.report
        folder = self.folder / "categories" / report.slug
        for path, content in run.files.items():
            write_bytes(self.folder / path, content)
        write_lines(folder / DATA, data)
        write_lines(folder / "per_image.jsonl", run.predictions)
        write_lines(folder / "calibration.jsonl", run.calibration)
        save_sketch(folder / "metric_sketch.npz", run.sketch)
        write_artifact(folder / REPORT, report)

    def take_over(self, run: Path, slug: str) -> None:
        """Copy a category of another run, as it is."""
        for name in ("checkpoints", "artifacts/maps", "categories"):  # the report comes last
            if (run / name / slug).is_dir():
                shutil.copytree(run / name / slug, self.folder / name / slug, dirs_exist_ok=True)

    def write_infer_config(
        self, reports: Collection[CategoryReport], settings: RunConfig, program: str
    ) -> None:
        """Write `artifacts/infer_config.json`, its checkpoints relative to itself; one more for 8 bits."""
        variants = [each for each in map(int8_report, reports) if each is not None]
        for name, chosen in ((INFER_CONFIG, reports), (INFER_CONFIG_INT8, variants)):
            if not chosen:
                continue
            models = {each.category: self._model(each) for each in chosen}
            config = InferConfig(
                requires=required_features(models.values()),
                pyimgano_version=program,
                runtime=_runtime(chosen),
                from_run=self.target.name,
                model=unstructure(settings.model),
                per_category=models,
                threshold_rule=settings.threshold,
            )
            write_artifact(self.folder / name, config)

    def _model(self, report: CategoryReport) -> CategoryModel:
        """Return what deployment needs of a category, with the versions that its graph needs."""
        content = (self.folder / report.checkpoint.path).read_bytes()
        return evolve(category_model(report, ".."), min_versions=lowest_versions(content))

    def write_run(self, report: RunReport, html: str) -> None:
        """Write the files over all categories."""
        write_text(self.folder / "environment.json", to_json(report.environment, indent=2) + "\n")
        write_text(self.folder / "report.html", html)
        write_artifact(self.folder / REPORT, report)

    def finish(self) -> None:
        """Give the directory its name."""
        if os.path.lexists(self.target):
            raise UsageError(
                f"{self.target} was made by somebody else meanwhile; this run is in {self.folder}"
            )
        self.release()
        (self.folder / _LOCK).unlink(missing_ok=True)
        self.folder.rename(self.target)

    def release(self) -> None:
        """Let another process go on with what is unfinished; remove it where nothing was finished in it."""
        self._lock.close()
        if self.folder.exists() and not (self.folder / "categories").exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def _runtime(reports: Iterable[CategoryReport]) -> str | None:
    """Return what computed the thresholds, in words; None where no report tells."""
    told = (each.self_test.runtime for each in reports)
    found = next((runtime for runtime in told if runtime is not None), None)
    return None if found is None else f"{found.package} {found.version} {found.provider}"


def _claim(folder: Path) -> BinaryIO:
    """Make the folder of an unfinished run, or find it there, and lock it against others."""
    has_files = folder.exists() and any(path.name != _LOCK for path in folder.iterdir())
    if has_files and _origin_of(folder) is None:
        raise UsageError(f"{folder} exists and holds no unfinished run; remove it to start anew")
    folder.mkdir(parents=True, exist_ok=True)
    lock = try_lock(folder / _LOCK)
    if lock is None:
        raise UsageError(f"{folder}: another process is at it; choose another output.output_dir")
    return lock


def _stale_categories(found: RunOrigin | None, origin: RunOrigin) -> list[str]:
    """Return the slugs of the categories of an earlier attempt whose data has changed since."""
    earlier = {} if found is None else found.categories
    return [slug for slug, key in earlier.items() if origin.categories.get(slug) != key]


def write_lines(path: Path, lines: Iterable[Prediction | DataLine]) -> None:
    """Write one JSON document per line."""
    with atomic_writer(path) as stream:
        for line in lines:
            stream.write((to_json(line) + "\n").encode("utf-8"))

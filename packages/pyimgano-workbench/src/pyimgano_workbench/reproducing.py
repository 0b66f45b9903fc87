"""`--reproduce`: repeat a run into a folder of its own, and say what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import define

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.report import RunReport
from pyimgano_core.errors import DataError, ExitCode, UsageError
from pyimgano_core.words import agree, number_of
from pyimgano_workbench.comparison import Comparison, Difference, compare_beginnings, compare_results
from pyimgano_workbench.job import Job, prepare_job
from pyimgano_workbench.past import finished_report, read_past, to_new_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyimgano_core.progress import Progress
    from pyimgano_workbench.training import TrainingRun

FILE = "reproduction.json"
_SHOWN = 30
_WIDTH = 40


@define(frozen=True, kw_only=True)
class Reproduction:
    """What became of repeating a run.

    `equal` says that settings, data, weights and results are the same, whatever the environment. `compared`
    counts values by part.
    """

    KIND: ClassVar[str] = "pyimgano.reproduction"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.reproduction"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    original: str
    equal: bool
    compared: dict[str, int]
    differences: tuple[Difference, ...]

    @property
    def exit_code(self) -> ExitCode:
        """0 where the run was reproduced, else 3."""
        return ExitCode.DONE if self.equal else ExitCode.GATE_TRIPPED


@define(frozen=True, kw_only=True)
class Repetition:
    """A run that is going to repeat another, and what differs before it begins."""

    job: Job
    original: RunReport
    name: str
    begins: list[Comparison]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Those of settings, data, weights and environment."""
        return tuple(difference for each in self.begins for difference in each.differences)


def prepare_repetition(
    run: Path,
    overrides: Sequence[str],
    settings: Mapping[str, object],
    output_dir: str | None,
    progress: Progress,
    *,
    now: datetime,
) -> Repetition:
    """Return the repetition of a run.

    Args:
        run: its directory, which is read only.
        overrides: `dotted.key=value`, laid over its config, such as where the data is now.
        settings: values by dotted key, laid over that.
        output_dir: where the repetition goes; None for a new folder under `runs/`.
        progress: shows the reading of the data set.
        now: the time of the repetition.

    Raises:
        ArtifactError: a file of the run is missing or torn.
        ConfigError: the overrides are wrong, or weights are gone.
        DataError: the data has errors, or files of it are gone.
        UsageError: there is no such run, it is unfinished, an update made it, or the output directory is
            taken.
    """
    past = read_past(run)
    original = finished_report(past)
    if past.origin.parent is not None:
        raise UsageError(f"{run} was made by --update from {past.origin.parent.name!r}; repeat that command")
    config = to_new_folder(read_past(run, overrides, settings).config, output_dir)
    job = prepare_job(
        config, past.base, progress, now=now, export_infer_config=past.origin.export_infer_config
    )
    _refuse_missing(original, job)
    begins = compare_beginnings(past, original, job)
    return Repetition(job=job, original=original, name=past.target.name, begins=begins)


def _refuse_missing(original: RunReport, job: Job) -> None:
    """Raise where files are gone that the original had."""
    for category in job.prepared.categories:
        split = category.split
        report = original.per_category.get(split.category)
        if report is None:
            continue
        files = [file for _, samples in split.by_role for each in samples for file in (each.image, each.mask)]
        gone = [file for file in files if file is not None and file not in job.prepared.hashes]
        if len(gone) > report.split_fingerprint.counts.get("missing_files", 0):
            lost, them = number_of(len(gone), "file is", "files are"), agree(len(gone), "it", "them")
            raise DataError(
                f"category {split.category!r}: {lost} gone of the run's data, such as {str(gone[0])!r}; "
                f"bring {them} back, or say with --root or --set where the data is"
            )


def compare(repetition: Repetition, finished: TrainingRun) -> Reproduction:
    """Return what differs, and write it beside the repetition's report."""
    parts = [*repetition.begins, compare_results(repetition.original, finished.report)]
    differences = tuple(difference for each in parts for difference in each.differences)
    result = Reproduction(
        original=repetition.name,
        equal=all(each.part == "environment" for each in differences),
        compared={each.part: each.count for each in parts},
        differences=differences,
    )
    write_artifact(finished.folder / FILE, result)
    return result


def in_words(result: Reproduction) -> str:
    """Return a line per part, and a table of the differences."""
    lines = [f"{part}: {_verdict(result, part)}" for part in result.compared]
    verdict = "reproduced" if result.equal else "not reproduced"
    return "\n".join([*difference_table(result.differences), *lines, "", f"{result.original}: {verdict}"])


def _verdict(result: Reproduction, part: str) -> str:
    count = sum(each.part == part for each in result.differences)
    return (
        f"{count} of {number_of(result.compared[part], 'value')} {agree(count, 'differs', 'differ')}"
        if count
        else "equal"
    )


def difference_table(differences: Sequence[Difference]) -> list[str]:
    """Return a table of the first differences, and how many more there are."""
    if not differences:
        return []
    rows = [
        [each.part, each.category or "", each.what, _short(each.original), _short(each.now)]
        for each in differences[:_SHOWN]
    ]
    more = len(differences) - _SHOWN
    rest = [f"… and {more} more in {FILE}"] if more > 0 else []
    return [format_table(("part", "category", "what", "original", "now"), rows), *rest, ""]


def _short(value: object) -> str:
    text = "-" if value is None else f"{value:.8g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"

"""Runs all checks over the data set of a config: what `pyimgano-train --preflight` and the command call."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from pyimgano_core.cli.app import INTERRUPTS
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.preflight import PreflightReport, ReportedIssue
from pyimgano_core.errors import DataError
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.words import number_of
from pyimgano_preflight._inspection import Inspection, manifest_path
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._lock import Lock
from pyimgano_preflight._report import build_report, data_error_issues, describe_dataset
from pyimgano_preflight._select import NOT_SELECTED, Selection
from pyimgano_preflight.checks import CHECKS, check_states
from pyimgano_preflight.checks.lock import lock_issues
from pyimgano_preflight.facts import FactStore
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.preflight import CheckState
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress
    from pyimgano_preflight.facts import Depth

_RELATIVE = tuple(f"PF{number}" for number in range(404, 409))
# The pixel gate, and what compares images with each other: not known before every file is read.
_OF_ALL_FILES = ("PF306", "PF307", "PF314", *_RELATIVE, "PF502", "PF604", "PF605", "PF712", "PF714", "PF8")
_OF_LOCKS = frozenset({"PF402", "PF410", "PF411"})
_OF_LINES = "PF1"  # the manifest is read before any file is


@define(frozen=True, kw_only=True)
class CheckSettings:
    """Which rules count and how much, how often each fingerprint is known, and what the files once held."""

    selection: Selection = field(factory=Selection)
    known: dict[str, int] = field(factory=dict)
    lock: Lock | None = None


@define(frozen=True, kw_only=True)
class Stop:
    """An interrupt that ended a check early; `message` says how far it came."""

    cause: BaseException
    message: str


@define(frozen=True, kw_only=True)
class Outcome:
    """What a check found: `issues` are all of them, where the report lists the first of each code.

    `issues` can be gone through again and again; where they are many, they come from a temporary file.
    `inspection` is None where the data set could not be opened. `stop` holds the interrupt, to be raised
    again once what was found has been told.
    """

    report: PreflightReport
    issues: Iterable[ReportedIssue]
    inspection: Inspection | None = None
    stop: Stop | None = None


def run_preflight(
    config: RunConfig, base: Path, progress: Progress, *, depth: Depth = "standard"
) -> PreflightReport:
    """Return everything that is wrong with the data set of `config`. Nothing is written.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the reading of files.
        depth: how far files are looked into.

    Returns:
        The report; a data set that can't be opened gives one, too.

    Raises:
        ConfigError: the config can't be followed.
        MachineError: the storage failed.
        KeyboardInterrupt: someone asked for an end.
    """
    facts = FactStore(depth, progress, sixteen_bit_range=config.dataset.sixteen_bit_range)
    outcome = check_dataset(config, base, progress, facts)
    if outcome.stop is not None:
        raise outcome.stop.cause
    return outcome.report


def check_dataset(
    config: RunConfig,
    base: Path,
    progress: Progress,
    facts: FactStore,
    settings: CheckSettings | None = None,
) -> Outcome:
    """Return everything that is wrong with the data set of `config`; an interrupt keeps what was found.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the steps.
        facts: tells what the files hold.
        settings: which rules count, and how; None for all as usual.

    Raises:
        ConfigError: the config can't be followed.
        MachineError: the storage failed.
        ArtifactError: the lock changed while it was read.
        KeyboardInterrupt: someone asked for an end before files were looked at.
    """
    run = _Run(config=config, base=base, facts=facts, settings=settings or CheckSettings())
    try:
        prepared = inspect_dataset(config, base, progress, facts)
    except DataError as exc:
        return run.outcome(run.log(data_error_issues(exc)))
    inspection = Inspection(config=config, base=base, prepared=prepared, facts=facts, progress=progress)
    found = run.log(manifest=manifest_path(config, base))
    stop = _apply_checks(inspection, run.settings, found)
    return run.outcome(found, inspection, stop)


def _apply_checks(inspection: Inspection, settings: CheckSettings, found: IssueLog) -> Stop | None:
    """Add what is found to `found`, and return what ended the search, if anything did."""
    facts = inspection.facts
    unknowable = () if facts.stopped_by is None else _OF_ALL_FILES
    try:
        for issues in _searches(inspection, settings):
            found.extend(issue for issue in issues if not issue.code.startswith(unknowable))
    except INTERRUPTS as exc:
        return Stop(cause=exc, message="interrupted before all rules were applied")
    if facts.stopped_by is None:
        return None
    read = facts.file_count - facts.unread_count
    return Stop(
        cause=facts.stopped_by, message=f"interrupted after {read} of {number_of(facts.file_count, 'file')}"
    )


def _searches(inspection: Inspection, settings: CheckSettings) -> Iterator[Iterator[Issue]]:
    """Yield for each check of which a rule counts the search that it is."""
    for check in CHECKS:
        if not check.codes <= settings.selection.ignored:
            yield check.run(inspection)
    if settings.lock is not None:
        yield lock_issues(inspection, settings.lock)


@define(frozen=True, kw_only=True)
class _Run:
    """What the outcome of a check is made from, beside what was found."""

    config: RunConfig
    base: Path
    facts: FactStore
    settings: CheckSettings

    def log(self, issues: Iterable[Issue] = (), manifest: Path | None = None) -> IssueLog:
        return IssueLog(
            issues,
            manifest=None if manifest is None else str(manifest),
            selection=self.settings.selection,
            known=self.settings.known,
        )

    def outcome(
        self, issues: IssueLog, inspection: Inspection | None = None, stop: Stop | None = None
    ) -> Outcome:
        if stop is not None:
            issues.extend([rule_issue("PF902", f"{stop.message}: what is listed is not all; run again")])
        prepared = None if inspection is None else inspection.prepared
        report = build_report(
            issues,
            dataset=describe_dataset(self.config, self.base, prepared),
            categories=() if prepared is None or stop is not None else prepared.categories,
            checks=tuple(self._checks(prepared, stop)),
            profile=self.facts.depth,
            complete=stop is None,
        )
        return Outcome(report=report, issues=issues, inspection=inspection, stop=stop)

    def _checks(self, prepared: Prepared | None, stop: Stop | None) -> Iterator[CheckState]:
        for check in check_states(self.config, prepared, self.facts.depth):
            if check.code in self.settings.selection.ignored:
                yield evolve(check, state="skipped", reason=NOT_SELECTED)
            elif check.code in _OF_LOCKS and self.settings.lock is None:
                yield evolve(check, state="skipped", reason="no lock file was given")
            elif stop is not None and check.state == "done" and not check.code.startswith(_OF_LINES):
                yield evolve(check, state="skipped", reason=stop.message)
            else:
                yield check

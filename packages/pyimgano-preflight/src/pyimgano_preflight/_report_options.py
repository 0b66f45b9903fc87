"""What the command line says of a report, and whether that can be done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.errors import UsageError
from pyimgano_preflight._baseline import read_baseline
from pyimgano_preflight._lock import read_lock
from pyimgano_preflight._options import FORMAT_NAMES
from pyimgano_preflight._select import RuleSettings, make_selection, read_rule_settings
from pyimgano_preflight._targets import require_replaceable
from pyimgano_preflight.runner import CheckSettings

if TYPE_CHECKING:
    from collections.abc import Sequence


@define(frozen=True, kw_only=True)
class ReportOptions:
    """What the command line says of the report."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None
    output_format: str | None = None
    as_json: bool = False
    statistics: bool = False
    write: tuple[str, ...] = ()
    issues: Path | None = None
    lock: Path | None = None
    write_lock: Path | None = None
    fail_on: str = "error"
    strict: bool = False
    exit_zero: bool = False

    @property
    def stdout_format(self) -> str:
        """The form that stdout shows."""
        return self.output_format or ("json" if self.as_json else "text")

    @property
    def outputs(self) -> tuple[Path, ...]:
        """All files that are to be written; a wrong `--write` names none."""
        named = (Path(text.partition("=")[2]) for text in self.write if "=" in text)
        return (*named, *filter(None, (self.issues, self.write_baseline, self.write_lock)))

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that say how to check."""
        return tuple(path for path in (self.rules, self.baseline, self.lock) if path is not None)


def check_options(options: ReportOptions, inputs: Sequence[Path]) -> None:
    """Refuse what can't be done before anything is read.

    Raises:
        UsageError: options contradict each other, or would overwrite one of the `inputs`.
    """
    if options.as_json and options.stdout_format != "json":
        raise UsageError(f"--json and --format {options.output_format} contradict each other")
    if options.statistics and options.stdout_format != "text":
        raise UsageError("--statistics is text; every other format holds the counts already")
    refuse_overwriting(options.outputs, (*inputs, *options.inputs))
    for form, path in files_to_write(options):
        require_replaceable(path, form)
    for form, asked in (("issues", options.issues), ("baseline", options.write_baseline)):
        if asked is not None:
            require_replaceable(asked, form)


def files_to_write(options: ReportOptions) -> tuple[tuple[str, Path], ...]:
    """Return format and file of each `--write`.

    Raises:
        UsageError: one is not written as FORMAT=FILE.
    """
    return tuple(_split_write(text) for text in options.write)


def refuse_overwriting(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Raise `UsageError` where an output is one of the inputs: data is only ever read."""
    taken = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if os.path.realpath(path) in taken:
            raise UsageError(f"{path} is what is checked and can't be written; give another file")


def check_settings(options: ReportOptions) -> CheckSettings:
    """Return which rules count, and what is known.

    Raises:
        UsageError: a rule does not exist.
        ConfigError: the file of `--rules` is wrong.
        ArtifactError: the baseline is, or the lock file.
    """
    given = RuleSettings() if options.rules is None else read_rule_settings(options.rules)
    selection = make_selection(
        RuleSettings(
            select=_split("--select", options.select) or given.select,
            ignore=(*given.ignore, *_split("--ignore", options.ignore)),
            severity=given.severity,
        )
    )
    known = {} if options.baseline is None else read_baseline(options.baseline)
    lock = None if options.lock is None else read_lock(options.lock)
    return CheckSettings(selection=selection, known=known, lock=lock)


def _split_write(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if name not in FORMAT_NAMES or not path:
        raise UsageError(
            f"--write {text!r}: write it as FORMAT=FILE, with a format of {', '.join(FORMAT_NAMES)}"
        )
    return name, Path(path)


def _split(option: str, texts: Sequence[str]) -> tuple[str, ...]:
    parts = [[part.strip() for part in text.split(",") if part.strip()] for text in texts]
    if not all(parts):
        raise UsageError(f"{option} '' names no rule; leave the option out, or name one")
    return tuple(part for of_text in parts for part in of_text)

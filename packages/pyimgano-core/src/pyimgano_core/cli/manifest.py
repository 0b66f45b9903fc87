"""`pyimgano-core manifest`: make a manifest, divide it, count it, check it, and take verdicts into it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli._manifest_counts import HEADER, count_records, table_row
from pyimgano_core.cli._manifest_files import new_path, sides_of
from pyimgano_core.cli._manifest_options import (
    category_option,
    conflict_option,
    force_option,
    list_option,
    manifest_options,
    named_manifest,
    output_option,
)
from pyimgano_core.cli.app import (
    emit_json,
    format_issue,
    format_table,
    json_option,
    print_issues,
    write_stdout,
)
from pyimgano_core.cli.guessed import guessed_document, guessed_text
from pyimgano_core.contracts.config import MAX_SEED, DatasetConfig, SplitPolicy
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.duplicates import path_issues
from pyimgano_core.errors import DataError, ExitCode, UsageError
from pyimgano_core.layouts import LAYOUT_NAMES, guess_records, load_dataset
from pyimgano_core.layouts import list_categories as categories_of
from pyimgano_core.manifest import locate_issues, relocated, resolve, write_manifest
from pyimgano_core.splits import split_dataset
from pyimgano_core.words import command_line, number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyimgano_core.contracts.dataset import LoadedDataset
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Record
    from pyimgano_core.contracts.split import SplitResult

_HERE = Path()

_fraction = click.FloatRange(0.0, 1.0, min_open=True, max_open=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def manifest() -> None:
    """Build, guess, split, merge, summarize and validate manifests.

    A manifest is a text file with one JSON object per image: image_path and category, and where they apply
    split, label, mask_path, group_id, defect and meta.
    """


@manifest.command()
@click.option(
    "--layout",
    type=click.Choice([*LAYOUT_NAMES, "demo"]),
    required=True,
    help="How the folders are laid out.",
)
@click.option("--root", required=True, help="The data set's folder; the demo is drawn there.")
@output_option
@force_option
@category_option
@list_option
@json_option
def build(*, layout: str, root: str, category: str, **options: Any) -> None:
    """Write the manifest of a data set that lies in folders.

    Paths are relative to the manifest, so both can move together.
    """
    config = DatasetConfig(name=layout, root=root, category=category)  # type: ignore[arg-type]  # click chose
    if options["list_categories"]:
        _show_categories(config, as_json=options["as_json"])
        return
    output = new_path(options["output"], force=options["force"])
    loaded = load_dataset(config, _HERE)
    _stop_on_errors(loaded.issues)
    _write(relocated(loaded.samples, output), output, as_json=options["as_json"])


@manifest.command()
@click.option("--root", type=click.Path(path_type=Path), required=True, help="The folder of images.")
@output_option
@force_option
@json_option
def guess(*, root: Path, output: Path | None, force: bool, as_json: bool) -> None:
    """Write the manifest of images in folders, guessed from names such as ok, nok/scratch, test and masks.

    Paths are relative to the manifest. No image is opened. Look the manifest through: only you know what the
    names mean. build reads the layouts of public data sets, and guesses nothing.
    """
    path = new_path(output, force=force)
    guessed = guess_records(root)
    samples = (resolve(record, root.absolute()) for record in guessed.records)
    write_manifest(path, relocated(samples, path))
    if as_json:
        emit_json({"manifest": str(path), **guessed_document(guessed)})
        return
    following = command_line(["pyimgano-preflight", "check", str(path)])
    write_stdout(f"{guessed_text(guessed)}written: {path}\nlook through it, then: {following}\n")


@manifest.command()
@manifest_options
@output_option
@force_option
@click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), default=0, show_default=True, help="The run's seed."
)
@click.option(
    "--test-normal-fraction", type=_fraction, default=0.2, show_default=True, help="Share of normals to test."
)
@click.option(
    "--calibration-fraction", type=_fraction, default=0.2, show_default=True, help="Share of train for --val."
)
@click.option("--val", "with_val", is_flag=True, help="Name the calibration images too, as split val.")
@conflict_option
def split(*, seed: int, with_val: bool, **options: Any) -> None:
    """Write a manifest in which every image names its split.

    Splits that are named already stay. A run with the same seed divides the images in the same way by
    itself; writing it down keeps the split when images are added later.
    """
    config = _dataset_config(options)
    if options["list_categories"]:
        _show_categories(config, as_json=options["as_json"])
        return
    output = new_path(options["output"], force=options["force"])
    loaded = load_dataset(config, _HERE)
    policy = SplitPolicy(
        test_normal_fraction=options["test_normal_fraction"],
        calibration_fraction=options["calibration_fraction"],
        group_conflict=options["group_conflict"],
    )
    result = split_dataset(loaded.samples, policy, seed)
    _stop_on_errors(_issues_of(loaded, result))
    records = relocated(loaded.samples, output, sides_of(loaded.samples, result, with_val=with_val))
    _write(records, output, as_json=options["as_json"])


@manifest.command()
@manifest_options
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Predictions with a person's verdicts: one JSON object per line, its label 0 or 1.",
)
@output_option
@force_option
def merge(*, labels: Path | None, **options: Any) -> None:
    """Write a manifest that holds a person's verdicts on predictions.

    A line of the labels names its image as input or image_path. Its verdict is the label, 0 (normal) or 1
    (anomalous): a label in words is the model's own and changes nothing. Images that no record names are
    added without a split; an image of train or val that is judged anomalous moves to test. Nothing is written
    where a line is wrong.
    """
    from pyimgano_core.predictions import merge_reviewed  # noqa: PLC0415 - keeps start-up light

    config = _dataset_config(options)
    if options["list_categories"]:
        _show_categories(config, as_json=options["as_json"])
        return
    if labels is None:
        raise UsageError("--labels is missing: name the file that holds the verdicts")
    output = new_path(options["output"], force=options["force"])
    loaded = load_dataset(config, _HERE)
    _stop_on_errors(loaded.issues)
    reviewed = merge_reviewed(loaded.samples, labels)
    write_manifest(output, relocated(reviewed.samples, output))
    counts = {"records": len(reviewed.samples), **reviewed.counts}
    if options["as_json"]:
        emit_json({"manifest": str(output), **counts})
    else:
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
        write_stdout(f"{output}: {told}\n")


@manifest.command()
@manifest_options
def summary(**options: Any) -> int | None:
    """Count images by category, split and label, and masks and groups; lines with errors are not counted."""
    config = _dataset_config(options)
    if options["list_categories"]:
        _show_categories(config, as_json=options["as_json"])
        return None
    loaded = load_dataset(config, _HERE)
    records = [sample.record for sample in loaded.samples]
    by_category: dict[str, list[Record]] = {}
    for record in records:
        by_category.setdefault(record.category, []).append(record)
    counts = {category: count_records(by_category[category]) for category in sorted(by_category)}
    total = count_records(records)
    errors = _errors(loaded.issues)
    if options["as_json"]:
        emit_json({"categories": counts, "total": total, "errors": len(errors)})
    else:
        rows = [*counts.items(), *([("all", total)] if len(counts) != 1 else [])]
        write_stdout(format_table(HEADER, [table_row(*row) for row in rows]) + "\n")
    print_issues(errors)
    return ExitCode.DATA_ERRORS if errors else None


@manifest.command()
@manifest_options
@conflict_option
def validate(**options: Any) -> int:
    """Check every line, and the splits and groups over all lines; images are not opened.

    Ends with exit code 2 where there are errors. pyimgano-preflight checks the images and masks as well.
    """
    config = _dataset_config(options)
    if options["list_categories"]:
        _show_categories(config, as_json=options["as_json"])
        return ExitCode.DONE
    issues = _all_issues(config, SplitPolicy(group_conflict=options["group_conflict"]))
    counts = Counter(issue.severity.value for issue in issues)
    by_severity = {severity.value: counts[severity.value] for severity in Severity}
    if options["as_json"]:
        emit_json({"manifest": config.manifest_path, "by_severity": by_severity, "issues": issues})
    else:
        found = f"{number_of(counts['error'], 'error')}, {number_of(counts['warning'], 'warning')}"
        lines = [*map(format_issue, issues), f"{config.manifest_path}: {found}"]
        write_stdout("\n".join(lines) + "\n")
    return ExitCode.DATA_ERRORS if counts["error"] else ExitCode.DONE


def _dataset_config(options: dict[str, Any]) -> DatasetConfig:
    return DatasetConfig(
        manifest_path=named_manifest(options), root=options["root"], category=options["category"]
    )


def _all_issues(config: DatasetConfig, policy: SplitPolicy) -> list[Issue]:
    try:
        loaded = load_dataset(config, _HERE)
    except DataError as exc:
        return list(exc.issues)
    return _issues_of(loaded, split_dataset(loaded.samples, policy, 0))


def _issues_of(loaded: LoadedDataset, split: SplitResult) -> list[Issue]:
    issues = [*loaded.issues, *path_issues(loaded.samples), *split.issues]
    return list(locate_issues(issues, loaded.manifest))


def _show_categories(config: DatasetConfig, *, as_json: bool) -> None:
    names = categories_of(config, _HERE)
    if as_json:
        emit_json({"categories": names})
    else:
        write_stdout("".join(f"{name}\n" for name in names))


def _errors(issues: Iterable[Issue]) -> list[Issue]:
    return [issue for issue in issues if issue.severity is Severity.ERROR]


def _stop_on_errors(issues: Sequence[Issue]) -> None:
    if errors := _errors(issues):
        raise DataError(f"{number_of(len(errors), 'error')}, nothing is written", errors)
    print_issues(issues)


def _write(records: Iterable[Record], output: Path, *, as_json: bool) -> None:
    count = write_manifest(output, records)
    if as_json:
        emit_json({"manifest": str(output), "records": count})
    else:
        write_stdout(f"{output}: {number_of(count, 'image')}\n")

"""Prove on this host that a config and its checkpoints are whole and give the scores that they must give.

All that is wrong is told, not the first of it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.contracts.threshold import Threshold
from pyimgano_core.environment import distribution_conflict, onnxruntime_distributions
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import self_test_problems, version_problems
from pyimgano_core.words import certified_in_words, gather, method_in_words, threshold_caveats
from pyimgano_infer._config import choose_categories, locate_file, named_files, read_config, read_file
from pyimgano_infer._models import open_checkpoint, read_region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import CategoryModel
    from pyimgano_core.scoring import Device, Scorer


@define(frozen=True, kw_only=True)
class Verified:
    """What was found for one category.

    Attributes:
        category: its name.
        self_test: whether the config holds a self-test.
        self_test_passed: None where there is none, or the checkpoint could not be loaded for it.
        runtime: what ran the graph here; None where it could not be loaded.
        calibrated_with: what gave the scores of the self-test; None where the config does not tell.
        threshold: the image threshold.
        pixel_threshold: the pixel threshold.
        thresholds: `image` and, where there are any, `review` and `pixel`, with their provenance.
        problems: all that is wrong, in words; nothing may be scored then.
        differs: in words, what is another here than at the calibration, or should be, and did no harm yet.
    """

    category: str
    self_test: bool
    self_test_passed: bool | None
    runtime: Runtime | None
    calibrated_with: Runtime | None
    threshold: float | None
    pixel_threshold: float | None
    thresholds: dict[str, Threshold]
    problems: tuple[str, ...]
    differs: tuple[str, ...]


def verify(path: Path, category: str | None = None, *, device: Device = "cpu") -> tuple[Verified, ...]:
    """Check versions, hashes, checkpoint and self-test of each category, and collect what is wrong.

    Args:
        path: the config.
        category: which one; None means all.
        device: what is to run the graphs.

    Raises:
        ArtifactError: the config itself can't be trusted or understood.
        MachineError: the device is missing.
        UsageError: the config has no such category.
    """
    config = read_config(path)
    names = choose_categories(config, category)
    return tuple(_verify_one(path, name, config.per_category[name], device) for name in names)


def _verify_one(path: Path, name: str, entry: CategoryModel, device: Device) -> Verified:
    problems = version_problems(entry.min_versions)
    scorer = _scorer(path, name, entry, device, problems)
    failed = [] if scorer is None or entry.self_test is None else self_test_problems(scorer, entry.self_test)
    problems += [f"self-test failed: {problem}" for problem in failed]
    runtime = None if scorer is None else scorer.runtime
    calibrated_with = None if entry.self_test is None else entry.self_test.runtime
    return Verified(
        category=name,
        self_test=entry.self_test is not None,
        self_test_passed=None if scorer is None or entry.self_test is None else not failed,
        runtime=runtime,
        calibrated_with=calibrated_with,
        threshold=entry.threshold.value,
        pixel_threshold=None if entry.pixel_threshold is None else entry.pixel_threshold.value,
        thresholds=named_thresholds(entry),
        problems=tuple(f"category {name!r}: {problem}" for problem in problems),
        differs=tuple(_differences(calibrated_with, runtime)),
    )


def _scorer(
    path: Path, name: str, entry: CategoryModel, device: Device, problems: list[str]
) -> Scorer | None:
    """Read all files of a category, add what is wrong with them to `problems`, and return its scorer."""
    scorer = None
    for kind, file in named_files(entry).items():
        try:
            found = locate_file(path, name, kind, file)
            content = read_file(found, file)
            if kind == "checkpoint":
                scorer = open_checkpoint(found, content, entry, device)
            else:
                read_region(found, content, name)
        except ArtifactError as exc:
            problems.append(str(exc))
    return scorer


def _differences(calibrated_with: Runtime | None, runtime: Runtime | None) -> Iterator[str]:
    if calibrated_with is not None and runtime is not None and calibrated_with != runtime:
        yield f"calibrated with {_in_words(calibrated_with)}, run with {_in_words(runtime)} here"
    conflict = distribution_conflict(onnxruntime_distributions())
    if conflict is not None:
        yield conflict


def _in_words(runtime: Runtime) -> str:
    return f"{runtime.package} {runtime.version} ({runtime.provider})"


def describe(found: Iterable[Verified]) -> str:
    """Return what was found for people: a table of the categories and one of their thresholds."""
    found = tuple(found)
    categories = [
        (entry.category, "NO" if entry.problems else "yes", _self_test(entry), _ran_with(entry))
        for entry in found
    ]
    thresholds = [(entry.category, *row) for entry in found for row in _rows(entry)]
    tables = [
        format_table(("category", "verified", "self-test", "runtime"), categories),
        format_table(
            ("category", "threshold", "value", "method", "minimum area", "certified false-alarm rate"),
            thresholds,
        ),
    ]
    caveats = gather((entry.category, line) for entry in found for line in _caveats(entry))
    return "\n\n".join([*tables, *(["\n".join(caveats)] if caveats else [])])


def _ran_with(entry: Verified) -> str:
    return "-" if entry.runtime is None else _in_words(entry.runtime)


def _self_test(entry: Verified) -> str:
    if entry.self_test_passed is None:
        return "not run" if entry.self_test else "none"
    return "passed" if entry.self_test_passed else "FAILED"


def _caveats(entry: Verified) -> Iterator[str]:
    yield from entry.differs
    found = entry.thresholds
    yield from threshold_caveats(found["image"], found.get("pixel"), found.get("review"))


def named_thresholds(entry: CategoryModel) -> dict[str, Threshold]:
    """Return the thresholds that a category has: `image` and, where there are any, `review` and `pixel`."""
    named = {"image": entry.threshold, "review": entry.review_threshold, "pixel": entry.pixel_threshold}
    return {name: threshold for name, threshold in named.items() if threshold is not None}


def _rows(entry: Verified) -> Iterator[tuple[str, ...]]:
    for name, threshold in entry.thresholds.items():
        yield (
            name,
            "-" if threshold.value is None else f"{threshold.value:.6g}",
            followed_method(threshold),
            str(threshold.minimum_area) if name == "pixel" else "-",
            certified_in_words(threshold.provenance.certificate),
        )


def followed_method(threshold: Threshold) -> str:
    """Name the method that set a threshold, and the one that was asked for where it is another."""
    origin = threshold.provenance
    if origin.requested in {None, origin.method}:
        return method_in_words(origin)
    return f"{method_in_words(origin)}, not {origin.requested}"

"""From a run config to what a run will see: samples, splits, fingerprints, gates, and every fault of them.

Training, the benchmark and preflight all come through here, so they can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import define

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import Sample
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.duplicates import content_issues, hash_contents, path_issues
from pyimgano_core.errors import DataError
from pyimgano_core.interest import check_interest
from pyimgano_core.layouts import load_dataset
from pyimgano_core.manifest import locate_issues
from pyimgano_core.pixel_gate import MaskState, decide_gate, inspect_mask
from pyimgano_core.splits import split_dataset
from pyimgano_core.thresholds import needed_normals, shortage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.config import CalibrationRule, RunConfig, ThresholdConfig
    from pyimgano_core.contracts.threshold import FallbackStep
    from pyimgano_core.progress import Progress

_REMEDIES = {
    "conformal": "raise {}.alpha",
    "fpr": "raise {}.alpha",
    "quantile": "lower {}.quantile",
    "evt": "raise {}.tail_fraction",
}


@define(frozen=True, kw_only=True)
class PreparedCategory:
    """One category, ready to run. `masks` are the states of the test samples' masks, in their order."""

    split: CategorySplit
    masks: tuple[MaskState, ...]
    gate: PixelGate


@define(frozen=True, kw_only=True)
class Prepared:
    """A data set, ready to run. `hashes` are the SHA-256 of the files that could be read."""

    samples: Sequence[Sample]
    categories: tuple[PreparedCategory, ...]
    hashes: Mapping[Path, str]
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that keep a run from starting."""
        return tuple(issue for issue in self.issues if issue.severity is Severity.ERROR)


class FileInspector(Protocol):
    """Says what the files of a data set hold; preflight gives its own, which looks at each file only once."""

    def hash_contents(self, samples: Sequence[Sample]) -> Mapping[Path, str]:
        """Return the SHA-256 of every image and mask that can be read; asked first, and once."""
        ...

    def inspect_mask(self, sample: Sample) -> MaskState:
        """Return the state of a sample's mask."""
        ...


class _Reader:
    """Reads the files as they are asked for."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def hash_contents(self, samples: Sequence[Sample]) -> Mapping[Path, str]:
        return hash_contents(samples, self._progress)

    def inspect_mask(self, sample: Sample) -> MaskState:
        return inspect_mask(sample)


def inspect_dataset(
    config: RunConfig, base: Path, progress: Progress, files: FileInspector | None = None
) -> Prepared:
    """Return what a run of `config` would see, with all faults collected and none raised.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the reading of files.
        files: says what the files hold; None reads them.

    Raises:
        ConfigError: where the config itself can't be followed.
        DataError: where there is no data set to look at.
    """
    files = files or _Reader(progress)
    policy = config.dataset.split_policy
    loaded = load_dataset(config.dataset, base)
    split = split_dataset(loaded.samples, policy, config.seed)
    check_interest(config.dataset, loaded.categories, split.categories, base)
    hashes = files.hash_contents(loaded.samples)
    issues = [
        *loaded.issues,
        *path_issues(loaded.samples),
        *split.issues,
        *content_issues(split, hashes, policy),
        *_shortage_issues(split.categories, config.threshold),
    ]
    categories = tuple(_prepare_category(category, config, progress, files) for category in split.categories)
    return Prepared(
        samples=loaded.samples,
        categories=categories,
        hashes=hashes,
        issues=tuple(locate_issues(issues, loaded.manifest)),
    )


def prepare_dataset(config: RunConfig, base: Path, progress: Progress) -> Prepared:
    """Return what `inspect_dataset` does, for a run.

    Raises:
        DataError: with every error of the data set, where there is any.
    """
    prepared = inspect_dataset(config, base, progress)
    if errors := prepared.errors:
        plural = "error" if len(errors) == 1 else "errors"
        raise DataError(
            f"the data set has {len(errors)} {plural}; mend them, or see more with pyimgano-preflight", errors
        )
    return prepared


def _shortage_issues(splits: tuple[CategorySplit, ...], config: ThresholdConfig) -> Iterator[Issue]:
    """Yield a warning for each rule that a category's calibration images are too few for."""
    rules: dict[str, CalibrationRule] = {"threshold": config}
    if config.review is not None:
        rules["threshold.review"] = config.review
    for split in splits:
        for section, rule in rules.items():
            step = shortage(rule, len(split.calibration))
            if step is not None:
                yield _shortage_issue(split, section, rule, step)


def _shortage_issue(split: CategorySplit, section: str, rule: CalibrationRule, step: FallbackStep) -> Issue:
    remedy = _REMEDIES.get(rule.method, "choose another {}.method").format(section)
    return Issue(
        code="PF710",
        name="VAL_TOO_SMALL",
        severity=Severity.WARNING,
        message=f"category {split.category!r}: {step.message}; add normal images (split val), or {remedy}",
        category=split.category,
        data={
            "calibration": len(split.calibration),
            "needed": needed_normals(rule),
            "quantile": rule.quantile,
            "method": rule.method,
            "section": section,
        },
    )


def _prepare_category(
    split: CategorySplit, config: RunConfig, progress: Progress, files: FileInspector
) -> PreparedCategory:
    label = f"{split.category}: masks"
    masks = tuple(files.inspect_mask(sample) for sample in progress.track(split.test, label))
    gate = decide_gate(split.test, masks, config.evaluation)
    return PreparedCategory(split=split, masks=masks, gate=gate)

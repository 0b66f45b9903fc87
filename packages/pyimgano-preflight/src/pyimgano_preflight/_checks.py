"""All checks in one list, and which rules they could not apply to a data set, and why.

A new check is a function from an `Inspection` to issues; it joins `CHECKS`, and its rules join `rules.toml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.contracts.preflight import CheckState
from pyimgano_core.detectors import create_detector
from pyimgano_core.errors import ConfigError, MachineError
from pyimgano_core.thresholds import needed_normals
from pyimgano_preflight._files import file_issues
from pyimgano_preflight._masks import mask_issues
from pyimgano_preflight._paths import path_issues
from pyimgano_preflight.rules import load_rules, rule_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.contracts.config import RunConfig, ThresholdConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.preparation import Prepared
    from pyimgano_preflight._inspection import Inspection

_OF_MANIFEST = frozenset(f"PF{number}" for number in (101, 102, 103, 104, 106, 107, 109, 110, 203, 204, 701))
_OF_FOLDERS = frozenset({"PF213", "PF703", "PF711"})
_OF_MASKS = frozenset(f"PF{number}" for number in (501, 502, 503, 504, 505, 514))
_OF_OPENING = frozenset({"PF101", "PF711"})
_OF_THE_RUN = "PF9"
_OF_KEYS = {"name": "PF906", "features": "PF907"}


def dataset_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield what core found: manifest and layout, splits, duplicates, leakage, counts."""
    yield from inspection.prepared.issues


def calibration_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield a warning where the threshold is set on images that share their group with fitted ones."""
    for category in inspection.prepared.categories:
        split = category.split
        if split.calibration_fallback == "single_group":
            message = f"category {split.category!r}: train and calibration images are of one group"
            yield rule_issue("PF713", message, category=split.category)


def detector_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield what training would refuse before it begins: the detector, its features or its options."""
    try:
        create_detector(inspection.config.model, inspection.base)
    except ConfigError as exc:
        for problem in exc.problems:
            codes = (code for key, code in _OF_KEYS.items() if problem.startswith(f"$.model.{key}"))
            yield rule_issue(next(codes, "PF908"), problem)
    except MachineError as exc:
        yield rule_issue("PF906", str(exc))


CHECKS: tuple[Callable[[Inspection], Iterator[Issue]], ...] = (
    dataset_issues,
    path_issues,
    file_issues,
    mask_issues,
    calibration_issues,
    detector_issues,
)


def check_states(config: RunConfig, prepared: Prepared | None) -> tuple[CheckState, ...]:
    """Return for every rule about data whether it was applied.

    Args:
        config: the run config.
        prepared: the data set, or None where it could not be opened.
    """
    codes = [rule.code for rule in load_rules() if not rule.code.startswith(_OF_THE_RUN)]
    reasons = [_skipped(code, config, prepared) for code in codes]
    return tuple(
        CheckState(code=code, state="skipped" if reason else "done", reason=reason)
        for code, reason in zip(codes, reasons, strict=True)
    )


def _skipped(code: str, config: RunConfig, prepared: Prepared | None) -> str | None:
    has_manifest = config.dataset.name in {"manifest", "demo"}
    if code in _OF_MANIFEST and not has_manifest:
        return "the data set has no manifest"
    if code in _OF_FOLDERS and has_manifest:
        return "the data set is a manifest, not a folder layout"
    if prepared is None:
        return None if code in _OF_OPENING else "the data set could not be opened"
    if code == "PF710" and not _needs_normals(config.threshold):
        return "the threshold is fixed"
    if code in _OF_MASKS and all(sample.mask is None for sample in prepared.samples):
        return "no record names a mask"
    return None


def _needs_normals(config: ThresholdConfig) -> bool:
    rules = (config, config.review)
    return any(rule is not None and needed_normals(rule) is not None for rule in rules)

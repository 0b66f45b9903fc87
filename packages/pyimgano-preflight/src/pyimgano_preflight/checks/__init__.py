"""All checks in one list, and which rules they could not apply to a data set, and why.

A new check is a function from an `Inspection` to issues; it joins `CHECKS`, and its rules join `catalogue/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyimgano_core.contracts.preflight import CheckState
from pyimgano_core.detectors import check_model
from pyimgano_core.errors import ConfigError, MachineError
from pyimgano_core.manifest import columns_of
from pyimgano_core.thresholds import needed_normals
from pyimgano_preflight._select import ALWAYS_TOLD
from pyimgano_preflight.checks.content import content_issues
from pyimgano_preflight.checks.distribution import brightness_issues, size_mode_issues
from pyimgano_preflight.checks.files import alias_issues, file_issues
from pyimgano_preflight.checks.folders import finds_orphans, folder_issues, has_lost_lines
from pyimgano_preflight.checks.headers import header_issues, header_outlier_issues
from pyimgano_preflight.checks.leakage import group_partial_issues
from pyimgano_preflight.checks.mask_files import mask_file_issues
from pyimgano_preflight.checks.masks import mask_issues
from pyimgano_preflight.checks.near_duplicates import near_duplicate_issues
from pyimgano_preflight.checks.neighbours import time_adjacent_issues
from pyimgano_preflight.checks.paths import collision_issues, path_issues
from pyimgano_preflight.checks.shortcuts import shortcut_issues
from pyimgano_preflight.rules import load_rules, rule_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.contracts.config import RunConfig, ThresholdConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.preparation import Prepared
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import Depth
    from pyimgano_preflight.rules import Rule

_OF_MANIFEST = frozenset(f"PF{number}" for number in (*range(101, 108), 109, 110, 203, 204, 701))
_OF_FOLDERS = frozenset({"PF703", "PF711"})
_OF_MASKS = frozenset(f"PF{number}" for number in (*range(501, 515), 714))
_OF_LOCK = frozenset({"PF402", "PF410", "PF411"})
_OF_OPENING = frozenset({"PF101", "PF711"})
_OF_THE_RUN = "PF9"
_DEPTHS = ("quick", "standard", "deep")
_OF_KEYS = {"$.model.name": "PF906", "$.model.features": "PF907", "$.dataset.resize": "PF907"}


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
        check_model(inspection.config.model, inspection.config.dataset.resize, inspection.base)
    except ConfigError as exc:
        for problem in exc.problems:
            codes = (code for key, code in _OF_KEYS.items() if problem.startswith(key))
            yield rule_issue(next(codes, "PF908"), problem)
    except MachineError as exc:
        yield rule_issue("PF906", str(exc))


class Check(NamedTuple):
    """A function that looks for faults, and the rules that it applies.

    One that tells of the storage, too, has a code that can't be ignored: it is never left out.
    """

    run: Callable[[Inspection], Iterator[Issue]]
    codes: frozenset[str]


def _codes(*numbers: int) -> frozenset[str]:
    return frozenset(f"PF{number}" for number in numbers)


CHECKS: tuple[Check, ...] = (
    Check(dataset_issues, ALWAYS_TOLD),
    Check(path_issues, _codes(203, 204, 207)),
    Check(collision_issues, _codes(206, 207)),
    Check(folder_issues, _codes(202, 205, 207, 213)),
    Check(file_issues, ALWAYS_TOLD),
    Check(alias_issues, _codes(212)),
    Check(header_issues, _codes(303, 305, 308, 309, 310, 311, 312, 313)),
    Check(header_outlier_issues, _codes(306, 307, 314)),
    Check(content_issues, _codes(*range(403, 409))),
    Check(mask_issues, ALWAYS_TOLD),
    Check(mask_file_issues, _codes(*range(506, 514))),
    Check(near_duplicate_issues, _codes(604, 605)),
    Check(group_partial_issues, _codes(608)),
    Check(time_adjacent_issues, _codes(609)),
    Check(size_mode_issues, _codes(801)),
    Check(brightness_issues, _codes(802)),
    Check(shortcut_issues, _codes(803)),
    Check(calibration_issues, _codes(713)),
    Check(detector_issues, _codes(906, 907, 908)),
)


def check_states(
    config: RunConfig, prepared: Prepared | None, depth: Depth, *, is_locked: bool = False
) -> tuple[CheckState, ...]:
    """Return for every rule about data whether it was applied.

    Args:
        config: the run config.
        prepared: the data set, or None where it could not be opened.
        depth: how far files were looked into.
        is_locked: whether a lock file was held against the data.
    """
    rules = [rule for rule in load_rules() if not rule.code.startswith(_OF_THE_RUN)]
    unasked = frozenset() if is_locked else _OF_LOCK
    reasons = [
        "no lock file was given"
        if rule.code in unasked
        else _too_deep(rule, depth) or _skipped(rule.code, config, prepared)
        for rule in rules
    ]
    return tuple(
        CheckState(code=rule.code, state="skipped" if reason else "done", reason=reason)
        for rule, reason in zip(rules, reasons, strict=True)
    )


def _too_deep(rule: Rule, depth: Depth) -> str | None:
    is_deeper = _DEPTHS.index(rule.profile) > _DEPTHS.index(depth)
    return f"needs the profile {rule.profile}" if is_deeper else None


def _skipped(code: str, config: RunConfig, prepared: Prepared | None) -> str | None:
    has_manifest = config.dataset.name in {"manifest", "demo"}
    if code in _OF_MANIFEST and not has_manifest:
        return "the data set has no manifest"
    if code in _OF_FOLDERS and has_manifest:
        return "the data set is a manifest, not a folder layout"
    if code == "PF213" and has_manifest and not finds_orphans(config):
        return "unused files are looked for where all categories of a manifest are checked"
    if prepared is None:
        return None if code in _OF_OPENING else "the data set could not be opened"
    if code == "PF213" and has_manifest and has_lost_lines(prepared):
        return "lines of the manifest gave no record, and their images would look unused"
    if code == "PF710" and not _needs_normals(config.threshold):
        return "the threshold is fixed"
    if code in _OF_MASKS and not columns_of(prepared.samples).masked.any():
        return "no record names a mask"
    return None


def _needs_normals(config: ThresholdConfig) -> bool:
    rules = (config, config.review)
    return any(rule is not None and needed_normals(rule) is not None for rule in rules)

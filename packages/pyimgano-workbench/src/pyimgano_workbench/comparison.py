"""What two runs differ in: settings, data, weights and environment, and then in their results."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from attrs import define

from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.images import encode_interest
from pyimgano_core.interest import load_interest
from pyimgano_workbench.past import to_new_folder

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from pyimgano_core.contracts.report import CategoryReport, RunReport
    from pyimgano_workbench.job import Job
    from pyimgano_workbench.past import PastRun

Part = Literal["settings", "data", "weights", "environment", "results"]
_NO_RESULTS = ("dataset_summary", "split_fingerprint", "environment", "issues", "region", "deciding_image")
_REPEATED = "provenance"  # what a threshold's says is compared by itself


@define(frozen=True, kw_only=True)
class Difference:
    """A value that is not the same; `what` is a dotted key, and null stands for what a run has not."""

    part: Part
    what: str
    original: Any
    now: Any
    category: str | None = None


@define(frozen=True, kw_only=True)
class Comparison:
    """What was compared: how many values of a part, and those that differ."""

    part: Part
    count: int
    differences: tuple[Difference, ...]


def compare_beginnings(past: PastRun, original: RunReport, job: Job) -> list[Comparison]:
    """Return how the beginning of a run differs from that of the run that it repeats.

    Args:
        past: the run that is repeated, as it was.
        original: its report.
        job: the run that repeats it.
    """
    settings = (_flat(unstructure(to_new_folder(config, None))) for config in (past.config, job.config))
    weights = ({"sha256": run.weights_sha256} for run in (past.origin, job.origin))
    places = (original.environment, unstructure(job.environment))
    environments = (_flat(_without_fingerprint(each)) for each in places)
    return [
        _compare("settings", *settings),
        _compare("data", _old_data(original), _new_data(job, original.failed_categories)),
        _compare("weights", *weights),
        _compare("environment", *environments),
    ]


def compare_results(original: RunReport, now: RunReport) -> Comparison:
    """Return how the results of a repeated run differ: models, thresholds, metrics, and what failed."""
    found = [_compare("results", original.failed_categories, now.failed_categories, named="failed.")]
    for name in dict.fromkeys([*original.per_category, *now.per_category]):
        old, new = (_results(run.per_category.get(name)) for run in (original, now))
        found.append(_compare("results", old, new, category=name))
    return Comparison(
        part="results",
        count=sum(each.count for each in found),
        differences=tuple(difference for each in found for difference in each.differences),
    )


def _compare(
    part: Part,
    original: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    category: str | None = None,
    named: str = "",
) -> Comparison:
    keys = dict.fromkeys([*original, *now])
    differences = (
        Difference(
            part=part, what=named + key, original=original.get(key), now=now.get(key), category=category
        )
        for key in keys
        if original.get(key) != now.get(key)
    )
    return Comparison(part=part, count=len(keys), differences=tuple(differences))


def _old_data(report: RunReport) -> dict[str, str]:
    """Return the fingerprint of each category, and the hash of its region of interest."""
    reports = report.per_category
    regions = {name: each.region.sha256 for name, each in reports.items() if each.region is not None}
    return _data({name: each.split_fingerprint.sha256 for name, each in reports.items()}, regions)


def _new_data(job: Job, failed: Container[str]) -> dict[str, str]:
    """Return the same of all categories but those that failed, of which the original has none."""
    splits = [each.split for each in job.prepared.categories if each.split.category not in failed]
    interests = {
        split.category: load_interest(job.config.dataset, split.category, job.base) for split in splits
    }
    regions = {
        name: hashlib.sha256(encode_interest(interest)).hexdigest()
        for name, interest in interests.items()
        if interest is not None
    }
    return _data({each.category: fingerprint(each, job.prepared.hashes).sha256 for each in splits}, regions)


def _data(fingerprints: Mapping[str, str], regions: Mapping[str, str]) -> dict[str, str]:
    return {**fingerprints, **{f"region of {name}": sha256 for name, sha256 in regions.items()}}


def _without_fingerprint(environment: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in environment.items() if key != "fingerprint_sha256"}


def _results(report: CategoryReport | None) -> dict[str, Any]:
    """Return the values of a report that are results: the model's first, intervals last."""
    if report is None:
        return {}
    document = {key: value for key, value in unstructure(report).items() if key not in _NO_RESULTS}
    flat = _flat({"checkpoint": document.pop("checkpoint"), **document})
    kept = (key for key in flat if _REPEATED not in key.split("."))
    return {key: flat[key] for key in sorted(kept, key=lambda key: ".intervals." in key)}


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values within nested mappings by dotted key; lists are values."""
    return dict(_values_below("", document))


def _values_below(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from _values_below(f"{path}.{key}" if path else str(key), member)
    else:
        yield path, value

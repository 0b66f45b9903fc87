"""A whole comparison: read both folders, pair what is in them, measure, judge, and ask the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_bench.compare._contract import Comparisons, Gate, PairComparison
from pyimgano_bench.compare._measure import SOURCES, measure
from pyimgano_bench.compare._pairing import meet, pair_detectors
from pyimgano_bench.compare._sides import load_sides
from pyimgano_bench.compare._verdict import Rule, judge, judge_mean
from pyimgano_bench.compare._words import gate_reasons, notes_of
from pyimgano_core.errors import UsageError
from pyimgano_core.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_bench.compare._pairing import Meeting
    from pyimgano_bench.compare._sides import Side
    from pyimgano_core.progress import Progress

METRICS = ("image_auroc", "aupro")
_SILENT = SilentProgress()


def compare_folders(
    contender: Path,
    baseline: Path,
    *,
    detectors: Sequence[tuple[str, str]] = (),
    metrics: Sequence[str] = METRICS,
    margin: float = 0.01,
    alpha: float = 0.05,
    progress: Progress = _SILENT,
) -> Comparisons:
    """Compare what two folders of finished benchmarks hold, or two detectors of one folder.

    Args:
        contender: a benchmark's folder.
        baseline: the same or another one.
        detectors: labels of the contender and of the baseline; where there are none, each detector faces the
            one of its name.
        metrics: their names in results, such as `image_auroc`.
        margin: a difference of a metric that is too small to matter, from 0 to below 1.
        alpha: the error rate of the verdicts of one metric, between 0 and 1.
        progress: shows the long steps.

    Raises:
        ArtifactError: where a file can't be trusted.
        UsageError: where nothing there can be compared, or a number is out of range.
    """
    if unknown := [name for name in metrics if name not in SOURCES]:
        raise UsageError(f"metric {unknown[0]!r} is unknown; there are {', '.join(SOURCES)}")
    if not (0.0 <= margin < 1.0 and 0.0 < alpha < 1.0):
        raise UsageError(f"the margin {margin} must be from 0 to below 1, and alpha {alpha} between 0 and 1")
    ours, theirs = load_sides(contender), load_sides(baseline)
    rule = Rule(margin=margin, alpha=alpha)
    pairs = pair_detectors(ours, theirs, detectors)
    found = tuple(
        _compare(meeting, dict.fromkeys(metrics), rule, progress)
        for sides in pairs
        for meeting in meet(*sides)
    )
    _require_any(found)
    return Comparisons(
        contender=str(contender),
        baseline=str(baseline),
        margin=margin,
        alpha=alpha,
        pairs=found,
        notes=() if detectors else tuple(_left_out(ours, theirs, pairs)),
    )


def gate(
    baseline: Path,
    results: Path,
    *,
    margin: float,
    alpha: float = 0.05,
    metrics: Sequence[str] = METRICS,
    progress: Progress = _SILENT,
) -> Comparisons:
    """Compare results with a baseline's, detector by detector, and say whether a regression gate trips.

    Arguments and errors are those of `compare_folders`; for what trips, see `ask_gate`.
    """
    found = compare_folders(results, baseline, metrics=metrics, margin=margin, alpha=alpha, progress=progress)
    return ask_gate(found)


def ask_gate(comparisons: Comparisons) -> Comparisons:
    """Return the comparisons with the verdict of a regression gate.

    It trips where a category or a mean lost more than the margin and seeds do not explain it, be it on these
    images only; where something is missing, for what failed is not "no worse"; and where a side has one seed,
    unless both sides are equal to the last score.
    """
    reasons = tuple(gate_reasons(comparisons))
    return evolve(comparisons, gate=Gate(tripped=bool(reasons), reasons=reasons))


def _compare(meeting: Meeting, metrics: Mapping[str, None], rule: Rule, progress: Progress) -> PairComparison:
    label = f"{meeting.contender} and {meeting.baseline}"
    facing = progress.track(meeting.facing, label, len(meeting.facing))
    found = {each.category: measure(each, [*metrics]) for each in facing}
    by_metric = {metric: {name: each[metric] for name, each in found.items()} for metric in metrics}
    return PairComparison(
        contender=meeting.contender,
        baseline=meeting.baseline,
        dataset=meeting.dataset,
        contender_seeds=meeting.contender_seeds,
        baseline_seeds=meeting.baseline_seeds,
        paired_seeds=any(
            each.effect and each.effect.paired for own in found.values() for each in own.values()
        ),
        judged=tuple(judged for metric, own in by_metric.items() for judged in judge(metric, own, rule)),
        means=tuple(judge_mean(metric, own, rule) for metric, own in by_metric.items()),
        notes=tuple(notes_of(meeting.facing)),
    )


def _require_any(pairs: Sequence[PairComparison]) -> None:
    """Refuse a comparison in which there is no number at all."""
    means = [mean for pair in pairs for mean in pair.means]
    if all(mean.difference is None for mean in means):
        told = dict.fromkeys(each.reason for pair in pairs for each in pair.judged if each.reason)
        raise UsageError(f"nothing can be compared: {'; '.join(map(str, told))}")


def _left_out(
    ours: Mapping[str, Side], theirs: Mapping[str, Side], pairs: Sequence[tuple[Side, Side]]
) -> Iterator[str]:
    """Yield the detectors that face none."""
    for name, sides, place in (("contender", ours, 0), ("baseline", theirs, 1)):
        used = {pair[place].label for pair in pairs}
        if left := [label for label in sides if label not in used]:
            yield f"only the {name} has {', '.join(map(repr, left))}"

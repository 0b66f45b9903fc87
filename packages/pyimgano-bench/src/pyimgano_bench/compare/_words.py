"""What a comparison says in sentences: notes beside the numbers, verdicts, and why a gate tripped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.compare._effect import FEWEST_SEEDS
from pyimgano_bench.compare._measure import SOURCES
from pyimgano_bench.compare._verdict import ONE_SEED
from pyimgano_core.words import gather, metric_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_bench.compare._contract import Comparisons, Judged, PairComparison
    from pyimgano_bench.compare._pairing import Facing
    from pyimgano_core.contracts.report import CategoryReport


def notes_of(facing: Iterable[Facing]) -> list[str]:
    """Return what two sides differ in beside their detector, category by category."""
    return gather((each.category, text) for each in facing for text in _told(each))


def _told(facing: Facing) -> Iterator[str]:
    if facing.problem is not None:
        return
    ours, theirs = (
        [fit.report for fit in fits if fit.report is not None] for fits in (facing.contender, facing.baseline)
    )
    first, second = (_size(side[0]) for side in (ours, theirs))
    if first != second:
        yield f"other image sizes: {first} px for the contender, {second} px for the baseline"
    if facing.same_seeds and any(
        one.split_fingerprint.sha256 != other.split_fingerprint.sha256
        for one, other in zip(ours, theirs, strict=True)
    ):
        yield "other images were fitted or calibrated with"


def _size(report: CategoryReport) -> str:
    return " x ".join(map(str, report.preprocessing.resize))


def seeds_in_words(pair: PairComparison) -> str:
    """Return the seeds of both sides, and how they face each other."""
    ours, theirs = (_listed(seeds) for seeds in (pair.contender_seeds, pair.baseline_seeds))
    if ours == theirs:
        return f"{ours} on both sides{', each seed with test images of its own' if pair.paired_seeds else ''}"
    return f"{ours} against {theirs}"


def _listed(seeds: Sequence[int]) -> str:
    text = ", ".join(map(str, seeds))
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {text}" if seeds else "no seed"


def place_of(judged: Judged) -> str:
    """Return where a verdict holds: a category, or the mean over how many."""
    if judged.category is not None:
        return judged.category
    count, whole = len(judged.categories), judged.category_count
    return f"mean of {count}" if count == whole else f"mean of {count} of {whole}"


def metric_of(judged: Judged) -> str:
    """Return how people call the metric of a verdict."""
    return metric_name(SOURCES[judged.metric])


def sentence(pair: PairComparison, judged: Judged) -> str:
    """Return a verdict as a sentence."""
    names = pair.contender if pair.contender == pair.baseline else f"{pair.contender} against {pair.baseline}"
    numbers = "" if judged.difference is None else f", {judged.difference:+.4f}{_ends(judged)}"
    reason = f" ({judged.reason})" if judged.reason else ""
    metric = metric_of(judged)
    return f"{names} on {pair.dataset}, {place_of(judged)}: {metric} {judged.verdict}{numbers}{reason}"


def _ends(judged: Judged) -> str:
    return "" if judged.low is None or judged.high is None else f" [{judged.low:+.4f}, {judged.high:+.4f}]"


def gate_reasons(comparisons: Comparisons) -> Iterator[str]:
    """Yield why a regression gate trips."""
    for pair in comparisons.pairs:
        both = (*pair.means, *pair.judged)
        few = min(len(pair.contender_seeds), len(pair.baseline_seeds)) < FEWEST_SEEDS
        if few and any(judged.verdict == "undecided" for judged in both):
            yield f"{pair.contender} on {pair.dataset} can't be judged: {ONE_SEED}"
        for judged in both:
            if judged.verdict == "missing":
                yield f"can't be compared: {sentence(pair, judged)}"
            elif _is_regression(judged, comparisons):
                yield f"worse by more than {comparisons.margin:g}: {sentence(pair, judged)}"


def _is_regression(judged: Judged, comparisons: Comparisons) -> bool:
    """Say whether more than the margin was lost that seeds do not explain, on these images or in general."""
    lost = judged.difference is not None and judged.difference < -comparisons.margin
    by_seeds = judged.seed_p_value is not None and judged.seed_p_value < comparisons.alpha
    return lost and (judged.verdict == "worse" or by_seeds)

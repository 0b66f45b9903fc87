"""What must be known beside the numbers, a line each: what is missing, what a number does not say."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.words._numbers import agree, number
from pyimgano_core.words._reasons import metric_name, reason_in_words
from pyimgano_core.words._thresholds import certificate_in_words, fallback_in_words, missing_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.report import Results
    from pyimgano_core.contracts.threshold import Threshold

_CHANCE = 0.5
_SHOWN_PLACES = 3


def gather(told: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each remark: `bolt, nut: what holds for both`, with the first few places.

    Args:
        told: place and remark.
    """
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for place, remark in told:
        places[remark][place] = None
    return [f"{_first_few(list(names))}: {remark}" for remark, names in places.items()]


def _first_few(places: list[str]) -> str:
    shown = ", ".join(places[:_SHOWN_PLACES])
    return shown if len(places) <= _SHOWN_PLACES else f"{shown} and {len(places) - _SHOWN_PLACES} more"


def threshold_remarks(
    image: Threshold, pixel: Threshold | None = None, review: Threshold | None = None
) -> Iterator[str]:
    """Yield the `threshold_caveats`, then what is certain of the image and of the review threshold."""
    yield from threshold_caveats(image, pixel, review)
    for name, threshold in (("image", image), ("review", review)):
        if threshold is not None and (certain := _certain(threshold, name)) is not None:
            yield certain


def threshold_caveats(
    image: Threshold, pixel: Threshold | None = None, review: Threshold | None = None
) -> Iterator[str]:
    """Yield what is missing or was replaced, with what to do; a line names the thresholds it holds for."""
    named = {"image": image, "pixel": pixel, "review": review}
    places: dict[str, list[str]] = defaultdict(list)
    for name, threshold in named.items():
        for text in () if threshold is None else _caveats(threshold):
            places[text].append(name)
    for text, names in places.items():
        yield f"{_join(names)} threshold: {text}"


def groups_in_words(count: int) -> str:
    """Say that so many groups of test images were resampled."""
    groups = agree(count, "one group", f"{count} groups")
    return f"intervals are over the {groups} of the test images, not over images"


def _certain(threshold: Threshold, name: str) -> str | None:
    if threshold.value is None:
        return None
    if name == "image":
        return certificate_in_words(threshold.provenance)
    text = certificate_in_words(threshold.provenance, f"{name} threshold")
    return None if text is None else f"{name} threshold: {text}"


def _caveats(threshold: Threshold) -> Iterator[str]:
    provenance = threshold.provenance
    if threshold.value is None:
        yield f"there is none: {missing_in_words(provenance)}"
        return
    if (fallback := fallback_in_words(provenance)) is not None:
        yield fallback
    yield from provenance.warnings


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def result_remarks(results: Results) -> Iterator[str]:
    """Yield which metrics are undefined and why, and then the `score_remarks`."""
    yield from _undefined(results.reasons)
    if results.pixel_metrics is not None:
        yield from _undefined(results.pixel_metrics.reasons)
    yield from score_remarks(results)


def score_remarks(results: Results) -> Iterator[str]:
    """Yield what is wrong with the scores: they are all equal, or the wrong way round."""
    yield from _flagged(results.flags, "image")
    if results.pixel_metrics is not None:
        yield from _flagged(results.pixel_metrics.flags, "pixel")
    if _is_inverted(results):
        yield (
            f"image AUROC {number(results.auroc)} is below that of chance: anomalous images score lower than "
            "normal ones; look whether the labels or the scores are the wrong way round"
        )


def _is_inverted(results: Results) -> bool:
    """Return whether AUROC is surely below that of chance; a perfectly wrong one has no interval."""
    found = results.auroc_interval
    if found is None or found.high is None:
        return results.auroc == 0.0
    return found.high < _CHANCE


def _undefined(reasons: dict[str, str]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        by_reason[reason].append(metric_name(name))
    for reason, names in by_reason.items():
        yield f"{', '.join(names)} undefined: {reason_in_words(reason)}"


def _flagged(flags: dict[str, tuple[str, ...]], what: str) -> Iterator[str]:
    found = dict.fromkeys(flag for each in flags.values() for flag in each)
    for flag in found:
        if flag == "constant_scores":
            yield f"all {what} scores are equal: the {what} metrics say nothing of the detector"
        else:
            yield f"{what} metrics: {reason_in_words(flag)}"

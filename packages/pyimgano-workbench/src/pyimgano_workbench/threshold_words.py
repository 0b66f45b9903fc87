"""A threshold in plain words: where it came from, what it promises, and how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_workbench.formats import count_of, percent, share, share_interval
from pyimgano_workbench.words import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.report import ReviewCounts
    from pyimgano_core.contracts.threshold import Certificate, Threshold, ThresholdProvenance

_SOURCES = {
    "val": "normal images of the val split",
    "train_holdout": "normal images held out of the train split",
}
_FALLBACKS = {
    "single_group": "they share their only group with fitted images",
    "too_few_normals": "there are too few normal train images to hold any out",
}
_ALARM = "raise a false alarm"
_EVENTS = {
    "threshold": _ALARM,
    "review threshold": "ask for a person or raise a false alarm",
    "pixel threshold": "have a flagged region",
}
_SCORES = {"image_score": "score", "map_maximum": "map maximum", "region_maximum": "region level"}


def threshold_in_words(threshold: Threshold, name: str = "threshold", beside: Threshold | None = None) -> str:
    """Say where a threshold came from and how far it can be trusted, in several sentences.

    Args:
        threshold: the threshold.
        name: `threshold`, `review threshold` or `pixel threshold`.
        beside: another one that was told of before; notes that hold for it, too, are not repeated.
    """
    provenance = threshold.provenance
    if threshold.value is None:
        verdict = " and so no verdict" if name == "threshold" else ""
        return f"There is no {name}{verdict}: {reason_in_words(provenance.reason)}."
    known = [] if beside is None else _caveats(beside.provenance)
    sentences = [
        f"The {name} {threshold.value:.6g} {_origin(provenance)}.",
        *(caveat for caveat in _caveats(provenance) if caveat not in known),
        *_certificate_sentence(provenance.certificate, _EVENTS[name]),
        *_rates_sentence(provenance),
    ]
    return " ".join(sentences)


def pixel_threshold_in_words(pixel: Threshold, image: Threshold) -> str:
    """Say where the pixel threshold came from, and which regions count; the image threshold was told of."""
    text = threshold_in_words(pixel, "pixel threshold", image)
    if pixel.value is not None and pixel.minimum_area > 1:
        text += f" Regions of fewer than {pixel.minimum_area} pixels do not count."
    return text


def review_in_words(review: Threshold, threshold: Threshold, counts: ReviewCounts | None) -> str:
    """Say what the review band is, how many test images it holds, and where it begins."""
    origin = threshold_in_words(review, "review threshold", threshold)
    if review.value is None or threshold.value is None:
        return origin
    text = f"Scores from {review.value:.6g} up to below {threshold.value:.6g} ask for a person."
    if counts is not None:
        held = f"{count_of(counts.normal)} normal and {count_of(counts.anomalous)} anomalous"
        text += f" This review band holds {held} test images."
    return f"{text} {origin}"


def method_in_words(provenance: ThresholdProvenance) -> str:
    """Name the method that was followed, with its own parameter."""
    given = provenance.parameters
    named = {"conformal": "alpha", "fpr": "alpha", "evt": "alpha"}.get(provenance.method)
    if named in given:
        return f"{provenance.method} at {percent(given[named])}"
    if provenance.method == "quantile" and provenance.quantile is not None:
        return f"quantile {provenance.quantile:g}"
    return provenance.method


def fallback_in_words(provenance: ThresholdProvenance) -> str | None:
    """Say which method was asked for, why it can't be followed, and which one was instead."""
    if not provenance.fallbacks:
        return None
    reasons = "; ".join(step.message for step in provenance.fallbacks)
    return f"{reasons}; {method_in_words(provenance)} instead"


def certificate_in_words(certificate: Certificate, event: str = _ALARM) -> str:
    """Say in one sentence at which rate an `event` is certain to be kept."""
    level, reason = certificate.level, reason_in_words(certificate.reason)
    if level is None:
        return f"No rate is certified: {reason}."
    if certificate.confidence is not None:
        sure = f"With {percent(certificate.confidence)} confidence"
        text = f"{sure}, at most {percent(level)} of future images like these normals {event}"
    else:
        text = f"Of future images like these normals, on average at most {percent(level)} {event}"
    if certificate.reason is not None and certificate.target is not None:
        text += f"; {percent(certificate.target)} was asked for, but {reason}"
    return f"{text}."


def _origin(provenance: ThresholdProvenance) -> str:
    if provenance.method == "fixed":
        return "is fixed by the config"
    tell = _ESTIMATED.get(provenance.method, _rank)
    return f"{tell(provenance)} of {_SOURCES[provenance.source]}{_apart(provenance)}"


def _rank(provenance: ThresholdProvenance) -> str:
    score = _SCORES[provenance.score_source]
    text = (
        f"lies just above calibration {score} number {provenance.rank} of {provenance.calibration_count} "
        "from below"
    )
    if provenance.method == "quantile":
        return f"{text}, the {provenance.quantile:g} quantile"
    return f"{text} ({method_in_words(provenance)})"


def _gaussian(provenance: ThresholdProvenance) -> str:
    given, score = provenance.parameters, _SCORES[provenance.score_source]
    return (
        f"is the mean of {provenance.calibration_count} calibration {score}s plus {given['k']:g} standard "
        f"deviations ({given['mean']:.4g} + {given['k']:g} times {given['std']:.4g})"
    )


def _mad(provenance: ThresholdProvenance) -> str:
    given, score = provenance.parameters, _SCORES[provenance.score_source]
    return (
        f"is the median of {provenance.calibration_count} calibration {score}s plus {given['k']:g} robust "
        f"standard deviations ({given['median']:.4g} + {given['k']:g} times 1.4826 times {given['mad']:.4g})"
    )


def _evt(provenance: ThresholdProvenance) -> str:
    given, score = provenance.parameters, _SCORES[provenance.score_source]
    return (
        f"is exceeded by {percent(given['alpha'])} of a generalised Pareto tail (shape {given['gamma']:.3g}, "
        f"scale {given['sigma']:.3g}) fitted to the {given['exceedances']:g} highest of "
        f"{provenance.calibration_count} calibration {score}s"
    )


_ESTIMATED: dict[str, Callable[[ThresholdProvenance], str]] = {
    "gaussian": _gaussian,
    "mad": _mad,
    "evt": _evt,
}


def _apart(provenance: ThresholdProvenance) -> str:
    shared = {"fitted": not provenance.disjoint_from_train, "tested": not provenance.disjoint_from_test}
    if not any(shared.values()):
        return ", none of which was fitted or tested"
    return f", copies of some of which were {' and '.join(word for word, is_so in shared.items() if is_so)}"


def _caveats(provenance: ThresholdProvenance) -> list[str]:
    notes = [fallback_in_words(provenance), *provenance.warnings]
    if provenance.fallback is not None:
        notes.append(_FALLBACKS.get(provenance.fallback, provenance.fallback))
    return [f"Note: {note}." for note in notes if note is not None]


def _certificate_sentence(certificate: Certificate | None, event: str) -> list[str]:
    return [] if certificate is None else [certificate_in_words(certificate, event)]


def _rates_sentence(provenance: ThresholdProvenance) -> list[str]:
    rates = {"calibration": provenance.calibration_rate, "test": provenance.test_rate}
    told = [
        f"{count_of(rate)} {name} normals ({_rate(rate)})"
        for name, rate in rates.items()
        if rate is not None and rate.rate is not None
    ]
    return [f"It flags {' and '.join(told)}."] if told else []


def _rate(observed: ObservedRate) -> str:
    level = percent(observed.interval.level)
    return f"{share(observed)}, {level} interval {share_interval(observed.interval)}"

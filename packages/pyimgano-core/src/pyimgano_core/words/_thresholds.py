"""A threshold in plain words: where it came from, what it promises, and how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words._numbers import agree, count_of, percent, share, share_interval
from pyimgano_core.words._origin import method_in_words, origin_in_words
from pyimgano_core.words._reasons import interval_note, reason_in_words

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.report import ReviewCounts
    from pyimgano_core.contracts.threshold import (
        Certificate,
        FallbackStep,
        Threshold,
        ThresholdProvenance,
    )

__all__ = [
    "certificate_in_words",
    "certified_in_words",
    "fallback_in_words",
    "method_in_words",
    "missing_in_words",
    "pixel_threshold_in_words",
    "review_in_words",
    "threshold_in_words",
]

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
_ADVICE = {
    "no_calibration_images": 'add normal images, split some off as val, or set threshold.method = "fixed"',
    "no_fixed_pixel_value": "set threshold.pixel_value to have regions",
    "scores_too_large": "scale the scores down",
}


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
        return f"There is no {name}{verdict}: {missing_in_words(provenance)}."
    known = [] if beside is None else _caveats(beside.provenance)
    certificate = certificate_in_words(provenance, name)
    sentences = [
        f"The {name} {threshold.value:.6g} {origin_in_words(provenance)}.",
        *(caveat for caveat in _caveats(provenance) if caveat not in known),
        *([] if certificate is None else [certificate]),
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
        total = counts.normal.total + counts.anomalous.total
        text += f" This review band holds {held} {agree(total, 'test image', 'test images')}."
    return f"{text} {origin}"


def missing_in_words(provenance: ThresholdProvenance) -> str:
    """Say why there is no threshold, and what to do."""
    advice = _ADVICE.get(provenance.reason or "")
    text = reason_in_words(provenance.reason)
    return text if advice is None else f"{text}; {advice}"


def fallback_in_words(provenance: ThresholdProvenance) -> str | None:
    """Say which method was asked for, why it can't be followed, which one was instead, and what to do."""
    if not provenance.fallbacks:
        return None
    reasons = "; ".join(step.message for step in provenance.fallbacks)
    return f"{reasons}; {method_in_words(provenance)} instead ({_remedy(provenance.fallbacks[-1])})"


def _remedy(step: FallbackStep) -> str:
    if step.reason == "no_spread":
        return "look whether the calibration images are copies of one, or ask for another method"
    if step.reason == "too_few_exceedances" or step.needed is None or step.available is None:
        return "add normal images, or ask for another method"
    return f"{step.needed - step.available} more would do, or ask for another method"


def certificate_in_words(provenance: ThresholdProvenance, name: str = "threshold") -> str | None:
    """Say in one sentence which rate of false alarms (or of what `name` does) is certain to be kept."""
    certificate = provenance.certificate
    if certificate is None:
        return None
    level = certificate.level
    if level is None:
        return f"No rate is certified: {reason_in_words(certificate.reason)}."
    event = _EVENTS[name]
    if certificate.confidence is not None:
        sure = f"With {percent(certificate.confidence)} confidence"
        text = f"{sure}, at most {percent(level)} of future images like these normals {event}"
    else:
        text = f"Of future images like these normals, on average at most {percent(level)} {event}"
    if certificate.reason is not None and certificate.target is not None:
        text += f"; {_asked(certificate)} was asked for, but {reason_in_words(certificate.reason)}"
    return f"{text}."


def _asked(certificate: Certificate) -> str:
    target, sure = percent(certificate.target or 0.0), certificate.target_confidence
    return target if sure is None else f"{target} with {percent(sure)} confidence"


def certified_in_words(certificate: Certificate | None) -> str:
    """Return in a narrow cell which false-alarm rate is certain, or why none is."""
    if certificate is None:
        return "-"
    if certificate.level is None:
        return f"none: {reason_in_words(certificate.reason)}"
    sure = certificate.confidence
    kind = "on average" if sure is None else f"with {percent(sure)} confidence"
    text = f"{percent(certificate.level)} {kind}"
    return text if certificate.reason is None else f"{text}: {reason_in_words(certificate.reason)}"


def _caveats(provenance: ThresholdProvenance) -> list[str]:
    notes = [fallback_in_words(provenance), *provenance.warnings]
    if provenance.fallback is not None:
        notes.append(_FALLBACKS.get(provenance.fallback, provenance.fallback))
    return [f"Note: {note}." for note in notes if note is not None]


def _rates_sentence(provenance: ThresholdProvenance) -> list[str]:
    rates = {"calibration": provenance.calibration_rate, "test": provenance.test_rate}
    told = [
        f"{count_of(rate)} {name} {agree(rate.total, 'normal', 'normals')} ({_rate(rate)})"
        for name, rate in rates.items()
        if rate is not None and rate.rate is not None
    ]
    return [f"It flags {' and '.join(told)}."] if told else []


def _rate(observed: ObservedRate) -> str:
    found = observed.interval
    if found.low is None:
        return f"{share(observed)}, {interval_note(found)}"
    return f"{share(observed)}, {percent(found.level)} interval {share_interval(found)}"

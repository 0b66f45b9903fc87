"""How a threshold came about, by its method, and on which images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words._numbers import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_core.contracts.threshold import ThresholdProvenance

_SOURCES = {
    "val": "normal images of the val split",
    "train_holdout": "normal images held out of the train split",
    "predictions": "normal images of the calibration predictions",
    "site": "normal images from the site",
}
_SCORES = {"image_score": "score", "map_maximum": "highest map value", "region_maximum": "region level"}
_APART = {
    None: "of which it is not known whether they were {}",
    False: "copies of some of which were {}",
}


def method_in_words(provenance: ThresholdProvenance) -> str:
    """Name the method that was followed, with its own parameter."""
    given = provenance.parameters
    named = {"conformal": "alpha", "fpr": "alpha", "evt": "alpha"}.get(provenance.method)
    if named in given:
        return f"{provenance.method} at {percent(given[named])}"
    if provenance.method == "quantile" and provenance.quantile is not None:
        return f"quantile {provenance.quantile:g}"
    return provenance.method


def origin_in_words(provenance: ThresholdProvenance) -> str:
    """Say what a threshold is, as what follows `The threshold 2.5`."""
    if provenance.method == "fixed":
        return "is fixed by the config"
    if provenance.source == "predictions" and provenance.calibration_count == 0:
        return "stands in the lines of the predictions"
    told = _ESTIMATED.get(provenance.method, _rank)(provenance)
    images = _SOURCES.get(provenance.source, "normal images")
    return f"{told} of {images}{_apart(provenance)}"


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
        f"is the median of {provenance.calibration_count} calibration {score}s plus {given['k']:g} times "
        f"their robust spread, 1.4826 times the median distance from it ({given['median']:.4g} + "
        f"{given['k']:g} times 1.4826 times {given['mad']:.4g})"
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
    """Say of which images of the run there are copies among them, or that it is not known."""
    known = {"fitted": provenance.disjoint_from_train, "tested": provenance.disjoint_from_test}
    if all(known.values()):
        return ", none of which was fitted or tested"
    told = []
    for state, phrase in _APART.items():
        words = [word for word, is_apart in known.items() if is_apart is state]
        if words:
            told.append(phrase.format(" or ".join(words) if state is None else " and ".join(words)))
    return f", {', '.join(told)}"

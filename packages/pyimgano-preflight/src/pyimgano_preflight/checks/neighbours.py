"""Leakage that time tells of: normal test images taken right beside images that are learnt from.

Where an image stands in its series is told by `meta.timestamp` of its record, else by `meta.seq_index`, else
by the last number of its name. Copying changes modification times, so these tell nothing.
"""

from __future__ import annotations

import re
from array import array
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from attrs import define, field

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.moments import read_moment
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Record, Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_preflight._inspection import Inspection

_LAST_NUMBER = re.compile(r"(.*?)([0-9]+)([^0-9/\\]*)", re.DOTALL)
_EXACT_DIGITS = 15  # longer numbers are not exact as float64, and count nothing
_SERIES_KEYS = ("camera", "series")
_TIMESTAMP, _INDEX, _NAME = "meta.timestamp", "meta.seq_index", "the numbers in their names"
_USUAL_STEPS = 2
_FEWEST_NEIGHBOURS = 3
_LEAST_SHARE = 0.25
_SHOWN_PAIRS = 10


class _Series(NamedTuple):
    """What is recorded one after the other: `by` says what tells the order."""

    by: str
    name: str


class _Pair(NamedTuple):
    """A tested image and one beside it that is learnt from, by their places in the split; `by` tells it."""

    tested: int
    learnt: int
    by: str


@define
class _Track:
    """The images of one series: where each stands in it, and its place in the split."""

    positions: array[float] = field(factory=lambda: array("d"))
    places: array[int] = field(factory=lambda: array("q"))


def time_adjacent_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories of which many normal test images stand next to images that are learnt from."""
    for category in inspection.prepared.categories:
        split = category.split
        normals = sum(sample.record.label != ANOMALOUS for sample in split.test)
        pairs = _pairs(split)
        if len(pairs) >= max(_FEWEST_NEIGHBOURS, _LEAST_SHARE * normals):
            yield _issue(split, pairs, normals)


def _pairs(split: CategorySplit) -> list[_Pair]:
    """Return each tested image that stands beside a learnt one, in the order of the test images.

    One that is learnt from itself is not beside itself; rules on leakage tell of it.
    """
    tested = _tracks(split.test)
    learnt = _tracks(chain(split.train, split.calibration), known=tested)
    pairs = (pair for series, track in learnt.items() for pair in _beside(series, tested[series], track))
    return sorted(
        pair for pair in pairs if _tested(split, pair).image_file != _learnt(split, pair).image_file
    )


def _tracks(samples: Iterable[Sample], known: Container[_Series] | None = None) -> dict[_Series, _Track]:
    """Return the normal images by their series, those of `known` series alone where it is given.

    Records of a group are left out: their author has said what belongs together, and parts that follow each
    other are parts of their own.
    """
    tracks: dict[_Series, _Track] = {}
    for place, sample in enumerate(samples):
        record = sample.record
        if record.group_id is not None or record.label == ANOMALOUS:
            continue
        found = _position(record)
        if found is not None and (known is None or found[0] in known):
            track = tracks.setdefault(found[0], _Track())
            track.positions.append(found[1])
            track.places.append(place)
    return tracks


def _position(record: Record) -> tuple[_Series, float] | None:
    """Return the series of an image, and where it stands there; None where nothing tells."""
    meta = record.meta
    named = "".join(f"{key} {meta[key]}\n" for key in _SERIES_KEYS if key in meta) if meta else ""
    moment = read_moment(meta.get("timestamp"))
    if moment is not None:
        return _Series(_TIMESTAMP, named), moment
    index = meta.get("seq_index")
    if type(index) is int and abs(index) < 10**_EXACT_DIGITS:
        return _Series(_INDEX, named or _folder(record.image_path)), index
    number = _LAST_NUMBER.fullmatch(record.image_path)
    if number is None or len(number[2]) > _EXACT_DIGITS:
        return None
    return _Series(_NAME, f"{named}{number[1]}#{number[3]}"), int(number[2])


def _folder(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[0]


def _beside(series: _Series, tested: _Track, learnt: _Track) -> Iterator[_Pair]:
    at = np.frombuffer(tested.positions)  # (T,)
    order = np.argsort(np.frombuffer(learnt.positions), kind="stable")
    known = np.frombuffer(learnt.positions)[order]  # (L,)
    after = np.searchsorted(known, at)
    sides = np.stack([after - 1, after]).clip(0, len(known) - 1)  # (2, T)
    gaps = np.abs(known[sides] - at)
    nearest = np.where(gaps[0] <= gaps[1], sides[0], sides[1])
    reach = _USUAL_STEPS * _usual_step(at, known) if series.by == _TIMESTAMP else 1.0
    for place in np.flatnonzero(gaps.min(axis=0) <= reach):
        yield _Pair(tested.places[place], learnt.places[order[nearest[place]]], series.by)


def _usual_step(at: NDArray[np.float64], known: NDArray[np.float64]) -> float:
    """Return the median time between an image of a series and the next."""
    steps = np.diff(np.union1d(at, known))
    return float(np.median(steps)) if steps.size else 0.0


def _issue(split: CategorySplit, pairs: Sequence[_Pair], normals: int) -> Issue:
    shown = [path for pair in pairs[:_SHOWN_PAIRS] for path in _paths(split, pair)]
    by = " and ".join(dict.fromkeys(pair.by for pair in pairs))
    return rule_issue(
        "PF609",
        f"category {split.category!r}: by {by}, {len(pairs)} of {normals} normal test images come right "
        f"before or after an image that is learnt from, such as {shown[0]!r} and {shown[1]!r}; if they are "
        "moments of one recording, give its images one group_id",
        paths=tuple(dict.fromkeys(shown)),
        category=split.category,
        data={"adjacent": len(pairs), "normals": normals, "by": sorted({pair.by for pair in pairs})},
    )


def _paths(split: CategorySplit, pair: _Pair) -> tuple[str, str]:
    return _tested(split, pair).record.image_path, _learnt(split, pair).record.image_path


def _tested(split: CategorySplit, pair: _Pair) -> Sample:
    return split.test[pair.tested]


def _learnt(split: CategorySplit, pair: _Pair) -> Sample:
    place, train = pair.learnt, len(split.train)
    return split.train[place] if place < train else split.calibration[place - train]

"""Near-duplicates: images that show the same picture in other bytes, on one side of a split or on two.

Candidates come from the difference hashes and the thumbnails of the facts. By hashes alone every pair of a
rigid fixture is a duplicate, so each candidate is confirmed by its pixels, which are read again: these must
differ by less than a grey level, by less than half of what images of their category usually do, and by less
than an eighth of what they show.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve

from pyimgano_core.words import images_in_words, number_of
from pyimgano_preflight.checks.residuals import SmallPictures
from pyimgano_preflight.checks.similar import find_close
from pyimgano_preflight.checks.uses import Uses
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.checks.uses import Use

_MOST_RESIDUAL = 1.0  # grey levels
_MOST_AT_FIRST = 1.5  # of thumbnails, whose values are rounded: no pair below the residual is above it
_MOST_OF_USUAL = 0.5
_MOST_OF_CONTRAST = 1 / 8  # dark fields with a few specks differ by little, and by all that they show
_MOST_READ = 1000
_PAIRS_AT_ONCE = 1024
_READ_FOR_USUAL = 12
_SHOWN_PATHS = 20


@define(frozen=True, kw_only=True)
class Match:
    """Two images that show the same picture; `residual` is in grey levels."""

    first: int
    second: int
    residual: float


@define(frozen=True, kw_only=True)
class Search:
    """What a search found: `matches` among the `looked` of `candidates`, which are pairs with close hashes.

    `crowded` images have further pairs that are no candidates, because too many hashes are like theirs.
    """

    uses: Uses
    matches: list[Match]
    candidates: int
    looked: int
    crowded: int
    is_whole: bool


def near_duplicate_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield one issue for each set of images that show the same picture; needs the facts of all pixels."""
    search = find_matches(inspection)
    for matches in _joined(search.matches):
        yield _issue(matches, search.uses)
    if not search.is_whole:
        yield _sampled(search)


def find_matches(inspection: Inspection) -> Search:
    """Return the pairs of images that show the same picture."""
    uses = Uses.of(inspection)
    close = find_close(uses.hashes)
    pairs = _similar(_ordered(np.stack([close.first, close.second], axis=1), uses), uses)
    chosen = _first_named(pairs, _MOST_READ)
    usual = _usual_members(uses, chosen)
    numbers = sorted({*chosen, *(number for members in usual.values() for number in members)})
    found = inspection.facts.pictures([uses.file(number) for number in numbers])
    pictures = SmallPictures(dict(zip(numbers, found, strict=True)))
    limits = {code: _MOST_OF_USUAL * pictures.usual_residual(members) for code, members in usual.items()}
    looked = [pair for pair in pairs.tolist() if pictures.has(pair)]
    return Search(
        uses=uses,
        matches=list(_confirmed(looked, uses, pictures, limits)),
        candidates=len(pairs),
        looked=len(looked),
        crowded=close.crowded,
        is_whole=len(looked) == len(pairs) and not close.crowded and not close.is_full,
    )


def _ordered(pairs: NDArray[np.int64], uses: Uses) -> NDArray[np.int64]:
    """Return the pairs (P, 2) that are no equal bytes; those on two sides come first."""
    first, second = uses.contents[pairs].T
    pairs = pairs[first != second]
    first, second = uses.is_tested[pairs].T
    return pairs[np.argsort(first == second, kind="stable")]


def _similar(pairs: NDArray[np.int64], uses: Uses) -> NDArray[np.int64]:
    """Return the pairs (P, 2) whose thumbnails, less their mean, differ by little; the others can't match."""
    kept = [pairs[:0]]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        kept.append(some[uses.thumbnail_distances(some) < _MOST_AT_FIRST])
    return np.concatenate(kept)


def _first_named(pairs: NDArray[np.int64], most: int) -> list[int]:
    """Return the first images that `pairs` (P, 2) name, `most` at most."""
    images, places = np.unique(pairs, return_index=True)
    named: list[int] = images[np.argsort(places)[:most]].tolist()
    return named


def _usual_members(uses: Uses, chosen: Sequence[int]) -> dict[int, list[int]]:
    """Return a few images, spread over it, of each category with chosen ones whose images may all be alike.

    Images differ by no less than their thumbnails: where half of that is enough for any pair, none is read.
    """
    usual = {}
    for code in np.unique(uses.categories[chosen]).tolist():
        members = np.flatnonzero(uses.categories == code)
        spread = members[
            np.linspace(0, len(members) - 1, min(len(members), _READ_FOR_USUAL)).astype(np.int64)
        ]
        pairs = spread[np.stack(np.triu_indices(len(spread), 1), axis=1)]  # (P, 2)
        if not len(pairs) or np.median(uses.thumbnail_distances(pairs)) < _MOST_AT_FIRST / _MOST_OF_USUAL:
            usual[code] = spread.tolist()
    return usual


def _confirmed(
    pairs: Iterable[tuple[int, int]], uses: Uses, pictures: SmallPictures, limits: dict[int, float]
) -> Iterator[Match]:
    for first, second in pairs:
        own = (limits.get(code, _MOST_RESIDUAL) for code in uses.categories[[first, second]].tolist())
        contrast = min(pictures.contrast(first), pictures.contrast(second))
        residual = pictures.residual(first, second)
        if residual < min(_MOST_RESIDUAL, *own, _MOST_OF_CONTRAST * contrast):
            yield Match(first=first, second=second, residual=residual)


def _joined(matches: Iterable[Match]) -> list[list[Match]]:
    """Return the matches in sets that have no image in common, in the order of their first images."""
    parents: dict[int, int] = {}

    def root(number: int) -> int:
        while parents.setdefault(number, number) != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    listed = list(matches)
    for match in listed:
        one, other = sorted((root(match.first), root(match.second)))
        parents[other] = one
    joined = defaultdict(list)
    for match in listed:
        joined[root(match.first)].append(match)
    return [joined[first] for first in sorted(joined)]


def _issue(matches: Sequence[Match], uses: Uses) -> Issue:
    numbers = dict.fromkeys(number for match in matches for number in (match.first, match.second))
    tested = uses.is_tested
    crossing = [match for match in matches if tested[match.first] != tested[match.second]]
    closest = min(crossing or matches, key=lambda match: match.residual)
    pair = sorted((uses[closest.first], uses[closest.second]), key=lambda use: not use.is_tested)
    records = [use.sample.record for use in (*pair, *(uses[number] for number in numbers))]
    paths = dict.fromkeys(record.image_path for record in records)
    same_category = len({record.category for record in records}) == 1
    issue = sample_issue(
        "PF605" if crossing else "PF604",
        pair[0].sample,
        _message(pair, closest.residual, len(numbers), crossing=bool(crossing)),
        data={
            "count": len(numbers),
            "tested": sum(bool(tested[number]) for number in numbers),
            "residual": round(closest.residual, 3),
            "labels": sorted({record.label for record in records}),
        },
    )
    category = issue.category if same_category else None
    return evolve(issue, paths=tuple(paths)[:_SHOWN_PATHS], category=category)


def _message(pair: Sequence[Use], residual: float, count: int, *, crossing: bool) -> str:
    others = f", {count} images are alike" if count > len(pair) else ""
    what = f"shows the same picture as {pair[1].place}, {residual:.2f} grey levels apart{others}"
    if pair[0].sample.record.label != pair[1].sample.record.label:
        return f"{what}: look for the defect; one label may be wrong"
    harm = "tests would measure memory; keep them on one side" if crossing else "copies add no information"
    return f"{what}: {harm}"


def _sampled(search: Search) -> Issue:
    left = search.candidates - search.looked
    parts = [f"{left} of {number_of(search.candidates, 'pair')} whose hashes are close"] if left else []
    parts += (
        [f"the other pairs of {images_in_words(search.crowded)} with too many close hashes"]
        if search.crowded
        else []
    )
    return rule_issue(
        "PF904",
        f"near-duplicates were not looked for in {' and in '.join(parts) or 'pairs with less close hashes'}",
        data={
            "codes": ["PF604", "PF605"],
            "candidates": search.candidates,
            "looked_at": search.looked,
            "crowded": search.crowded,
        },
    )

"""Near-duplicates: images that show the same picture in other bytes, on one side of a split or on two.

Candidates come from the difference hashes and the thumbnails of the facts. By hashes alone every pair of a
rigid fixture is a duplicate, so each candidate is confirmed by its pixels, which are read again: these must
differ by less than a grey level, and by less than half of what images of their category usually do.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve

from pyimgano_core.contracts.record import LABEL_NAMES, Role, Sample
from pyimgano_preflight.checks.residuals import SmallPictures
from pyimgano_preflight.checks.similar import HASH_BYTES, find_close
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_preflight._inspection import Inspection

_MOST_RESIDUAL = 1.0  # grey levels
_MOST_AT_FIRST = 1.5  # of thumbnails, whose values are rounded: no pair below the residual is above it
_MOST_OF_USUAL = 0.5
_MOST_READ = 1000
_PAIRS_AT_ONCE = 4096
_THUMBNAIL = 256  # values
_READ_FOR_USUAL = 12
_SHOWN_PATHS = 20


@define(frozen=True, kw_only=True)
class _Use:
    """An image where it is used; `content` is equal for equal bytes."""

    sample: Sample
    role: Role
    content: str
    difference_hash: bytes
    thumbnail: bytes

    @property
    def is_tested(self) -> bool:
        return self.role == "test"

    @property
    def place(self) -> str:
        record = self.sample.record
        return f"{record.image_path!r} ({LABEL_NAMES[record.label]}, {self.role} of {record.category!r})"


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

    uses: list[_Use]
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
    uses = list(_uses(inspection))
    hashes = np.frombuffer(b"".join(use.difference_hash for use in uses), np.uint8)
    close = find_close(hashes.reshape(len(uses), HASH_BYTES))
    pairs = _similar(_ordered(np.stack([close.first, close.second], axis=1), uses), uses)
    chosen = _first_named(pairs, _MOST_READ)
    usual = _usual_members(uses, chosen)
    numbers = sorted({*chosen, *(number for members in usual.values() for number in members)})
    pictures = SmallPictures(
        {number: uses[number].sample.image for number in numbers},
        inspection.config.dataset.sixteen_bit_range,
        inspection.progress,
    )
    limits = {name: _MOST_OF_USUAL * pictures.usual_residual(members) for name, members in usual.items()}
    looked = [pair for pair in pairs.tolist() if pictures.has(pair)]
    return Search(
        uses=uses,
        matches=list(_confirmed(looked, uses, pictures, limits)),
        candidates=len(pairs),
        looked=len(looked),
        crowded=close.crowded,
        is_whole=len(looked) == len(pairs) and not close.crowded and not close.is_full,
    )


def _uses(inspection: Inspection) -> Iterator[_Use]:
    """Yield each content once for each side: equal bytes are told by other rules."""
    seen = set()
    for category in inspection.prepared.categories:
        for role, samples in category.split.by_role:
            for sample in samples:
                facts = inspection.facts.image(sample)
                key = (facts.sha256 or facts.path, role == "test")
                if facts.pixels is not None and key not in seen:
                    seen.add(key)
                    hashed = bytes.fromhex(facts.pixels.difference_hash)
                    thumbnail = bytes.fromhex(facts.pixels.thumbnail)
                    yield _Use(
                        sample=sample,
                        role=role,
                        content=key[0],
                        difference_hash=hashed,
                        thumbnail=thumbnail,
                    )


def _ordered(pairs: NDArray[np.int64], uses: Sequence[_Use]) -> NDArray[np.int64]:
    """Return the pairs (P, 2) that are no equal bytes; those on two sides come first."""
    tested = np.array([use.is_tested for use in uses])
    _, content = np.unique([use.content for use in uses], return_inverse=True)
    pairs = pairs[content[pairs[:, 0]] != content[pairs[:, 1]]]
    same_side = tested[pairs[:, 0]] == tested[pairs[:, 1]]
    return pairs[np.argsort(same_side, kind="stable")]


def _similar(pairs: NDArray[np.int64], uses: Sequence[_Use]) -> NDArray[np.int64]:
    """Return the pairs (P, 2) whose thumbnails, less their mean, differ by little; the others can't match."""
    values = np.frombuffer(b"".join(use.thumbnail for use in uses), np.uint8).reshape(len(uses), _THUMBNAIL)
    centred = values.astype(np.float32)  # (N, 256)
    centred -= centred.mean(axis=1, keepdims=True)
    kept = [pairs[:0]]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        apart = centred[some[:, 0]] - centred[some[:, 1]]  # (P, 256)
        kept.append(some[np.einsum("pv,pv->p", apart, apart) < _MOST_AT_FIRST**2 * centred.shape[1]])
    return np.concatenate(kept)


def _first_named(pairs: NDArray[np.int64], most: int) -> list[int]:
    """Return the first images that `pairs` (P, 2) name, `most` at most."""
    images, places = np.unique(pairs, return_index=True)
    named: list[int] = images[np.argsort(places)[:most]].tolist()
    return named


def _usual_members(uses: Sequence[_Use], chosen: Iterable[int]) -> dict[str, list[int]]:
    """Return a few images, spread over it, of each category that has chosen ones."""
    members = defaultdict(list)
    for number, use in enumerate(uses):
        members[use.sample.record.category].append(number)
    wanted = dict.fromkeys(uses[number].sample.record.category for number in chosen)
    return {name: _spread(members[name]) for name in wanted}


def _spread(members: Sequence[int]) -> list[int]:
    places = np.linspace(0, len(members) - 1, min(len(members), _READ_FOR_USUAL))
    return [members[int(place)] for place in places]


def _confirmed(
    pairs: Iterable[tuple[int, int]],
    uses: Sequence[_Use],
    pictures: SmallPictures,
    limits: dict[str, float],
) -> Iterator[Match]:
    for first, second in pairs:
        own = (limits[uses[number].sample.record.category] for number in (first, second))
        residual = pictures.residual(first, second)
        if residual < min(_MOST_RESIDUAL, *own):
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


def _issue(matches: Sequence[Match], uses: Sequence[_Use]) -> Issue:
    numbers = dict.fromkeys(number for match in matches for number in (match.first, match.second))
    crossing = [match for match in matches if uses[match.first].is_tested != uses[match.second].is_tested]
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
            "tested": sum(uses[number].is_tested for number in numbers),
            "residual": round(closest.residual, 3),
            "labels": sorted({record.label for record in records}),
        },
    )
    category = issue.category if same_category else None
    return evolve(issue, paths=tuple(paths)[:_SHOWN_PATHS], category=category)


def _message(pair: Sequence[_Use], residual: float, count: int, *, crossing: bool) -> str:
    others = f", {count} images are alike" if count > len(pair) else ""
    what = f"shows the same picture as {pair[1].place}, {residual:.2f} grey levels apart{others}"
    if pair[0].sample.record.label != pair[1].sample.record.label:
        return f"{what}: look for the defect; one label may be wrong"
    harm = "tests would measure memory; keep them on one side" if crossing else "copies add no information"
    return f"{what}: {harm}"


def _sampled(search: Search) -> Issue:
    left = search.candidates - search.looked
    parts = [f"{left} of {search.candidates} pairs whose hashes are close"] if left else []
    parts += (
        [f"the other pairs of {search.crowded} images with too many close hashes"] if search.crowded else []
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

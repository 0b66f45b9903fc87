"""Which mask is whose, by the names of files and folders; one that may be of several images is nobody's."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

from pyimgano_core.layouts._guess_names import says_no_more_than_anomalous

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from pyimgano_core.layouts._guess_places import Place

    Placed: TypeAlias = tuple[PurePosixPath, Place]

_Key: TypeAlias = tuple[tuple[str, ...], str]


def match_masks(masks: Iterable[Placed], images: Iterable[Placed]) -> dict[str, str]:
    """Return the paths of masks by those of their images, as far as names tell.

    Args:
        masks: each with what its folders say.
        images: the anomalous ones.
    """
    paths, owners = _by_key(images)
    keyed = [(_key(place, path.stem.removesuffix("_mask")), path, place) for path, place in masks]
    counts = Counter(key for key, _, _ in keyed)
    own = {key for key, count in counts.items() if count == len(paths.get(key, ())) == 1}
    found = {}
    for key, path, place in keyed:
        takers = {key} if key in paths and _says_anomalous(place) else {key, *owners[key]} & paths.keys()
        waiting = [each for each in takers if each == key or each not in own]
        if counts[key] == 1 and len(waiting) == 1 and len(paths[waiting[0]]) == 1:
            found[paths[waiting[0]][0]] = str(path)
    return found


def _by_key(images: Iterable[Placed]) -> tuple[dict[_Key, list[str]], dict[_Key, set[_Key]]]:
    """Return the paths of each key, and the keys in each category by the names of files."""
    paths: dict[_Key, list[str]] = defaultdict(list)
    owners: dict[_Key, set[_Key]] = defaultdict(set)
    for path, place in images:
        key = _key(place, path.stem)
        paths[key].append(str(path))
        owners[place.category, path.stem].add(key)
    return paths, owners


def _key(place: Place, stem: str) -> _Key:
    """Return what an image and its mask have in common: all folders but those that only say "anomalous"."""
    return (*place.category, *place.defect), stem


def _says_anomalous(place: Place) -> bool:
    """Return whether a mask lies in a folder such as `nok`: it is of an image there, not of one beside it."""
    return any(map(says_no_more_than_anomalous, place.kinds))

"""Shortcuts: a trivial feature that separates normal from anomalous test images by itself.

Where it does, a high AUROC may say nothing about defects: in one published case the good and the bad parts
were photographed at different times, and the model learnt the edge of the belt.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.metrics import auroc
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts

_LEAST_AUROC = 0.95
_FEWEST_OF_EACH = 10
_FEWEST_FOLDERS = 2


@define
class _Tested:
    """What is known of the test images of a category, a value of each kind for each image."""

    anomalous: list[bool] = field(factory=list)
    folders: list[tuple[str, ...]] = field(factory=list)
    formats: list[str | None] = field(factory=list)
    numbers: dict[str, array[float]] = field(factory=lambda: {name: array("d") for name in _NUMBERS})

    def __len__(self) -> int:
        return len(self.anomalous)


def shortcut_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories of which a trivial feature alone tells the labels of the test images."""
    for category in inspection.prepared.categories:
        images = _gather(category.split.test, inspection)
        found = {name: value for name, value in _areas(images) if value > _LEAST_AUROC}
        if found:
            name, value = max(found.items(), key=lambda item: item[1])
            others = sorted(found.keys() - {name})
            further = f", as well as by {', '.join(others)}" if others else ""
            yield rule_issue(
                "PF803",
                f"category {category.split.category!r}: normal and anomalous test images can be told apart "
                f"by their {name} alone (AUROC {value:.3f}){further}; "
                "a detector may score that instead of defects",
                category=category.split.category,
                data={"features": {name: round(area, 4) for name, area in found.items()}},
            )


def _gather(samples: Sequence[Sample], inspection: Inspection) -> _Tested:
    images = _Tested()
    parts = lru_cache(_parts)  # images of one folder share its names
    for sample, facts in zip(samples, inspection.facts.of_images(samples), strict=True):
        header = facts.header
        images.anomalous.append(sample.record.label == ANOMALOUS)
        images.folders.append(parts(sample.record.image_path.replace("\\", "/").rpartition("/")[0]))
        images.formats.append(None if header is None else sys.intern(f"{header.format} {header.mode}"))
        for name, read in _NUMBERS.items():
            value = read(facts)
            images.numbers[name].append(math.nan if value is None else value)
    return images


def _parts(folder: str) -> tuple[str, ...]:
    return PurePosixPath(folder).parts


def _areas(images: _Tested) -> Iterator[tuple[str, float]]:
    """Yield the AUROC of each feature, whichever way it points, where enough images have it."""
    for name, values in images.numbers.items():
        area = _area(images, values)
        yield name, max(area, 1 - area) if area is not None else 0.0
    for name, kinds in (("format", images.formats), ("folder", _folders(images))):
        yield name, _area(images, _shares_of_others(images, kinds)) or 0.0


def _folders(images: _Tested) -> list[str | None]:
    """Return each image's folder less the levels that are there to hold the label.

    Such a level has one name for all normal images, and that name for no anomalous one: `good`. What is left
    tells of sessions, lots or cameras; with a single folder for a label it may be the label by another name.
    """
    depth = max(map(len, images.folders), default=0)
    padded = [names + ("",) * (depth - len(names)) for names in images.folders]
    levels = [level for level in zip(*padded, strict=True) if not _holds_label(images, level)]
    folders = ["/".join(level[i] for level in levels) for i in range(len(images))]
    by_label = [_names(images, folders, is_anomalous=label) for label in (False, True)]
    is_enough = min(map(len, by_label)) >= _FEWEST_FOLDERS
    return [folder if is_enough else None for folder in folders]


def _holds_label(images: _Tested, level: Sequence[str]) -> bool:
    normal = _names(images, level, is_anomalous=False)
    return len(normal) == 1 and not normal & _names(images, level, is_anomalous=True)


def _names(images: _Tested, level: Sequence[str], *, is_anomalous: bool) -> set[str]:
    return {name for label, name in zip(images.anomalous, level, strict=True) if label == is_anomalous}


def _shares_of_others(images: _Tested, kinds: Sequence[str | None]) -> list[float]:
    """Return the share of anomalous images among the others of the same kind: none tells of itself."""
    counts = Counter(kinds)
    pairs = list(zip(images.anomalous, kinds, strict=True))
    anomalous = Counter(kind for label, kind in pairs if label)
    return [
        math.nan if kind is None else (anomalous[kind] - label) / max(counts[kind] - 1, 1)
        for label, kind in pairs
    ]


def _area(images: _Tested, values: Sequence[float]) -> float | None:
    """Return the AUROC of the values that are known, which are numbers, None where they are too few."""
    known = [pair for pair in zip(values, images.anomalous, strict=True) if not math.isnan(pair[0])]
    labels = Counter(label for _, label in known)
    if min(labels[False], labels[True]) < _FEWEST_OF_EACH:
        return None
    return auroc([value for value, _ in known], [label for _, label in known]).value


def _height(facts: FileFacts) -> float | None:
    return None if facts.header is None else facts.header.size[0]


def _width(facts: FileFacts) -> float | None:
    return None if facts.header is None else facts.header.size[1]


def _of_pixels(name: str) -> Callable[[FileFacts], float | None]:
    return lambda facts: None if facts.pixels is None else getattr(facts.pixels, name)


_NUMBERS: dict[str, Callable[[FileFacts], float | None]] = {
    "height": _height,
    "width": _width,
    "bytes": lambda facts: facts.size,
    "brightness": _of_pixels("mean"),
    "contrast": _of_pixels("contrast"),
    "sharpness": _of_pixels("sharpness"),
}

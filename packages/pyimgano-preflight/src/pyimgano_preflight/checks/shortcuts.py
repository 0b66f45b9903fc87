"""Shortcuts: a trivial feature that separates normal from anomalous test images by itself.

Where it does, a high AUROC may say nothing about defects: in one published case the good and the bad parts
were photographed at different times, and the model learnt the edge of the belt.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.record import ANOMALOUS, Sample
from pyimgano_core.metrics import auroc
from pyimgano_preflight.facts import FileFacts
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_preflight._inspection import Inspection

_LEAST_AUROC = 0.95
_FEWEST_OF_EACH = 10
_FEWEST_FOLDERS = 2


@define(frozen=True, kw_only=True)
class _Tested:
    """A test image and what is known of it."""

    sample: Sample
    facts: FileFacts

    @property
    def is_anomalous(self) -> bool:
        return self.sample.record.label == ANOMALOUS


def shortcut_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories of which a trivial feature alone tells the labels of the test images."""
    for category in inspection.prepared.categories:
        images = [
            _Tested(sample=sample, facts=inspection.facts.image(sample)) for sample in category.split.test
        ]
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


def _areas(images: Sequence[_Tested]) -> Iterator[tuple[str, float]]:
    """Yield the AUROC of each feature, whichever way it points, where enough images have it."""
    for name, values in _numbers(images).items():
        area = _area(images, values)
        yield name, max(area, 1 - area) if area is not None else 0.0
    for name, kinds in (("format", _formats(images)), ("folder", _folders(images))):
        yield name, _area(images, _shares_of_others(images, kinds)) or 0.0


def _numbers(images: Sequence[_Tested]) -> dict[str, list[float | None]]:
    sizes = [None if (header := image.facts.header) is None else header.size for image in images]
    pixels = [image.facts.pixels for image in images]
    return {
        "height": [None if size is None else size[0] for size in sizes],
        "width": [None if size is None else size[1] for size in sizes],
        "bytes": [image.facts.size for image in images],
        "brightness": [None if facts is None else facts.mean for facts in pixels],
        "contrast": [None if facts is None else facts.contrast for facts in pixels],
        "sharpness": [None if facts is None else facts.sharpness for facts in pixels],
    }


def _formats(images: Sequence[_Tested]) -> list[str | None]:
    headers = [image.facts.header for image in images]
    return [None if header is None else f"{header.format} {header.mode}" for header in headers]


def _folders(images: Sequence[_Tested]) -> list[str | None]:
    """Return each image's folder less the levels that are there to hold the label.

    Such a level has one name for all normal images, and that name for no anomalous one: `good`. What is left
    tells of sessions, lots or cameras; with a single folder for a label it may be the label by another name.
    """
    parts = [
        PurePosixPath(image.sample.record.image_path.replace("\\", "/")).parent.parts for image in images
    ]
    depth = max(map(len, parts), default=0)
    padded = [names + ("",) * (depth - len(names)) for names in parts]
    levels = [level for level in zip(*padded, strict=True) if not _holds_label(images, level)]
    folders = ["/".join(level[i] for level in levels) for i in range(len(images))]
    by_label = [_names(images, folders, is_anomalous=label) for label in (False, True)]
    is_enough = min(map(len, by_label)) >= _FEWEST_FOLDERS
    return [folder if is_enough else None for folder in folders]


def _holds_label(images: Sequence[_Tested], level: Sequence[str]) -> bool:
    normal = _names(images, level, is_anomalous=False)
    return len(normal) == 1 and not normal & _names(images, level, is_anomalous=True)


def _names(images: Sequence[_Tested], level: Sequence[str], *, is_anomalous: bool) -> set[str]:
    return {name for image, name in zip(images, level, strict=True) if image.is_anomalous == is_anomalous}


def _shares_of_others(images: Sequence[_Tested], kinds: Sequence[str | None]) -> list[float | None]:
    """Return the share of anomalous images among the others of the same kind: none tells of itself."""
    counts = Counter(kinds)
    anomalous = Counter(kind for image, kind in zip(images, kinds, strict=True) if image.is_anomalous)
    return [
        None if kind is None else (anomalous[kind] - image.is_anomalous) / max(counts[kind] - 1, 1)
        for image, kind in zip(images, kinds, strict=True)
    ]


def _area(images: Sequence[_Tested], values: Sequence[float | None]) -> float | None:
    """Return the AUROC of the values that are known, None where they are too few."""
    known = [
        (value, image.is_anomalous) for image, value in zip(images, values, strict=True) if value is not None
    ]
    labels = Counter(label for _, label in known)
    if min(labels[False], labels[True]) < _FEWEST_OF_EACH:
        return None
    return auroc([value for value, _ in known], [label for _, label in known]).value

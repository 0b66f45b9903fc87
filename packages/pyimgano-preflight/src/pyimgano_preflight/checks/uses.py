"""The decoded images of a data set where they are used, each content once for each side of the split."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.record import LABEL_NAMES, Role, Sample
from pyimgano_preflight.checks.similar import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts

_THUMBNAIL = 256  # values
_TESTED: Role = "test"


@define(frozen=True, kw_only=True)
class Use:
    """An image where it is used."""

    sample: Sample
    role: Role

    @property
    def is_tested(self) -> bool:
        """Whether it is tested on, not learnt from."""
        return self.role == _TESTED

    @property
    def place(self) -> str:
        """Its name, and where it is used."""
        record = self.sample.record
        return f"{record.image_path!r} ({LABEL_NAMES[record.label]}, {self.role} of {record.category!r})"


@define(frozen=True, kw_only=True, eq=False)
class Uses:
    """All uses in columns, some 400 bytes each; equal bytes are told by other rules, so they count once."""

    places: list[tuple[Role, Sequence[Sample], int]]
    hashes: NDArray[np.uint8]  # (N, 30)
    thumbnails: NDArray[np.uint8]  # (N, 256)
    contents: NDArray[np.int64]  # (N,) equal for equal bytes
    categories: NDArray[np.int64]  # (N,) places in the prepared categories
    is_tested: NDArray[np.bool_]  # (N,)

    @classmethod
    def of(cls, inspection: Inspection) -> Self:
        """Return the uses of all images whose pixels are known."""
        places, categories, contents = [], [], []
        hashes, thumbnails = bytearray(), bytearray()
        for category, place, content, facts in _decoded(inspection):
            places.append(place)
            categories.append(category)
            contents.append(content)
            if facts.pixels is not None:
                hashes += bytes.fromhex(facts.pixels.difference_hash)
                thumbnails += bytes.fromhex(facts.pixels.thumbnail)
        return cls(
            places=places,
            hashes=np.frombuffer(hashes, np.uint8).reshape(len(places), HASH_BYTES),
            thumbnails=np.frombuffer(thumbnails, np.uint8).reshape(len(places), _THUMBNAIL),
            contents=np.array(contents, np.int64),
            categories=np.array(categories, np.int64),
            is_tested=np.array([role == _TESTED for role, _, _ in places], np.bool_),
        )

    def __getitem__(self, number: int) -> Use:
        """Return one of them."""
        role, samples, row = self.places[number]
        return Use(sample=samples[row], role=role)

    def file(self, number: int) -> str:
        """Return where an image lies."""
        return self[number].sample.image_file

    def thumbnail_distances(self, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return by how many grey levels the thumbnails of `pairs` (P, 2), less their means, differ; (P,)."""
        apart = self.thumbnails[pairs[:, 0]].astype(np.float32) - self.thumbnails[pairs[:, 1]]  # (P, 256)
        distances: NDArray[np.float32] = apart.std(axis=1)
        return distances


def _decoded(
    inspection: Inspection,
) -> Iterator[tuple[int, tuple[Role, Sequence[Sample], int], int, FileFacts]]:
    """Yield the place of the category, that of the sample, the number of the content, and the facts."""
    numbers: dict[bytes, int] = {}
    seen = set()
    for place, category in enumerate(
        inspection.prepared.categories if inspection.facts.knows("pixels") else ()
    ):
        for role, samples in category.split.by_role:
            for row, facts in enumerate(inspection.facts.of_images(samples)):
                if facts.pixels is None:
                    continue
                content = bytes.fromhex(facts.sha256) if facts.sha256 else os.fsencode(facts.path)
                number = numbers.setdefault(content, len(numbers))
                key = 2 * number + (role == _TESTED)
                if key not in seen:
                    seen.add(key)
                    yield place, (role, samples, row), number, facts

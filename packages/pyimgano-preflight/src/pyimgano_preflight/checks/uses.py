"""The decoded images of a data set where they are used, each content once for each side of the split."""

from __future__ import annotations

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
        numbers: dict[str, int] = {}
        hashes, thumbnails = bytearray(), bytearray()
        for category, place, facts in _decoded(inspection):
            places.append(place)
            categories.append(category)
            contents.append(numbers.setdefault(facts.sha256 or facts.path, len(numbers)))
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


def _decoded(inspection: Inspection) -> Iterator[tuple[int, tuple[Role, Sequence[Sample], int], FileFacts]]:
    """Yield the place of the category, that of the sample, and the facts of each use."""
    seen = set()
    for place, category in enumerate(
        inspection.prepared.categories if inspection.facts.knows("pixels") else ()
    ):
        for role, samples in category.split.by_role:
            for row, sample in enumerate(samples):
                facts = inspection.facts.image(sample)
                key = (facts.sha256 or facts.path, role == _TESTED)
                if facts.pixels is not None and key not in seen:
                    seen.add(key)
                    yield place, (role, samples, row), facts

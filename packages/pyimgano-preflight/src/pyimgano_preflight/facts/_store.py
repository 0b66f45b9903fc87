"""The facts of all files of a data set, each file looked at once, in the order of the records."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.cli.app import INTERRUPTS
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.engine import map_ordered
from pyimgano_core.images import FULL_RANGE
from pyimgano_core.pixel_gate import judge_mask
from pyimgano_preflight.facts._cache import cached_facts
from pyimgano_preflight.facts._contract import FileFacts
from pyimgano_preflight.facts._latency import choose_workers
from pyimgano_preflight.facts._read import read_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pyimgano_core.contracts.gate import MaskState
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.progress import Progress
    from pyimgano_preflight.facts._cache import FactCache
    from pyimgano_preflight.facts._contract import Depth, FileRole

    Key = tuple[str, FileRole]


class FactStore:
    """Reads every file of a data set once; core is given its hashes and the states of its masks.

    Attributes:
        depth: how far files are looked into.
        file_count: how many files the data set names, each once.
        unread_count: how many of them an interrupt left out; nothing is known of those.
        stopped_by: the interrupt.
    """

    def __init__(
        self,
        depth: Depth,
        progress: Progress,
        *,
        sixteen_bit_range: tuple[int, int] = FULL_RANGE,
        workers: int | None = None,
        cache: FactCache | None = None,
    ) -> None:
        """Set up a store that knows nothing yet.

        Args:
            depth: how far files are looked into.
            progress: shows the reading of files.
            sixteen_bit_range: the 16-bit values that count as black and white.
            workers: threads; None takes as many as the storage's measured latency calls for.
            cache: spares the reading of files that are as they were; of the same `sixteen_bit_range`.
        """
        self.depth = depth
        self.file_count = 0
        self.unread_count = 0
        self.stopped_by: BaseException | None = None
        self._progress = progress
        self._sixteen_bit_range = sixteen_bit_range
        self._workers = workers
        self._cache = cache
        self._facts: dict[Key, FileFacts] = {}

    def hash_contents(self, samples: Sequence[Sample]) -> dict[Path, str]:
        """Look at all files of `samples` and return their SHA-256; without bytes read, there are none."""
        self._gather(samples)
        hashes = {}
        for sample in samples:
            for path, role in _files(sample):
                digest = self._facts[file_key(path, role)].sha256
                if digest is not None:
                    hashes[Path(path)] = digest
        return hashes

    def inspect_mask(self, sample: Sample) -> MaskState:
        """Return the state of a sample's mask, as `pyimgano_core.pixel_gate.inspect_mask` would."""
        facts = self.mask(sample)
        image = self.image(sample).header
        if facts is None:
            return judge_mask(sample, None)
        if facts.size is None and facts.error is None:  # left out by an interrupt
            return judge_mask(sample, (1, 1), marks=True, image_size=None)
        if facts.error is not None:
            return judge_mask(sample, None, error=(facts.error.code, facts.error.message))
        if facts.mask is not None:
            size, marks = (facts.mask.height, facts.mask.width), facts.mask.marked > 0
        else:  # the header alone was read: what the mask marks is taken to fit the label
            marks = sample.record.label == ANOMALOUS
            size = facts.header.size if facts.header else (0, 0)
        return judge_mask(sample, size, marks=marks, image_size=None if image is None else image.size)

    def image(self, sample: Sample) -> FileFacts:
        """Return what is known of a sample's image."""
        return self._facts[file_key(sample.image_file, "image")]

    def mask(self, sample: Sample) -> FileFacts | None:
        """Return what is known of a sample's mask, None where it names none."""
        return None if sample.mask_file is None else self._facts[file_key(sample.mask_file, "mask")]

    def images(self, samples: Sequence[Sample]) -> Iterator[tuple[Sample, FileFacts]]:
        """Yield each image file once, with the first sample that names it."""
        seen: set[Key] = set()
        for sample in samples:
            key = file_key(sample.image_file, "image")
            if key not in seen:
                seen.add(key)
                yield sample, self._facts[key]

    def read(self, jobs: Collection[Key]) -> Iterator[FileFacts]:
        """Yield the facts of the files of `jobs`, in their order; nothing is kept."""
        workers = self._workers or choose_workers([path for path, _ in jobs], self.depth)
        # Pillow warns of odd headers. Filters belong to the process: they are set once, around all threads.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = map_ordered(self._look, jobs, workers=workers)
            yield from self._progress.track(found, "reading files", len(jobs))

    def _look(self, job: Key) -> FileFacts:
        path, role = job
        if self._cache is None:
            return read_facts(path, role, self.depth, self._sixteen_bit_range)
        return cached_facts(self._cache, path, role, self.depth, self._sixteen_bit_range)

    def _gather(self, samples: Sequence[Sample]) -> None:
        jobs = dict.fromkeys(file_key(path, role) for sample in samples for path, role in _files(sample))
        self._keep(jobs, self.read(jobs))

    def _keep(self, jobs: dict[Key, None], found: Iterator[FileFacts]) -> None:
        """Keep what is found; after an interrupt, the other files stand there with nothing known of them."""
        self.file_count = len(jobs)
        try:
            for job, facts in zip(jobs, found, strict=True):
                self._facts[job] = facts
        except INTERRUPTS as exc:
            self.stopped_by = exc
            self.unread_count = len(jobs) - len(self._facts)
            for path, role in jobs:
                self._facts.setdefault((path, role), FileFacts(path=path))


def _files(sample: Sample) -> Iterator[Key]:
    yield sample.image_file, "image"
    if sample.mask_file is not None:
        yield sample.mask_file, "mask"


def file_key(path: str, role: FileRole) -> Key:
    """Return what a file is known by: equal for the same file, however its path is written."""
    return os.path.normpath(path), role

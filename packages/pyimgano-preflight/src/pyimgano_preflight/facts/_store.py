"""The facts of all files of a data set, each file looked at once, in the order of the records."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.cli.app import INTERRUPTS
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.engine import map_ordered
from pyimgano_core.images import FULL_RANGE
from pyimgano_core.manifest import columns_of, find_repeated, image_file
from pyimgano_core.pixel_gate import judge_mask
from pyimgano_preflight.facts._cache import cached_facts, cached_picture
from pyimgano_preflight.facts._compact import FactTable
from pyimgano_preflight.facts._files import FileNumbers, file_key
from pyimgano_preflight.facts._latency import choose_workers
from pyimgano_preflight.facts._read import read_facts, read_picture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.gate import MaskState
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.progress import Progress
    from pyimgano_preflight.facts._cache import FactCache
    from pyimgano_preflight.facts._compact import Part
    from pyimgano_preflight.facts._contract import Depth, FileFacts, FileRole, HeaderFacts
    from pyimgano_preflight.facts._files import Key

_PROBES = 30  # files from all over the data set are enough to tell how fast the storage is


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
        self._samples: Sequence[Sample] = ()
        self._files = FileNumbers(())
        self._facts = FactTable(0)

    def hash_contents(self, samples: Sequence[Sample]) -> Mapping[Path, str]:
        """Look at all files of `samples` and return their SHA-256; without bytes read, there are none."""
        self._samples = samples
        self._files = FileNumbers(samples)
        self._facts = FactTable(len(self._files))
        self.file_count = len(self._files)
        self._gather()
        return _Hashes(self._files, self._facts)

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
        return self._of(sample.image_file, "image")

    def mask(self, sample: Sample) -> FileFacts | None:
        """Return what is known of a sample's mask, None where it names none."""
        return None if sample.mask_file is None else self._of(sample.mask_file, "mask")

    def images(self, having: Part = "known") -> Iterator[tuple[Sample, FileFacts]]:
        """Yield each image file once, with the first sample that names it, in the order of the samples.

        Args:
            having: leaves out, at no cost, the images of which this part of the facts is not known.
        """
        numbers, rows = self._files.images()
        wanted = self._facts.has(having)[numbers]
        return self._each(numbers[wanted], rows[wanted])

    def images_by_category(
        self, having: Part = "known"
    ) -> Iterator[tuple[str, Iterator[tuple[Sample, FileFacts]]]]:
        """Yield each category that has images, with what `images` yields of it."""
        numbers, rows = self._files.images()
        columns = columns_of(self._samples)
        wanted = self._facts.has(having)[numbers]
        codes = np.where(wanted, columns.category[rows], -1)  # (I,)
        for code in np.unique(codes[wanted]).tolist():
            places = np.flatnonzero(codes == code)
            yield columns.names[code], self._each(numbers[places], rows[places])

    def _each(
        self, numbers: NDArray[np.int64], rows: NDArray[np.int32]
    ) -> Iterator[tuple[Sample, FileFacts]]:
        for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
            sample = self._samples[row]
            yield sample, self._facts.get(number, os.path.normpath(sample.image_file))

    def of_images(self, samples: Sequence[Sample]) -> Iterator[FileFacts]:
        """Yield what is known of each sample's image; faster than one by one."""
        for index in range(len(samples)):
            yield self._of(image_file(samples, index), "image")

    def knows(self, part: Part) -> bool:
        """Return whether some part of the facts is known of any file."""
        return bool(self._facts.has(part).any())

    def headers(self) -> Iterator[tuple[int, HeaderFacts]]:
        """Yield the header of each usable image file, with the number of the first sample that names it."""
        numbers, rows = self._files.images()
        usable = (self._facts.has("header") & ~self._facts.has("error"))[numbers]
        for number, row in zip(numbers[usable].tolist(), rows[usable].tolist(), strict=True):
            header = self._facts.get(number, "").header
            if header is not None:
                yield row, header

    def inodes(self) -> Iterator[tuple[int, int] | None]:
        """Yield the inode of every file."""
        return map(self._facts.inode, range(self.file_count))

    def linked_images(self) -> Iterator[list[Sample]]:
        """Yield the samples whose images are one file under several names, for each such file."""
        numbers, rows = self._files.images()
        for places in find_repeated(len(numbers), lambda place: self._facts.inode(int(numbers[place]))):
            yield [self._samples[row] for row in rows[places].tolist()]

    def read(self, jobs: Collection[Key]) -> Iterator[FileFacts]:
        """Yield the facts of the files of `jobs`, in their order; nothing is kept."""
        step = max(1, len(jobs) // _PROBES)
        workers = self._workers or choose_workers(
            [path for path, _ in islice(jobs, 0, None, step)], self.depth
        )
        # Pillow warns of odd headers. Filters belong to the process: they are set once, around all threads.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = map_ordered(self._look, jobs, workers=workers)
            yield from self._progress.track(found, "reading files", len(jobs))

    def pictures(self, paths: Collection[str]) -> Iterator[NDArray[np.int16] | None]:
        """Yield small pictures of the images at `paths`, in their order, as `read_picture`."""
        found = map_ordered(self._picture, paths, workers=self._workers)
        yield from self._progress.track(found, "comparing images", len(paths))

    def _picture(self, path: str) -> NDArray[np.int16] | None:
        if self._cache is None:
            return read_picture(path, self._sixteen_bit_range)
        return cached_picture(self._cache, path, self._sixteen_bit_range)

    def _look(self, job: Key) -> FileFacts:
        path, role = job
        if self._cache is None:
            return read_facts(path, role, self.depth, self._sixteen_bit_range)
        return cached_facts(self._cache, path, role, self.depth, self._sixteen_bit_range)

    def _of(self, path: str, role: FileRole) -> FileFacts:
        path, role = key = file_key(path, role)
        return self._facts.get(self._files.number(key), path)

    def _gather(self) -> None:
        """Look at all files; after an interrupt, nothing is known of the others."""
        known = 0
        try:
            for facts in self.read(self._files):
                self._facts.put(known, facts)
                known += 1
        except INTERRUPTS as exc:
            self.stopped_by = exc
            self.unread_count = self.file_count - known


class _Hashes(Mapping[Path, str]):
    """The SHA-256 of all files by path, without a path for each in memory."""

    def __init__(self, files: FileNumbers, facts: FactTable) -> None:
        self._files = files
        self._facts = facts

    def __getitem__(self, path: Path) -> str:
        for role in ("image", "mask"):
            number = self._files.find(file_key(str(path), role))
            digest = None if number is None else self._facts.sha256(number)
            if digest is not None:
                return digest
        raise KeyError(path)

    def __iter__(self) -> Iterator[Path]:
        names = (self._files[number][0] for number in np.flatnonzero(self._facts.has("sha256")).tolist())
        return map(Path, dict.fromkeys(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return bool(self._facts.has("sha256").any())

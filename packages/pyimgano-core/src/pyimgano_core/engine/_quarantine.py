"""Finds the inputs that kill the process that works on them, so that the rest of their shard is done.

A process that is killed can't say what it was at, so it writes that down before: into a journal, which lies
beside the part of the shard and so is found by whatever process, on whatever machine, tries the shard next.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")

_DEATHS = 2


def quarantine(inputs: Iterable[T], journal: Path) -> Iterator[tuple[T, bool]]:
    """Yield each input of a shard, and whether it may be worked on: not if two processes died at it.

    A process is at an input until it asks for the next one: whoever takes inputs ahead blames the wrong one.

    Args:
        inputs: the same ones in the same order at each try of the shard.
        journal: a file of this shard in this run alone, in a folder that exists: a line for each process that
            died, with the place of the input that it was at. It is gone when the inputs are done, or the loop
            is left.

    Raises:
        OSError: the journal can't be written.
    """
    try:
        journal.touch()
        with journal.open("r+b", buffering=0) as stream:
            before = stream.read()
            deaths = Counter(int(place) for place in re.findall(rb"\d+", before))
            for place, item in enumerate(inputs):
                may_kill = deaths[place] >= _DEATHS
                if not may_kill:
                    stream.seek(len(before))
                    stream.write(b"%15d\n" % place)  # of one length, so that it replaces the last one
                yield item, not may_kill
    finally:
        journal.unlink(missing_ok=True)

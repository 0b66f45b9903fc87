"""Cuts a stream of inputs into shards, and knows a shard again by what it holds."""

from __future__ import annotations

import hashlib
import os
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.image_file import RemoteFile
from pyimgano_core.contracts.json_text import to_json
from pyimgano_core.contracts.prediction import Failure
from pyimgano_infer._config import listed
from pyimgano_infer._inputs import Input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SMALLEST, _LARGEST = 4, 256
_GROWTH = 32  # a shard is at most this part of what is before it, so that all processors end together


@define(frozen=True, kw_only=True)
class Shard:
    """Consecutive inputs, which one process scores.

    Attributes:
        index: its place among the shards, from 0.
        first: the place of its first input among the inputs.
        inputs: each with its category.
        earlier: what an interrupted run left of its lines.
    """

    index: int
    first: int
    inputs: tuple[Input, ...]
    earlier: Path | None = None


def cut(inputs: Iterator[Input]) -> Iterator[Shard]:
    """Yield the shards of a stream; where it is cut depends on the place alone, so it is cut alike again."""
    first = 0
    for index in count():
        taken = tuple(islice(inputs, max(_SMALLEST, min(_LARGEST, first // _GROWTH))))
        if not taken:
            return
        yield Shard(index=index, first=first, inputs=taken)
        first += len(taken)


def header_of(shard: Shard, digest: str) -> bytes:
    """Return the first line of a shard's part: what tells it from all others.

    Args:
        shard: the shard.
        digest: of the settings that decide lines.
    """
    document = {
        "plan": digest,
        "shard": shard.index,
        "first": shard.first,
        "count": len(shard.inputs),
        "inputs": _digest(shard.inputs),
    }
    return to_json(document).encode() + b"\n"


def _digest(inputs: Iterable[Input]) -> str:
    digest = hashlib.sha256()
    for item in inputs:
        place = str(item.path)
        if not isinstance(item.path, RemoteFile):
            place = os.path.abspath(place)  # noqa: PTH100 - nothing is looked up
        facts = (item.text, place, item.category, item.record, item.failure)
        digest.update(repr(facts).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def with_categories(inputs: Iterable[Input], names: tuple[str, ...]) -> Iterator[Input]:
    """Yield the inputs, each with its category: the only one of `names` where it brings none.

    One whose category is none of `names` has that as its failure.
    """
    default = names[0] if len(names) == 1 else ""
    for item in inputs:
        category = item.category or default
        failure = item.failure
        if failure is None and category not in names:
            message = f"{item.text}: category {category!r} is none of {listed(names)}"
            failure = Failure(code="unknown_category", message=message)
        yield evolve(item, category=category, failure=failure)

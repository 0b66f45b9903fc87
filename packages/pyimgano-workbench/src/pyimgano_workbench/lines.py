"""The per-image lines of a category, read again for people: of test images and of calibration images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import parse_json
from pyimgano_core.moments import read_moment
from pyimgano_core.thresholds import count_groups

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TEST = "per_image.jsonl"
CALIBRATION = "calibration.jsonl"
_SHOWN_KEYS = ("index", "input", "defect", "score", "label", "y_true", "group_id")


def read_lines(folder: Path, slug: str, name: str) -> list[dict[str, Any]]:
    """Return what is shown of each line of a category in the run directory `folder`.

    `timestamp` is that of `meta` as it stands there, and `moment` what it means. `str.splitlines` would also
    split at U+2028 within a name.
    """
    with (folder / "categories" / slug / name).open("rb") as stream:
        return [_shown(parse_json(line.decode())) for line in stream]


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    timestamp = (document.get("meta") or {}).get("timestamp")
    moment = read_moment(timestamp)
    return {key: document.get(key) for key in _SHOWN_KEYS} | {"timestamp": timestamp, "moment": moment}


def group_count(lines: Iterable[dict[str, Any]]) -> int | None:
    """Return how many groups the scored images form, one without a group its own; None for no groups."""
    return count_groups([line["group_id"] for line in lines if line["score"] is not None])


def scored(lines: Iterable[dict[str, Any]]) -> list[tuple[str, float]]:
    """Return name and score of each image that has one."""
    return [(line["input"], line["score"]) for line in lines if line["score"] is not None]

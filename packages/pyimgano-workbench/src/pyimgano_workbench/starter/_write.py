"""Writes the manifest and the config of a first run."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.artifacts import write_text
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.manifest import is_safe_category, write_manifest
from pyimgano_workbench.starter._folder import Found, find_records

if TYPE_CHECKING:
    from pyimgano_core.contracts.record import Record

CONFIG, MANIFEST = "config.toml", "manifest.jsonl"


@define(frozen=True, kw_only=True)
class Start:
    """What was written, and what was found for it."""

    config: Path
    manifest: Path
    found: Found


def write_start(folder: Path, images: Path | None) -> Start:
    """Write `config.toml` and `manifest.jsonl` for a folder of images; the images are only looked at.

    Args:
        folder: where the two are written; it is made where it is missing.
        images: the folder of images; None where they lie in `folder`.

    Raises:
        UsageError: one of the two is there already, or there is no folder of images.
        DataError: there are no images.
        MachineError: a folder can't be listed.
    """
    root = folder if images is None else images
    if not root.is_dir():
        raise UsageError(f"{root}: is no folder; name one that holds images")
    start = Start(config=folder / CONFIG, manifest=folder / MANIFEST, found=find_records(root))
    for path in (start.config, start.manifest):
        if path.exists():
            raise UsageError(f"{path} is there already, and is not replaced; name another folder, or move it")
    if not start.found.records:
        raise DataError(f"{root}: holds no images, and none of its folders does")
    _check_categories(start.found.records)
    below = _way(folder, root)
    write_manifest(start.manifest, (_moved(record, below) for record in start.found.records))
    write_text(start.config, _config_text(start.found.records, below))
    return start


def _check_categories(records: tuple[Record, ...]) -> None:
    unsafe = sorted({record.category for record in records if not is_safe_category(record.category)})
    if unsafe:
        raise DataError(f"no folder can be called after the category {unsafe[0]!r}; rename its folder")


def _config_text(records: tuple[Record, ...], below: PurePosixPath) -> str:
    """Return the template with what is known of these images, which lie in `below`, seen from the config."""
    policy = RunConfig().dataset.split_policy
    normals = Counter(record.category for record in records if record.label == 0 and record.split != "test")
    fewest = min(normals.values(), default=0)
    split = {record.split for record in records}
    tested = 0 if "test" in split and None not in split else math.ceil(fewest * policy.test_normal_fraction)
    held_out = math.ceil((fewest - tested) * policy.calibration_fraction)
    facts = {
        "images": str(len(records)),
        "categories": ", ".join(sorted({record.category for record in records})),
        "calibration": str(held_out),
        "first": records[0].category,
        "root": "" if below == PurePosixPath() else f"root = {json.dumps(str(below), ensure_ascii=False)}\n",
    }
    text = files(__package__).joinpath("config.toml").read_text(encoding="utf-8")
    for name, value in facts.items():
        text = text.replace(f"<{name}>", value)
    return text


def _way(folder: Path, root: Path) -> PurePosixPath:
    """Return the way from a folder to another, absolute where no relative one leads there (another drive)."""
    try:
        way = os.path.relpath(root.resolve(), folder.resolve())
    except ValueError:
        way = str(root.resolve())
    return PurePosixPath(way.replace(os.sep, "/"))


def _moved(record: Record, below: PurePosixPath) -> Record:
    """Return a record whose paths start elsewhere."""
    mask = None if record.mask_path is None else str(below / record.mask_path)
    return evolve(record, image_path=str(below / record.image_path), mask_path=mask)

"""Writes the manifest and the config of a first run."""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.artifacts import write_text
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import UsageError
from pyimgano_core.layouts import GuessedRecords, guess_records
from pyimgano_core.manifest import path_from, relocated, resolve, write_manifest
from pyimgano_core.words import command_line

if TYPE_CHECKING:
    from pyimgano_core.contracts.record import Record

CONFIG, MANIFEST = "config.toml", "manifest.jsonl"


@define(frozen=True, kw_only=True)
class Start:
    """What was written, and what was guessed for it."""

    config: Path
    manifest: Path
    guessed: GuessedRecords


def write_start(folder: Path, images: Path | None) -> Start:
    """Write `config.toml` and `manifest.jsonl` for a folder of images; the images are only looked at.

    Args:
        folder: where the two are written; it is made where it is missing.
        images: the folder of images; None where they lie in `folder`.

    Raises:
        UsageError: one of the two is there already, or there is no folder of images.
        DataError: there are no images, or folders have names that no category may have.
        MachineError: a folder can't be listed.
    """
    root = folder if images is None else images
    config, manifest = folder / CONFIG, folder / MANIFEST
    again = command_line(
        ["pyimgano-core", "manifest", "guess", "--root", str(root), "--output", str(manifest), "--force"]
    )
    for path in (config, manifest):
        if path.exists():
            raise UsageError(
                f"{path} is there already, and is not replaced; name another folder, or move it; "
                f"the manifest alone is made again by: {again}"
            )
    guessed = guess_records(root)
    samples = (resolve(record, root.absolute()) for record in guessed.records)
    write_manifest(manifest, relocated(samples, manifest))
    write_text(config, _config_text(guessed.records, path_from(folder, root)))
    return Start(config=config, manifest=manifest, guessed=guessed)


def _config_text(records: tuple[Record, ...], root: str) -> str:
    """Return the template with what is known of these images, which lie in `root`, seen from the config."""
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
        "root": "" if root == "." else _root_line(root),
    }
    text = files(__package__).joinpath("config.toml").read_text(encoding="utf-8")
    for name, value in facts.items():
        text = text.replace(f"<{name}>", value)
    return text


def _root_line(root: str) -> str:
    """Return the line that names the folder of images, none where TOML can't: its name may be no UTF-8."""
    line = f"root = {json.dumps(root, ensure_ascii=False)}\n"
    try:
        tomllib.loads(line.encode().decode())
    except ValueError:
        return ""  # the manifest's own paths lead to the images
    return line

"""Writes a data set of mixed images with planted faults, and the list of them.

    uv run python packages/pyimgano-preflight/benchmarks/make_set.py FOLDER --files 5000

FOLDER gets a manifest.jsonl, the images and masks, and truth.jsonl: path and code of each planted fault. The
same seed gives the same set.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from image_set import ImageSet
from planted import FAULTS
from scenes import SCENES, add_defect, draw

if TYPE_CHECKING:
    from image_set import Row

SHARES = (("train", 0.58), ("val", 0.08), ("good", 0.12), ("bad", 0.11))  # masks take the rest


def make_set(folder: Path, files: int, seed: int, workers: int | None = None) -> ImageSet:
    """Write the whole set and return it."""
    folder.mkdir(parents=True)
    with ProcessPoolExecutor(workers) as pool:
        write = partial(_write_scene, folder, files // len(SCENES), seed)
        rows = [row for of_scene in pool.map(write, range(len(SCENES))) for row in of_scene]
    made = ImageSet(folder, rows, np.random.default_rng(seed))
    for fault in FAULTS:
        for _ in range(max(1, round(fault.count * files / 5000))):
            fault.plant(made)
    _write_lines(folder / "manifest.jsonl", made.rows)
    _write_lines(folder / "truth.jsonl", made.truth)
    return made


def _write_scene(folder: Path, files: int, seed: int, number: int) -> list[Row]:
    scene = SCENES[number]
    rng = np.random.default_rng([seed, number])
    rows = []
    for kind, share in SHARES:
        for index in range(round(files * share)):
            path = f"{scene.name}/{kind}/{index:04}{scene.suffix}"
            row = {"image_path": path, "category": scene.name, **_labels(kind)}
            image = draw(scene, rng)
            if kind == "bad":
                image, mask = add_defect(image, rng)
                row["mask_path"] = f"{scene.name}/masks/{index:04}.png"
                save(folder / row["mask_path"], mask)
            save(folder / path, image)
            rows.append(row)
    return rows


def save(path: Path, image: Any) -> None:
    """Write an image as a camera's software does: fast PNG, or JPEG of good quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=90) if path.suffix == ".jpg" else image.save(path, compress_level=4)


def _labels(kind: str) -> Row:
    if kind in {"train", "val"}:
        return {"split": kind, "label": 0}
    return {"split": "test", "label": int(kind == "bad")}


def _write_lines(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write a set and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    made = make_set(options.folder, options.files, options.seed, options.workers)
    files = [path for path in options.folder.rglob("*") if path.suffix in {".png", ".jpg"}]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{len(files)} images and masks, {size:.0f} MB, {len(made.truth)} planted faults")


if __name__ == "__main__":
    main()

"""How many copies the near-duplicate rule finds, and how often it takes two parts for one.

Prints a Markdown table: of rigid fixtures, then of real sets, folders with a manifest.jsonl each. In a rigid
fixture, parts that are all different pass a camera that does not move; they are drawn in several ways and
sizes, and every pair that is reported there is false. Beside the rule stands what a residual below one grey
level reports alone, and how many of the copies that were planted in the same set are found. With `--scale`,
the time to find candidates is told, among that many random hashes and among as many that are all alike.

    uv run python packages/pyimgano-preflight/benchmarks/near_duplicates.py data/cookies data/aliens
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from attrs import define
from numpy.typing import NDArray
from PIL import Image

from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.preparation import inspect_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight._inspection import Inspection
from pyimgano_preflight.checks.near_duplicates import find_matches
from pyimgano_preflight.checks.residuals import SmallPictures
from pyimgano_preflight.checks.similar import HASH_BYTES, find_close
from pyimgano_preflight.facts import FactStore, read_picture

Pixels = NDArray[np.float64]

PARTS = 120
COPIED = 24


@define(frozen=True, kw_only=True)
class Fixture:
    """How parts differ, in grey levels and pixels; `grain` is the size of the texture of a part's surface."""

    name: str
    side: int
    noise: float = 2.0
    texture: float = 0.0
    grain: float = 1.5
    gain: float = 0.0
    shift: float = 0.0


FIXTURES = (
    Fixture(name="sensor noise alone", side=768),
    Fixture(name="and a fine surface", side=768, texture=2),
    Fixture(name="and 1 % of light", side=768, texture=2, gain=0.01),
    Fixture(name="and 0.3 pixels of play", side=768, texture=2, gain=0.005, shift=0.3),
    Fixture(name="and 1 pixel of play", side=768, texture=2, gain=0.01, shift=1),
    Fixture(name="a coarse surface", side=768, texture=3, grain=6, gain=0.01, shift=0.3),
    Fixture(name="small images", side=256, texture=2, gain=0.01, shift=0.3),
)


def part(fixture: Fixture, rng: np.random.Generator) -> Image.Image:
    """Return a picture of one part: a bright ring on a sloping ground."""
    side = fixture.side
    dy, dx = rng.normal(0, fixture.shift, 2)
    y, x = np.mgrid[:side, :side] - side / 2
    radius = np.hypot(y - dy, x - dx) / side
    ring = 60 / (1 + np.exp((np.abs(radius - 0.25) - 0.08) * side))
    pixels = (80 + ring + 20 * x / side + 10 * y / side) * (1 + rng.normal(0, fixture.gain))
    if fixture.texture:
        pixels += fixture.texture * blurred_noise(rng, side, fixture.grain)
    pixels += rng.normal(0, fixture.noise, pixels.shape)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def blurred_noise(rng: np.random.Generator, side: int, sigma: float) -> Pixels:
    """Return (side, side) noise of standard deviation 1 that is smooth over `sigma` pixels."""
    spectrum = np.fft.rfft2(rng.normal(size=(side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    smooth: Pixels = np.fft.irfft2(spectrum * np.exp(-2 * (np.pi * sigma * frequency) ** 2), (side, side))
    return smooth / float(smooth.std())


def copies(image: Image.Image, rng: np.random.Generator) -> dict[str, tuple[str, Image.Image, int]]:
    """Return near-copies by their kind, each with the ending and the JPEG quality to save it with."""
    values = np.asarray(image.convert("RGB"), np.float64)

    def clipped(changed: Pixels) -> Image.Image:
        return Image.fromarray(np.clip(np.rint(changed), 0, 255).astype(np.uint8))

    return {
        "JPEG 90": ("jpg", image, 90),
        "JPEG 70": ("jpg", image, 70),
        "brighter": ("png", clipped(values + 6), 0),
        "new noise": ("png", clipped(values + rng.normal(0, 2, values.shape)), 0),
        "half size": ("png", image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX), 0),
    }


def inspect(folder: Path, rows: list[dict[str, str]]) -> Inspection:
    """Return the facts of a data set of one category."""
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset = {"name": "manifest", "manifest_path": str(manifest)}
    config = structure_config({"dataset": dataset}, RunConfig)
    facts = FactStore("deep", SilentProgress())
    prepared = inspect_dataset(config, folder, SilentProgress(), facts)
    return Inspection(config=config, base=folder, prepared=prepared, facts=facts, progress=SilentProgress())


def measure(folder: Path, paths: list[Path]) -> list[str]:
    """Return the cells of a row: pairs, those with a small residual, those reported, and the copies found."""
    rng = np.random.default_rng(1)
    rows = [{"image_path": str(path), "category": "part", "split": "train"} for path in paths]
    numbered = dict(enumerate(paths))
    pictures = SmallPictures({number: read_picture(str(path)) for number, path in numbered.items()})
    pairs = list(combinations(numbered, 2))
    alone = sum(pictures.residual(*pair) < 1 for pair in pairs)
    reported = len(find_matches(inspect(folder, rows)).matches)
    planted: dict[str, set[tuple[str, str]]] = {}
    for path in paths[:: max(1, len(paths) // COPIED)]:
        with Image.open(path) as image:
            for kind, (ending, copy, quality) in copies(image.convert("RGB"), rng).items():
                target = folder / f"{path.stem} {kind}.{ending}"
                buffer = io.BytesIO()
                copy.save(buffer, "JPEG" if ending == "jpg" else "PNG", quality=quality)
                target.write_bytes(buffer.getvalue())
                rows.append({"image_path": str(target), "category": "part", "split": "train"})
                planted.setdefault(kind, set()).add((str(path), str(target)))
    search = find_matches(inspect(folder, rows))
    uses = search.uses
    found = {(uses.file(match.first), uses.file(match.second)) for match in search.matches}
    found |= {pair[::-1] for pair in found}
    shares = [f"{len(found & made)}/{len(made)}" for made in planted.values()]
    return [str(len(pairs)), f"{alone / len(pairs):.3%}", f"{reported / len(pairs):.3%}", *shares]


def fixture_row(fixture: Fixture) -> list[str]:
    """Return the row of one fixture, its parts drawn anew."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name, f"{number:03}.png") for number in range(PARTS)]
        for path in paths:
            part(fixture, rng).save(path, compress_level=1)
        return [f"{fixture.name}, {fixture.side} px", *measure(Path(name), paths)]


def set_row(folder: Path) -> list[str]:
    """Return the row of one real set."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    paths = [(folder / json.loads(line)["image_path"]).resolve() for line in lines]
    with tempfile.TemporaryDirectory() as name:
        return [folder.name, *measure(Path(name), paths)]


def tell_scale(count: int) -> None:
    """Print how long candidates take among different and among like hashes."""
    rng = np.random.default_rng(0)
    alike = np.packbits(rng.random((count, HASH_BYTES * 8)) < 0.02, axis=1)
    for name, hashes in (("random", rng.integers(0, 256, (count, HASH_BYTES), np.uint8)), ("alike", alike)):
        start = time.process_time()
        close = find_close(hashes)
        seconds = time.process_time() - start
        print(
            f"{count} hashes, {name}: {seconds:.1f} CPU s, {len(close.first)} pairs, {close.crowded} crowded"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sets", nargs="*", type=Path, help="folders with a manifest.jsonl")
    parser.add_argument("--scale", type=int, default=0, help="how many hashes to time")
    options = parser.parse_args()
    kinds = list(copies(Image.new("L", (8, 8)), np.random.default_rng(0)))
    header = ["set", "pairs", "residual < 1", "reported", *kinds]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for row in map(fixture_row, FIXTURES):
        print("| " + " | ".join(row) + " |", flush=True)
    for row in map(set_row, options.sets):
        print("| " + " | ".join(row) + " |", flush=True)
    if options.scale:
        tell_scale(options.scale)


if __name__ == "__main__":
    main()

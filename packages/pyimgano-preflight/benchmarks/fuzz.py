"""Mutated manifests and image files: whatever they hold, there is an answer, never a traceback or a wait.

    uv run python packages/pyimgano-preflight/benchmarks/fuzz.py --count 100000 --seed 0

Half of the cases are manifests, read as the check reads them; most others are images of all formats, looked
into at any depth, also as masks; one in ten is a check of a whole folder of both. A case that raises or takes
longer than `--limit` seconds is printed with its number, which makes it again; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import io
import json
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NoReturn

from PIL import Image, ImageDraw

from pyimgano_core.artifacts import to_json
from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import DataError
from pyimgano_core.manifest import load_manifest
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight.facts import Depth, FileRole, from_plain, read_facts, to_plain
from pyimgano_preflight.runner import run_preflight

if TYPE_CHECKING:
    from types import FrameType

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF")
MODES = ("L", "RGB", "RGBA", "P", "1", "I;16", "CMYK", "LA")
DEPTHS: tuple[Depth, ...] = ("quick", "standard", "deep")
ROLES: tuple[FileRole, ...] = ("image", "mask")
IMAGES = 12
SPECIAL = (0, 1, 2, 4, 0x7F, 0x80, 0xFF)
SNIPPETS = (
    b"NaN",
    b"1e999",
    b"-0",
    b"\\ud800",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\r\n",
    b"\xe2\x80\xa8",
    b"[" * 3000,
    b'{"a":' * 600,
    b'"' * 50,
    b"9" * 5000,
    b"#",
    b"../" * 40,
    b"C:\\\\",
    b"true",
    b"null",
    b"{}",
)
VALUES: tuple[object, ...] = (
    None,
    True,
    0,
    1,
    2,
    -1,
    1.0,
    "",
    ".",
    "/",
    "a/../b",
    "\0",
    "\ud800",
    "x" * 300,
    [],
    {},
    [[]],
    {"a": {}},
)
KEYS = (
    "image_path",
    "category",
    "split",
    "label",
    "mask_path",
    "group_id",
    "meta",
    "defect",
    "imagepath",
    "",
)


class SlowError(Exception):
    """A case took too long."""


def make_seeds() -> list[bytes]:
    """Return small images of every format and mode that can be written."""
    seeds = []
    for mode in MODES:
        picture = Image.new(mode, (23, 17))
        ImageDraw.Draw(picture).rectangle((3, 3, 12, 9), fill=1)
        for form in FORMATS:
            buffer = io.BytesIO()
            try:
                picture.save(buffer, form)
            except (OSError, ValueError):
                continue  # no such mode in this format
            seeds.append(buffer.getvalue())
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        Image.new("RGB", (23, 17)).save(buffer, form, exif=exif)
        seeds.append(buffer.getvalue())
    return seeds


def mutate(content: bytes, random: Random) -> bytes:
    """Return the bytes with one to eight changes, mostly near the beginning, where headers are."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        if not changed:
            break
        place = min(int(random.expovariate(1 / 40)), len(changed) - 1)
        place = random.choice((place, random.randrange(len(changed))))
        match random.randrange(7):
            case 0:
                changed[place] ^= 1 << random.randrange(8)
            case 1:
                changed[place] = random.choice(SPECIAL)
            case 2:
                changed[place : place + 4] = random.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            case 3:
                del changed[place : place + random.randint(1, 20)]
            case 4:
                changed[place:place] = random.randbytes(random.randint(1, 20))
            case 5:
                stop = place + random.randint(1, 60)
                changed[place:place] = changed[place:stop]
            case _:
                del changed[place:]
    return bytes(changed)


def make_manifest(random: Random) -> bytes:
    """Return a few lines, of which some are no record, or hardly one."""
    lines = [_make_line(random) for _ in range(random.randint(0, 5))]
    content = random.choice((b"\n", b"\r\n", b"\n\n")).join(lines)
    if random.random() < 0.1:
        content = content.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "utf-8-sig")))
    return content


def _make_line(random: Random) -> bytes:
    row: dict[str, object] = {"image_path": "a.png", "category": "part", "split": "test", "label": 1}
    for _ in range(random.randint(0, 3)):
        row[random.choice(KEYS)] = random.choice(VALUES)
    line = json.dumps(row, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    if random.random() < 0.4:
        place = random.randrange(len(line) + 1)
        line = line[:place] + random.choice(SNIPPETS) + line[place + random.randint(0, 3) :]
    return mutate(line, random) if random.random() < 0.4 else line


def try_manifest(content: bytes, folder: Path) -> str:
    """Read a manifest; return what came of it."""
    path = folder / "manifest.jsonl"
    path.write_bytes(content)
    try:
        loaded = load_manifest(path)
    except DataError:
        return "no manifest"
    for issue in loaded.issues:
        assert issue.code.startswith("PF")
        assert issue.message
    return "issues" if loaded.issues else "sound"


def try_image(content: bytes, folder: Path, random: Random) -> str:
    """Look into a file at a random depth; return what came of it."""
    path = folder / "image"
    path.write_bytes(content)
    facts = read_facts(str(path), random.choice(ROLES), random.choice(DEPTHS))
    assert facts == from_plain(json.loads(json.dumps(to_plain(facts))))
    return "sound" if facts.error is None else facts.error.code


def try_check(seeds: list[bytes], folder: Path, random: Random) -> str:
    """Check a folder of mutated images and a manifest of them; return the worst that was found."""
    lines = []
    for number in range(IMAGES):
        content = random.choice(seeds)
        for name in ("image", "mask"):
            damaged = mutate(content, random) if random.random() < 0.3 else content
            (folder / f"{name}{number}").write_bytes(damaged)
        row = {"image_path": f"image{number}", "category": "part", "split": "train", "label": 0}
        if number % 2:
            row |= {"split": "test", "label": number // 2 % 2, "mask_path": f"mask{number}"}
        lines.append(json.dumps(row).encode())
    (folder / "manifest.jsonl").write_bytes(b"\n".join([*lines, make_manifest(random)]))
    dataset = {"name": "manifest", "manifest_path": "manifest.jsonl"}
    config = structure_config({"dataset": dataset}, RunConfig)
    report = run_preflight(config, folder, SilentProgress(), depth=random.choice(DEPTHS))
    assert to_json(report)
    return report.status


def run_case(number: int, seed: int, seeds: list[bytes], folder: Path) -> str:
    """Make and try one case; it depends on `number` and `seed` alone."""
    random = Random(f"{seed} {number}")  # noqa: S311 - no secret
    if number % 10 == 0:
        return "check: " + try_check(seeds, folder, random)
    if number % 2:
        return "manifest: " + try_manifest(make_manifest(random), folder)
    return "image: " + try_image(mutate(random.choice(seeds), random), folder, random)


def find_failures(numbers: range, seed: int, limit: float) -> tuple[Counter[str], dict[int, str]]:
    """Run cases; return how often each came of it, and the tracebacks of those that failed."""
    seeds = make_seeds()
    results: Counter[str] = Counter()
    failures: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in numbers:
            try:
                signal.setitimer(signal.ITIMER_REAL, limit)
                results[run_case(number, seed, seeds, Path(folder))] += 1
            except Exception:  # noqa: BLE001 - every one is what is looked for
                failures[number] = traceback.format_exc()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    return results, failures


def stop_slow(_number: int, _frame: FrameType | None) -> NoReturn:
    """End a case that takes too long."""
    raise SlowError


def main() -> None:
    """Run all cases and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=5.0)
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, stop_slow)
    start = time.perf_counter()
    numbers = range(options.first, options.first + options.count)
    results, failures = find_failures(numbers, options.seed, options.limit)
    for result, count in sorted(results.items()):
        print(f"{count:8} {result}")
    for number, text in list(failures.items())[:10]:
        print(f"\ncase {number}:\n{text}")
    print(f"{len(numbers)} cases in {time.perf_counter() - start:.0f} s, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

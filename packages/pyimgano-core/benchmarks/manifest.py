"""What reading a manifest costs, against parsers that check nothing: prints a table in Markdown.

Run `python packages/pyimgano-core/benchmarks/manifest.py`. With `--before SRC`, the source folder of another
checkout, its reader joins the table. Each row is measured in a process of its own, the best of three.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FEW = 100
READERS = ("json.loads", "orjson.loads", "read_manifest", "load_manifest")
NOTES = {
    "json.loads": "each line, unchecked",
    "orjson.loads": "each line, unchecked",
    "read_manifest": "all record checks, nothing kept",
    "load_manifest": "all record checks, all samples kept",
    "before: read_manifest": "the reader of the other checkout",
    "before: load_manifest": "the reader of the other checkout",
}


def write_lines(path: Path, count: int, seed: int) -> None:
    """Write `count` sound records of about 200 bytes; one in ten is anomalous and has a mask."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    with path.open("w", encoding="utf-8") as stream:
        for index in range(count):
            category = f"part_{rng.randrange(15):02}"
            name = f"{category}/2026-11/line_{rng.randrange(8)}/{index:09}.png"
            document = {"image_path": f"images/{name}", "category": category, "split": "train", "label": 0}
            if index % 10 == 0:
                document |= {"split": "test", "label": 1, "mask_path": f"masks/{name}", "defect": "scratch"}
            document |= {"group_id": f"lot-{index // 40:06}", "meta": {"camera": rng.randrange(4)}}
            stream.write(json.dumps(document) + "\n")


def read(reader: str, path: Path) -> int:
    """Read the manifest in one of the ways and return the number of its records."""
    if reader == "orjson.loads":
        import orjson  # noqa: PLC0415 - measured only where it is asked for

        with path.open("rb") as stream:
            return sum("image_path" in orjson.loads(line) for line in stream)
    if reader == "json.loads":
        with path.open("rb") as stream:
            return sum("image_path" in json.loads(line) for line in stream)
    from pyimgano_core.manifest import load_manifest, read_manifest  # noqa: PLC0415

    if reader.endswith("load_manifest"):
        return len(load_manifest(path).samples)
    return sum(entry.record is not None for entry in read_manifest(path))


def measure(reader: str, few: Path, path: Path) -> None:
    """Print CPU seconds, and the megabytes that `path` takes beyond what a short manifest does."""
    read(reader, few)
    ground = _peak_kilobytes()
    start = time.process_time()
    count = read(reader, path)
    seconds = time.process_time() - start
    print(json.dumps([count, seconds, (_peak_kilobytes() - ground) / 1024]))


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def best_of(rounds: int, reader: str, files: list[str], source: str | None) -> tuple[int, float, float]:
    """Return the records, CPU seconds and added megabytes of the fastest of several processes."""
    environment = dict(os.environ) if source is None else {**os.environ, "PYTHONPATH": source}
    command = [sys.executable, __file__, "--reader", reader, *files]
    outputs = [subprocess.check_output(command, env=environment) for _ in range(rounds)]
    count, seconds, megabytes = min((json.loads(output) for output in outputs), key=lambda row: row[1])
    return count, seconds, megabytes


def compare(lines: int, before: str | None, rounds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/few.jsonl", f"{folder}/manifest.jsonl"]
        write_lines(Path(files[0]), FEW, 1)
        write_lines(Path(files[1]), lines, 2)
        others = [] if before is None else ["before: read_manifest", "before: load_manifest"]
        rows = {
            reader: best_of(rounds, reader, files, before if reader.startswith("before") else None)
            for reader in (*READERS, *others)
        }
        size = Path(files[1]).stat().st_size / 1e6
    print(f"{lines:,} lines, {size:.0f} MB, Python {sys.version.split()[0]}\n")
    print("| reader | | lines/s | CPU s | added peak MB | x json.loads | x read_manifest |")
    print("|---|---|---|---|---|---|---|")
    plain, own = rows["json.loads"][1], rows["read_manifest"][1]
    for reader, (count, seconds, megabytes) in rows.items():
        assert count == lines
        cost = f"{lines / seconds:,.0f} | {seconds:.2f} | {megabytes:.0f}"
        print(f"| {reader} | {NOTES[reader]} | {cost} | {seconds / plain:.2f} | {seconds / own:.2f} |")


def main() -> None:
    """Compare all readers, or measure one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", metavar="SRC", help="the source folder of another checkout's core")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader is not None:
        measure(options.reader, *options.files)
    else:
        compare(options.lines, options.before, options.rounds)


if __name__ == "__main__":
    main()

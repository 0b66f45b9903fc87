"""What a check of many records costs: prints a table in Markdown.

Run `python packages/pyimgano-preflight/benchmarks/scale.py --records 1000000`. A manifest and the facts that
eight scans would write are made up, as no images are needed for what is measured: reading the records, all
checks of the records alone, and `merge`. Each row is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.contracts.config import DatasetConfig, RunConfig
from pyimgano_core.duplicates import path_issues
from pyimgano_core.manifest import load_manifest
from pyimgano_core.progress import SilentProgress
from pyimgano_core.splits import split_dataset
from pyimgano_preflight._facts_file import FactsHeader, Named, listing_sha256, sample_files, write_facts
from pyimgano_preflight._merge import merge_shards
from pyimgano_preflight.facts import FACTS_VERSION, FileFacts, HeaderFacts, MaskFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.record import Sample

STEPS = {
    "nothing": "starting",
    "read": "reading the manifest",
    "records": "and all checks of the records alone",
    "merge": "`merge`: all checks, with facts of eight scans",
}
SHARDS = 8
HEADER = HeaderFacts(format="PNG", width=1024, height=1024, mode="L", bits=8, is_complete=True)


def write_manifest(path: Path, count: int) -> None:
    """Write sound records of about 200 bytes; one in ten is tested and anomalous, and has a mask."""
    rng = random.Random(1)  # noqa: S311 - not for secrets
    with path.open("w", encoding="utf-8") as stream:
        for index in range(count):
            category = f"part_{rng.randrange(15):02}"
            name = f"{category}/2026-11/line_{rng.randrange(8)}/{index:09}.png"
            document: dict[str, object] = {"image_path": f"images/{name}", "category": category}
            if index % 10 == 0:
                document |= {"split": "test", "label": 1, "mask_path": f"masks/{name}", "defect": "scratch"}
            else:
                document |= {"split": ("train", "train", "val", "test")[index // 40 % 4], "label": 0}
                document |= {"group_id": f"lot-{index // 40:07}"}
            document |= {"meta": {"camera": rng.randrange(4)}}
            stream.write(json.dumps(document) + "\n")


def write_shards(manifest: Path, folder: Path) -> None:
    """Write what scans of the profile standard would, if all files were sound."""
    samples = load_manifest(manifest).samples
    listing = listing_sha256(samples)
    for shard in range(SHARDS):
        header = FactsHeader(
            pyimgano_version="0.0.0",
            facts_version=FACTS_VERSION,
            profile="standard",
            shard=shard,
            shard_count=SHARDS,
            sixteen_bit_range=DatasetConfig(name="manifest").sixteen_bit_range,
            listing_sha256=listing,
        )
        chosen = (samples[index] for index in range(shard, len(samples), SHARDS))
        write_facts(folder / f"facts-{shard}.jsonl", header, _facts(chosen))


def _facts(samples: Iterator[Sample]) -> Iterator[tuple[Named, FileFacts]]:
    for sample in samples:
        for name, _, role in sample_files(sample):
            digest = hashlib.sha256(name.encode())
            seed = int.from_bytes(digest.digest()[:4], "little")
            mask = MaskFacts(
                marked=99 + seed % 9999,
                pixels=1 << 20,
                height=1024,
                width=1024,
                values=(0, 255),
                value_count=2,
            )
            yield (
                (name, role),
                FileFacts(
                    path=name,
                    size=300_000 + seed % 99_999,
                    mtime_ns=1_790_000_000_000_000_000 + seed,
                    inode=(64, int.from_bytes(digest.digest()[4:10], "little")),
                    header=HEADER,
                    sha256=digest.hexdigest(),
                    checksums_hold=True,
                    mask=mask if role == "mask" else None,
                ),
            )


def run(step: str, folder: Path, records: int) -> int:
    """Do one of the steps and return how many issues there are."""
    config = RunConfig(dataset=DatasetConfig(name="manifest", manifest_path="manifest.jsonl"))
    if step == "make":  # in a process of its own too: a child's peak is at least that of its parent
        write_manifest(folder / "manifest.jsonl", records)
        write_shards(folder / "manifest.jsonl", folder)
    if step in {"make", "nothing"}:
        return 0
    if step == "merge":
        shards = sorted(folder.glob("facts-*.jsonl"))
        return sum(1 for _ in merge_shards(config, folder, SilentProgress(), shards).issues)
    loaded = load_manifest(folder / "manifest.jsonl")
    if step == "read":
        return len(loaded.issues)
    split = split_dataset(loaded.samples, config.dataset.split_policy, config.seed)
    return len(loaded.issues) + len(path_issues(loaded.samples)) + len(split.issues)


def measure(step: str, folder: Path, records: int) -> None:
    """Print CPU seconds, the peak of this process in MB and the number of issues."""
    start = time.process_time()
    issues = run(step, folder, records)
    seconds = time.process_time() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, issues]))


def compare(records: int, folder: Path) -> None:
    """Make the data up and print the table, row by row."""

    def row(step: str) -> tuple[float, float, int]:
        command = [
            sys.executable,
            __file__,
            "--step",
            step,
            "--folder",
            str(folder),
            "--records",
            str(records),
        ]
        seconds, peak, issues = json.loads(subprocess.check_output(command))
        return seconds, peak, issues

    row("make")
    size = (folder / "manifest.jsonl").stat().st_size / 1e6
    print(f"{records:,} records, {size:,.0f} MB, Python {sys.version.split()[0]}\n")
    print("| step | CPU s | us per record | peak MB | bytes per record | issues |")
    print("|---|--:|--:|--:|--:|--:|")
    ground = 0.0
    for step, note in STEPS.items():
        seconds, peak, issues = row(step)
        ground = ground or peak
        each = f"{seconds / records * 1e6:.1f} | {peak:,.0f} | {(peak - ground) * 2**20 / records:,.0f}"
        print(f"| {note} | {seconds:,.1f} | {each} | {issues:,} |", flush=True)


def main() -> None:
    """Compare all steps, or measure one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the data are made up; a temporary one else")
    parser.add_argument("--step", choices=("make", *STEPS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step is not None:
        measure(options.step, options.folder, options.records)
    elif options.folder is not None:
        compare(options.records, options.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(options.records, Path(folder))


if __name__ == "__main__":
    main()

"""What a check costs and finds, against a bare decode of the same files and against its peers, in one run.

Prints two Markdown tables: time and memory of each run, and the planted faults that were not found or are
told of sound files. `make_set.py` writes the data set. Every run is a process of its own; the CPU time is
that of all its processes, the memory that of the largest one. The files are read once before, so that all
find them in the system's cache. cleanvision is given the images that decode, for it ends at the first other;
fastdup all images. Each runs in the first PYTHON that has it, for their requirements exclude each other.

    python check_speed.py FOLDER --peers PYTHON ...
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import define

from pyimgano_preflight import find_rule
from pyimgano_preflight.facts import read_facts

PROFILES = ("quick", "standard", "deep")

ALLOWED = {  # codes that follow from a planted one, or stand for it in a shallower profile
    "PF302": {"PF401"},
    "PF601": {"PF212"},
}
BLURRED = "PF406"
DECODE = """
import sys
from PIL import Image
from PIL import ImageFile
for line in open(sys.argv[1]):
    try:
        with Image.open(line.rstrip("\\n")) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        pass
"""
CLEANVISION = """
import sys
from cleanvision import Imagelab
if __name__ == "__main__":
    lab = Imagelab(filepaths=[line.rstrip("\\n") for line in open(sys.argv[1])], verbose=False)
    lab.find_issues(n_jobs=2, verbose=False)
    print(int(lab.issues["is_blurry_issue"].sum()), "images blurred")
"""
FASTDUP = """
import os
import sys
os.environ["SENTRY_OPT_OUT"] = "1"
import fastdup
if __name__ == "__main__":
    fastdup.run(sys.argv[1], work_dir=sys.argv[1] + ".work", num_threads=2)
    with open(sys.argv[1] + ".work/similarity.csv") as pairs:
        print(sum(1 for _ in pairs) - 1, "pairs alike")
"""


@define(frozen=True)
class Run:
    """What a process cost: seconds, and the peak of its memory in MB."""

    name: str
    files: int
    wall: float
    cpu: float
    peak: float

    @property
    def per_file(self) -> float:
        """Milliseconds of CPU time for each file."""
        return 1000 * self.cpu / self.files


def measure(name: str, files: int, command: list[str], log: Path) -> Run:
    """Run a process and return its cost."""
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    return Run(name, files, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def check(folder: Path, profile: str, work: Path, files: int, *more: str, name: str | None = None) -> Run:
    """Measure our command; its issues go to `work`."""
    command = [str(Path(sys.executable).with_name("pyimgano-preflight")), "check", str(folder)]
    command += ["--profile", profile, "--issues", str(work / f"{profile}.jsonl"), "--format", "json", *more]
    return measure(name or f"check --profile {profile}", files, command, work / f"{profile}.log")


def has_module(python: Path, name: str) -> bool:
    """Return whether a Python has a module."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def measure_peer(name: str, script: str, pythons: list[Path], images: list[str], work: Path) -> Run | None:
    """Measure a peer on a list of images and print what it found; None where no Python has it."""
    python = next((python for python in pythons if has_module(python, name)), None)
    if python is None:
        return None
    files = write_list(work / f"{name}.txt", images)
    program = work / f"run_{name}.py"
    program.write_text(script)
    log = work / f"{name}.log"
    run = measure(name, len(images), [str(python), str(program), files], log)
    print(f"{name}, of {len(images)} images: {log.read_text().splitlines()[-1]}")
    return run


def headers_per_second(paths: list[str]) -> float:
    """Return how many files one core looks into in the quick profile, without start and rules."""
    start = time.process_time()
    for path in paths:
        read_facts(path, "image", "quick")
    return len(paths) / (time.process_time() - start)


def show_findings(folder: Path, profile: str, issues: Path, images: int) -> None:
    """Print how many planted faults a profile found, and what it told of sound files."""
    truth = read_lines(folder / "truth.jsonl")
    found = read_lines(issues)
    rows = (folder / "manifest.jsonl").read_text().splitlines()
    names = [named(issue, rows) for issue in found]
    told = {(path, issue["code"]) for issue, paths in zip(found, names, strict=True) for path in paths}
    planted = {fault["path"] for fault in truth}
    looked_for = [fault for fault in truth if is_looked_for(fault["code"], profile)]
    missed = Counter(fault["code"] for fault in looked_for if not is_found(fault, told))
    of_sound = [
        issue for issue, paths in zip(found, names, strict=True) if paths and not planted & set(paths)
    ]
    errors = Counter(issue["code"] for issue in of_sound if issue["severity"] == "error")
    others = Counter(issue["code"] for issue in of_sound if issue["severity"] != "error")
    blurred = others[BLURRED] / images
    print(
        f"| {profile} | {len(looked_for) - sum(missed.values())} of {len(looked_for)} | {counts(missed)} "
        f"| {counts(errors)} | {counts(others)} | {blurred:.2%} |"
    )


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON objects of a file of lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def named(issue: dict[str, Any], rows: list[str]) -> list[str]:
    """Return all paths that an issue is about: those it names, else the image of its line."""
    line = (issue["location"] or {}).get("line")
    if not issue["paths"] and line:
        return [str(json.loads(rows[line - 1])["image_path"])]
    return [*issue["paths"], *issue["data"].get("same_as", ())]


def is_looked_for(code: str, profile: str) -> bool:
    """Return whether a profile goes as far as a rule needs."""
    rule = find_rule(code)
    assert rule is not None
    return PROFILES.index(rule.profile) <= PROFILES.index(profile)


def is_found(fault: dict[str, str], told: set[tuple[str, str]]) -> bool:
    """Return whether an issue names the file for the planted fault."""
    codes = {fault["code"], *ALLOWED.get(fault["code"], ())}
    return any((fault["path"], code) in told for code in codes)


def counts(found: Counter[str]) -> str:
    """Return `PF302 3, PF401 1`."""
    return ", ".join(f"{code} {count}" for code, count in sorted(found.items())) or "none"


def decodable(paths: list[str]) -> list[str]:
    """Return the files that a full decode takes for sound."""
    return [path for path in paths if read_facts(path, "image", "deep").error is None]


def write_list(path: Path, lines: list[str]) -> str:
    """Write one path a line; return where."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path, nargs="*", default=[], help="Pythons that have the peers")
    options = parser.parse_args()
    folder: Path = options.folder
    paths = sorted(str(path) for path in folder.rglob("*") if path.suffix in {".png", ".jpg"})
    images = [path for path in paths if "/masks/" not in path]
    sound = decodable(images)  # reads every file once, too
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        listed = write_list(work / "files.txt", paths)
        decode = measure(
            "bare decode", len(paths), [sys.executable, "-c", DECODE, listed], work / "decode.log"
        )
        runs = [decode, *(check(folder, profile, work, len(paths)) for profile in PROFILES)]
        deep = runs[-1]
        one = ("--workers", "1")
        runs.append(check(folder, "deep", work, len(paths), *one, name="deep, one thread"))
        cached = ("--cache", str(work / "facts.cache"))
        runs.append(check(folder, "deep", work, len(paths), *cached, name="deep, empty cache"))
        runs.append(check(folder, "deep", work, len(paths), *cached, name="deep, full cache"))
        peers = {
            "cleanvision": measure_peer("cleanvision", CLEANVISION, options.peers, sound, work),
            "fastdup": measure_peer("fastdup", FASTDUP, options.peers, images, work),
        }
        show_runs([*runs, *filter(None, peers.values())], decode, deep)
        for name, run in peers.items():
            if run is None:
                print(f"| {name} | not installed | | | | | | |")
        print(f"\nquick, facts alone: {headers_per_second(paths):,.0f} files/s and core")
        print("\n| profile | found | missed | errors of sound files | others of sound files | blur, false |")
        print("|---|---|---|---|---|---|")
        for profile in PROFILES:
            show_findings(folder, profile, work / f"{profile}.jsonl", len(images))


def show_runs(runs: list[Run], decode: Run, deep: Run) -> None:
    """Print the table of costs."""
    print("| run | files | wall s | CPU s | ms CPU/file | peak MB | to the decode | to deep |")
    print("|---|---|---|---|---|---|---|---|")
    for run in runs:
        print(
            f"| {run.name} | {run.files} | {run.wall:.1f} | {run.cpu:.1f} | {run.per_file:.2f} "
            f"| {run.peak:.0f} | {run.per_file / decode.per_file:.2f} | {run.per_file / deep.per_file:.2f} |"
        )


if __name__ == "__main__":
    main()

"""Damaged configs, checkpoints, regions, manifests, lists and unfinished results: never a wrong verdict.

    uv run python packages/pyimgano-infer/benchmarks/fuzz.py --count 100000 --seed 0

Each case damages one file and runs the whole command on it, in this process alone. It must end with a
documented exit code, never with a traceback or a wait; where it refuses, with one line and no results; and
where it gives results, each verdict must be the one that a second, naive reading of the same bytes gives.
What a hash protects must be refused whenever a byte of it changed. A case that fails is printed with its
number, which makes it again; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NoReturn

from mutations import damage_bytes, damage_document
from naive_reading import check_line, read_strictly
from small_world import SCORES, Ended, make_world, run_command, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

MEMORY = 8 << 30  # bytes of addresses; a damaged graph may ask for any amount
RESULTS = {0, 4}
REFUSALS = {2, 5, 64}


class SlowError(Exception):
    """A case took too long."""


class Fuzzer:
    """The sound files, and a folder in which one after the other is damaged.

    Args:
        folder: where all of them are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = make_world(folder)
        self.document = json.loads(self.config.read_text())
        self.rows = (folder / "manifest.jsonl").read_bytes()
        self.output = folder / "out.jsonl"
        self.command = ("--infer-config", self.config, "--output", self.output)
        ended = run_command(*self.command, *[folder / "manifest.jsonl"] * 3)
        assert ended.code == 0, ended.err
        self.whole = self.output.read_bytes()
        # A table that can't be written leaves the parts of the run.
        table = ("--csv", folder / "model.onnx" / "table.csv")
        assert run_command(*self.command, *table, *[folder / "manifest.jsonl"] * 3).code == 74
        self.kept = folder / "kept"
        Path(f"{self.output}.partial").rename(self.kept)
        for number in (1, 3):
            part = self.kept / f"part-{number:06d}.jsonl"
            part.rename(part.with_suffix(".0123abcd.open"))
        self.sound = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def tidy(self) -> None:
        """Make all files sound again."""
        for folder in (f"{self.output}.partial", self.folder / "pack"):
            shutil.rmtree(folder, ignore_errors=True)
        for path in self.folder.iterdir():
            if path.is_file() and path not in self.sound:
                path.unlink()
        for path, content in self.sound.items():
            path.write_bytes(content)
        self.output.unlink()

    def damage(self, content: bytes, random: Random) -> bytes:
        """Return the bytes, of which some are others."""
        while (changed := damage_bytes(content, random)) == content:
            pass
        return changed

    def config_case(self, random: Random) -> Ended:
        """A config: what loads is read alike by a naive reader."""
        content = self.config.read_bytes()
        is_text = random.random() < 0.3
        self.config.write_bytes(
            self.damage(content, random) if is_text else damage_document(self.document, random)
        )
        if random.random() < 0.15:
            ended = run_command(*self.command[:2], *self._mode(random))
            self._check_end(ended, lines=40)
        else:
            ended = run_command(*self.command, self.folder / "manifest.jsonl")
            self._check(ended)
        return ended

    def _mode(self, random: Random) -> tuple[str | Path, ...]:
        calibration = ("--calibrate", self.folder, "--out", self.folder / "new.json", "--category", "nut")
        return random.choice(
            (("--verify",), ("--list-categories",), ("--pack", self.folder / "pack"), calibration)
        )

    def checkpoint_case(self, random: Random) -> Ended:
        """A checkpoint or a region: refused, unless the config says that these are the right bytes."""
        name = random.choice(("model.onnx", "region.png"))
        changed = self.damage(self.sound[self.folder / name], random)
        (self.folder / name).write_bytes(changed)
        is_told = random.random() < 0.5
        if is_told:
            self._tell(name, changed)
        mode = ("--verify",) if is_told and random.random() < 0.5 else (self.folder / "manifest.jsonl",)
        ended = run_command(*(self.command[:2] if mode == ("--verify",) else self.command), *mode)
        assert is_told or ended.code == 5, "damaged and not refused"
        # A graph or a region with the hash that the config says is what it says, whatever comes of it.
        self._check_end(ended, lines=20)
        return ended

    def _tell(self, name: str, content: bytes) -> None:
        document = json.loads(self.config.read_bytes())
        for entry in document["per_category"].values():
            for file in (entry["checkpoint"], entry.get("region") or {}):
                if file.get("path") == name:
                    file.update(sha256=sha256(content), size_bytes=len(content))
        self.config.write_text(json.dumps(document))

    def manifest_case(self, random: Random) -> Ended:
        """A manifest: a line for each row, and verdicts for sound rows alone."""
        lines = self.rows.splitlines()
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(lines))
            is_text = random.random() < 0.5
            lines[place] = (
                damage_bytes(lines[place], random)
                if is_text
                else damage_document(json.loads(self.rows.splitlines()[place]), random).replace(b"\n", b" ")
            )
        manifest = self.folder / "manifest.jsonl"
        manifest.write_bytes(b"\n".join(lines) + b"\n")
        derived = random.choice(((), ("--csv", self.folder / "x.csv"), ("--parts", self.folder / "x.jsonl")))
        ended = run_command(*self.command, *derived, manifest)
        self._check(ended)
        if ended.code in RESULTS:
            rows = [row for row in manifest.read_bytes().split(b"\n") if row.strip(b" \t\r")]
            rows = [row for row in rows if not row.lstrip(b" \t\r\xef\xbb\xbf").startswith(b"#")]
            answers = self.output.read_bytes().splitlines()
            is_one_failure = b"the manifest is UTF-16" in answers[0]
            assert is_one_failure or len(rows) == len(answers), f"{len(rows)} rows, {len(answers)} lines"
        return ended

    def list_case(self, random: Random) -> Ended:
        """A list on stdin: a line for each name."""
        names = "".join(f"{self.folder / name}\n" for name in list(SCORES) * 2).encode()
        content = self.damage(names, random)
        options = ("--null",) if random.random() < 0.2 else ()
        ended = run_command(*self.command, "--category", "nut", *options, "-", stdin=content)
        self._check(ended)
        return ended

    def resume_case(self, random: Random) -> Ended:
        """Unfinished results: the same lines in the end as without any damage, or a refusal."""
        partial = Path(f"{self.output}.partial")
        shutil.copytree(self.kept, partial)
        for path in random.sample(sorted(partial.iterdir()), random.randint(1, 2)):
            path.write_bytes(self.damage(path.read_bytes() or b"{}", random))
        ended = run_command(*self.command, *[self.folder / "manifest.jsonl"] * 3)
        self._check_end(ended, may_leave=self.whole)
        if ended.code in RESULTS or self.output.exists():
            assert self.output.read_bytes() == self.whole, "other lines than without damage"
        return ended

    def _check_end(self, ended: Ended, *, lines: int = 2, may_leave: bytes | None = None) -> None:
        """Check the exit code, the number of lines of an error, and that a refusal leaves no results."""
        assert ended.code in RESULTS | REFUSALS | {74}, ended
        assert "Traceback" not in ended.err, ended.err
        if ended.code not in RESULTS:
            assert ended.err.startswith("Error: ") or "\nError: " in ended.err, ended.err
            assert 1 <= len(ended.err.split("\n")) - 1 <= lines, ended.err
            assert not self.output.exists() or self.output.read_bytes() == may_leave, "results are there"

    def _check(self, ended: Ended) -> None:
        """Check how it ended, and each verdict against a naive reading of the config."""
        self._check_end(ended)
        if ended.code not in RESULTS:
            return
        document = read_strictly(self.config.read_bytes())
        assert set(document.get("requires", ())) <= {"minimum_area", "region", "review_band", "tiling"}
        for index, line in enumerate(self.output.read_bytes().splitlines()):
            check_line(index, read_strictly(line), document)


def run_case(fuzzer: Fuzzer, number: int, seed: int) -> str:
    """Make and try one case; it depends on `number` and `seed` alone."""
    random = Random(f"{seed} {number}")  # noqa: S311 - no secret
    kinds: dict[str, Callable[[Random], Ended]] = {
        "config": fuzzer.config_case,
        "checkpoint": fuzzer.checkpoint_case,
        "manifest": fuzzer.manifest_case,
        "list": fuzzer.list_case,
        "resume": fuzzer.resume_case,
    }
    kind = random.choices(list(kinds), (40, 12, 25, 5, 18))[0]
    return f"{kind}: exit code {kinds[kind](random).code}"


def find_failures(numbers: range, seed: int, limit: float) -> tuple[Counter[str], dict[int, str]]:
    """Run cases; return how often each came of it, and the tracebacks of those that failed."""
    results: Counter[str] = Counter()
    failures: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as name:
        fuzzer = Fuzzer(Path(name))
        for number in numbers:
            fuzzer.tidy()
            try:
                signal.setitimer(signal.ITIMER_REAL, limit)
                results[run_case(fuzzer, number, seed)] += 1
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
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for a case")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, stop_slow)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    started = time.perf_counter()
    numbers = range(options.first, options.first + options.count)
    results, failures = find_failures(numbers, options.seed, options.limit)
    for result, count in sorted(results.items()):
        print(f"{count:8} {result}")
    causes = {text.splitlines()[-1]: number for number, text in reversed(failures.items())}
    for number in sorted(causes.values())[:10]:  # one of each kind
        print(f"\ncase {number}:\n{failures[number]}")
    print(f"{len(numbers)} cases in {time.perf_counter() - started:.0f} s, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

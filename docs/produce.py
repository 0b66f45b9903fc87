"""Runs the commands of pages, and writes or checks the outputs that the pages show.

    uv run python docs/produce.py --check docs/tutorials/first-run.md
    uv run python docs/produce.py --write docs/tutorials/*.md

Pages know nothing of each other: `--jobs N` runs N at a time, and all of them run, whichever fail.
Of a page in Markdown, in the order of its code blocks and in one temporary folder for each page:

- ```` ```sh ```` is run by `bash -euo pipefail`, each block by a shell of its own. One that fails ends the
  page.
- ```` ```python ```` is run as a program of its own.
- ```` ```text ```` right below either is what it printed, stdout and stderr as they came;
  ```` ```text measured ```` is so as well, but holds times or memory and is not compared.
- ```` ```sh no-run ```` is shown only: what needs a container, a cluster, another machine or a download, what
  takes many minutes or never ends, and what another step of the gate runs.
- Any other block that begins with the line `# file: NAME` is written to that file before what follows is run.

Blocks in an HTML comment are run as well, and set up what the page takes for granted. The folder holds a link
`pyimgano` to this checkout, and the commands are those of the environment that runs this program. The path of
the folder itself is shown as `/home/you/work`.

An output counts as unchanged, and is left as it is, where each of its lines differs from the new one only by
what differs between machines: times, dates, versions, hashes and the amount of blanks. Numbers with a decimal
point may be off by two per cent, as scores on another processor may; whole numbers, such as counts, must be
equal.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```(?P<info>\w[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# file: (\S+)\n")
OUTPUT = re.compile(r"```\n\n```text( measured)?\n")
SHOWN_FOLDER = "/home/you/work"
VARIES = (
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HASH"),
    (re.compile(r"\b\d{4}-?\d\d-?\d\d([T_ -]?\d\d:?\d\d:?\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)?)?\b"), "DATE"),
    (re.compile(r"\b\d+\.\d+\.\d+\w*"), "VERSION"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min|images/s)\b"), "TIME"),
    (re.compile(r"(\d+/\d+ +)\d+\.\d+$"), r"\1TIME"),  # the seconds at the end of a row of the benchmark
    (re.compile(r"-{2,}"), "--"),
    (re.compile(r"\s+"), " "),
)
NUMBER = re.compile(r"(\d*\.\d+(?:e[-+]?\d+)?)")
TOLERANCE = 0.02
PROGRESS = re.compile(r"^\S.* \d+/\d+  \d+\.\d/(s|min|h)  \d+ (s|min|h) left\n", re.MULTILINE)  # one a minute


class CommandError(Exception):
    """A block of a page failed."""


def main() -> None:
    """Write or check the pages that the command line names."""
    parser = argparse.ArgumentParser(description="Run the commands of pages; write or check their outputs.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="put the new outputs into the pages")
    action.add_argument("--check", action="store_true", help="exit with 1 where an output has changed")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="run N pages at a time")
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    options = parser.parse_args()
    passed = True
    with ThreadPoolExecutor(options.jobs) as pool:
        for page_passed, told in pool.map(partial(_renew, write=options.write), options.pages):
            print(told, end="", flush=True)
            passed &= page_passed
    sys.exit(0 if passed else 1)


def _renew(page: Path, *, write: bool) -> tuple[bool, str]:
    """Run a page; return whether it is as it should be, and how its outputs changed or what failed."""
    old = page.read_text(encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as folder:
            new = produce(old, Path(folder).resolve(), name=str(page), measure=write)
    except CommandError as exc:
        return False, f"{exc}\n"
    diff = difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(page), "as it is now")
    if write and new != old:
        page.write_text(new, encoding="utf-8")
    return write or new == old, "".join(diff)


def produce(text: str, folder: Path, *, name: str, measure: bool = False) -> str:
    """Return a page with the outputs that its commands have now.

    Args:
        text: The page, in Markdown.
        folder: Where the commands are run: an empty folder.
        name: The page's name, for messages.
        measure: Whether to put in new outputs of ```text measured```, too.

    Raises:
        CommandError: A command failed.
    """
    (folder / "pyimgano").symlink_to(ROOT)
    parts, place, output = [], 0, None
    for match in FENCE.finditer(text):
        between, body = text[place : match.start("body")], match["body"]
        is_measured = match["info"] == "text measured"
        if output is not None and OUTPUT.fullmatch(between) and (measure or not is_measured):
            body = output if is_measured else _chosen(body, output)
        parts += [between, body]
        line = text.count("\n", 0, match.start()) + 1
        output = _act(match["info"].split(), match["body"], folder, place=f"{name}:{line}")
        place = match.end("body")
    return "".join([*parts, text[place:]])


def _act(info: list[str], body: str, folder: Path, *, place: str) -> str | None:
    """Write the file that a block is, or run it; return what it printed where it was run."""
    if info == ["sh"]:
        return _run(["bash", "-euo", "pipefail", "-c", body], folder, place=place)
    if info[0] != "sh" and (file := FILE.match(body)):
        _write(folder / file[1], body)
    elif info == ["python"]:
        return _run([sys.executable, "-c", body], folder, place=place)
    return None


def same(old: str, new: str) -> bool:
    """Return whether two lines differ at most by what differs between machines."""
    ours, theirs = (NUMBER.split(_without_what_varies(line)) for line in (old, new))
    return (
        len(ours) == len(theirs)
        and ours[::2] == theirs[::2]
        and all(
            math.isclose(float(a), float(b), rel_tol=TOLERANCE)
            for a, b in zip(ours[1::2], theirs[1::2], strict=True)
        )
    )


def _without_what_varies(line: str) -> str:
    for pattern, word in VARIES:
        line = pattern.sub(word, line)
    return line.strip()


def _chosen(old: str, new: str) -> str:
    """Return the old output where the new one is the same, so that pages don't change with each run."""
    lines = old.splitlines(), new.splitlines()
    return old if len(lines[0]) == len(lines[1]) and all(map(same, *lines)) else new


def _run(command: list[str], folder: Path, *, place: str) -> str:
    """Return what a command printed, its colours taken out."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # UV would be shown in messages; of VIRTUAL_ENV uv warns where a page has an environment of its own.
    environment = {name: os.environ[name] for name in os.environ.keys() - {"UV", "VIRTUAL_ENV"}}
    environment |= {"PATH": path, "PYIMGANO_CACHE": f"{folder}/.cache", "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    output = PROGRESS.sub("", done.stdout).replace(str(folder), SHOWN_FOLDER)
    if done.returncode:
        raise CommandError(f"{place}: ended with exit code {done.returncode}:\n{command[-1]}\n{output}")
    return "\n".join(line.rstrip() for line in output.splitlines()) + "\n" if output else ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

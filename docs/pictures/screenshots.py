"""Makes the pictures of the tutorials from what their commands leave, with a Chromium without a window.

    uv run python docs/pictures/screenshots.py
    uv run python docs/pictures/screenshots.py --check

Each picture of a report holds what it shows, as text in its file. `--check` makes the runs again and compares
this with what they show, by the rule of `docs/produce.py` for what may differ between machines; the picture
of overlays is compared by its pixels. It needs no browser. Exit code 1 says that a picture is stale.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image, ImageChops
from shown import changes, recorded, save, share_of_other_pixels, shown

PICTURES = Path(__file__).resolve().parent
sys.path.insert(0, str(PICTURES.parent))

from produce import CommandError, produce  # noqa: E402 - it lies in the folder above

TUTORIALS = PICTURES.parent / "tutorials"
WIDTH, NARROW, HEIGHT = 1000, 800, 3000  # of the browser's window, in pixels
EDGE = 12  # what is left around a picture, in pixels
FIGURE = re.compile(r"<figure.*?</figure>", re.DOTALL)
# The chart over time of the leaderboard, and the column of time, which stands behind those with intervals.
MEASURED = re.compile(r"<figure>.*?</figure>|(?<=</small></td>)<td>[\d.]+</td>", re.DOTALL)
OVERLAYS, DEFECTS = "first-run-overlays", ("dent", "pits", "scratch")
ENLARGED, GAP = 2, 8
MOST_OTHER_PIXELS = 0.002


class Piece(NamedTuple):
    """What a picture shows of a page: from the first `start` at or behind `after`, up to the next `end`."""

    after: str
    start: str
    end: str


class Report(NamedTuple):
    """A picture of a page.

    Attributes:
        name: of the picture's file, without its suffix.
        page: the page's file, below the folder that a tutorial is run in.
        pieces: of the page.
        figures: how many of each piece are shown.
        width: of the browser's window, in pixels.
    """

    name: str
    page: str
    pieces: tuple[Piece, ...]
    figures: int
    width: int = WIDTH


METAL, GEAR = '<h2 id="metal">', '<h2 id="gear">'
REPORTS = {
    "first-run": [
        Report(
            "first-run-report",
            "run/report.html",
            (
                Piece("<header>", "<header>", '<h2 id="fabric">'),
                Piece(METAL, METAL, "<p>"),
                Piece(METAL, "<h3>Scores and curves", "<h3>Metrics"),
            ),
            figures=4,
        )
    ],
    "own-data": [
        Report(
            f"own-data-{name}",
            "gear-run/report.html",
            (Piece(GEAR, start, end),),
            figures=2,
            width=width,
        )
        for name, start, end, width in (
            ("scores", "<h3>Scores and curves", "<h3>Metrics", WIDTH),
            ("misses", "<h3>Misses by defect", "<h3>Normal images", NARROW),
            ("false-alarms", "<h3>Normal images", '<figure class="chart scale">', NARROW),
        )
    ],
    "compare": [
        Report(
            "compare-leaderboard",
            "bench/leaderboard.html",
            (Piece("<header>", "<header>", "<details"),),
            figures=1,
        )
    ],
}


def main() -> None:
    """Run the tutorials that show pictures, and write or check each picture beside this file."""
    parser = argparse.ArgumentParser(description="Make the pictures of the tutorials, or check them.")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a picture is stale")
    browser = None if parser.parse_args().check else _browser()
    stale = []
    with TemporaryDirectory() as folder:
        for tutorial, reports in REPORTS.items():
            work = _run(tutorial, Path(folder).resolve())
            for report in reports:
                stale += _renew(report, work, browser)
            if tutorial == "first-run":
                stale += _renew_overlays(work, check=browser is None)
    if stale:
        sys.exit("\n".join([*stale, "make them anew: uv run python docs/pictures/screenshots.py"]))


def _browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("error: no chromium is installed")


def _run(name: str, parent: Path) -> Path:
    """Return the folder that the commands of a tutorial were run in."""
    work = parent / name
    work.mkdir()
    page = TUTORIALS / f"{name}.md"
    try:
        produce(page.read_text(encoding="utf-8"), work, name=page.name)
    except CommandError as exc:
        sys.exit(str(exc))
    return work


def _renew(report: Report, work: Path, browser: str | None) -> list[str]:
    """Write a picture, or without a browser return how what it shows has changed."""
    path = PICTURES / f"{report.name}.png"
    text = (work / report.page).read_text(encoding="utf-8")
    page = excerpt(text, report)
    lines = shown(MEASURED.sub("", page))
    if browser is None:
        return changes(recorded(path), lines, path.name)
    save(_shot(browser, page, work, report.width), path, lines)
    return []


def excerpt(text: str, report: Report) -> str:
    """Return a page with the pieces of a report alone."""
    head = text[: text.index("<body>")]
    return f"{head}<body>{''.join(_piece(text, piece, report) for piece in report.pieces)}"


def _piece(text: str, piece: Piece, report: Report) -> str:
    after, start, end = map(re.escape, piece)
    found = re.search(f"(?={after}).*?({start}.*?){end}", text, re.DOTALL)
    if found is None:
        sys.exit(f"error: {report.page} has nothing from {piece.start} to {piece.end} for {report.name}")
    part = found[1]
    for figure in FIGURE.findall(part)[report.figures :]:
        part = part.replace(figure, "", 1)
    return part


def _shot(browser: str, page: str, work: Path, width: int) -> Image.Image:
    """Return what a browser shows of a page."""
    source, target = work / "page.html", work / "shot.png"
    source.write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    window = [f"--window-size={width},{HEIGHT}", f"--screenshot={target}"]
    subprocess.run([browser, *options, *window, source.as_uri()], check=True, capture_output=True)
    with Image.open(target) as image:
        return _trimmed(image.convert("RGB"))


def _trimmed(image: Image.Image) -> Image.Image:
    """Return a picture without its empty edges, but for a narrow one."""
    empty = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    left, top, right, bottom = ImageChops.difference(image, empty).getbbox() or (0, 0, *image.size)
    return image.crop((left - EDGE, max(top - EDGE, 0), right + EDGE, bottom + EDGE))


def _renew_overlays(work: Path, *, check: bool) -> list[str]:
    """Write the picture of overlays, or return that its pixels have changed."""
    path = PICTURES / f"{OVERLAYS}.png"
    image = _overlays(work)
    if not check:
        save(image, path, [])
        return []
    with Image.open(path) as old:
        share = share_of_other_pixels(old, image)
    return [f"{path.name}: {share:.1%} of its pixels are others now"] if share > MOST_OTHER_PIXELS else []


def _overlays(work: Path) -> Image.Image:
    """Return three flagged images, each above its overlay."""
    lines = (work / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = sorted((line["input"], line["overlay"]) for line in map(json.loads, lines))
    chosen = [next(pair for pair in pairs if f"/{defect}/" in pair[0]) for defect in DEFECTS]
    rows = [[Image.open(work / path) for path in row] for row in zip(*chosen, strict=True)]
    side = rows[0][0].width * ENLARGED
    sheet = Image.new("RGB", (3 * side + 2 * GAP, 2 * side + GAP), "white")
    for down, row in enumerate(rows):
        for across, image in enumerate(row):
            enlarged = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
            sheet.paste(enlarged, (across * (side + GAP), down * (side + GAP)))
    return sheet


if __name__ == "__main__":
    main()

"""Makes the pictures of the tutorials from what their commands leave, with a Chromium without a window.

uv run python docs/pictures/screenshots.py
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

PICTURES = Path(__file__).resolve().parent
sys.path.insert(0, str(PICTURES.parent))

from produce import produce  # noqa: E402 - it lies in the folder above

TUTORIALS = PICTURES.parent / "tutorials"
WIDTH, NARROW, HEIGHT = 1000, 800, 3000  # of the browser's window, in pixels
EDGE = 12  # what is left around a picture, in pixels
TWO_SHOTS = "<style>.shot:nth-child(n+3) { display: none }</style>"  # of four in a row of images
COLORS = 96  # a palette keeps the files small
GAP = 8


def main() -> None:
    """Run the tutorials that show pictures, and write each picture beside this file."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("error: no chromium is installed")
    with TemporaryDirectory() as folder:
        work = _run("first-run", Path(folder))
        report = work / "run/report.html"
        pieces = [
            ("<header>", "<header>", '<h2 id="fabric">'),
            ('<h2 id="metal">', '<h2 id="metal">', "<p>"),
            ('<h2 id="metal">', "<h3>Scores and curves", "<h3>Metrics"),
        ]
        _shoot(browser, report, pieces, "first-run-report")
        _overlays(work, "first-run-overlays")
        report = _run("own-data", Path(folder)) / "gear-run/report.html"
        gear = '<h2 id="gear">'
        _shoot(browser, report, [(gear, "<h3>Scores and curves", "<h3>Metrics")], "own-data-scores")
        for name, *piece in (
            ("own-data-misses", "<h3>Misses by defect", "<h3>Normal images"),
            ("own-data-false-alarms", "<h3>Normal images", '<figure class="chart scale">'),
        ):
            _shoot(browser, report, [(gear, piece[0], piece[1])], name, NARROW)
        leaderboard = _run("compare", Path(folder)) / "bench/leaderboard.html"
        _shoot(browser, leaderboard, [("<header>", "<header>", "<details")], "compare-leaderboard")


def _run(name: str, parent: Path) -> Path:
    """Return the folder that the commands of a tutorial were run in."""
    work = parent / name
    work.mkdir()
    page = TUTORIALS / f"{name}.md"
    produce(page.read_text(encoding="utf-8"), work, name=page.name)
    return work


def _shoot(
    browser: str, report: Path, pieces: list[tuple[str, str, str]], name: str, width: int = WIDTH
) -> None:
    """Write a picture of pieces of a report, each given as what is before, its start, and what is behind."""
    text = report.read_text(encoding="utf-8")
    head = text[: text.index("<body>")]
    short = report.with_name("short.html")
    short.write_text(
        f"{head}{TWO_SHOTS}<body>{''.join(_piece(text, *piece) for piece in pieces)}", encoding="utf-8"
    )
    shot = report.with_name("shot.png")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    window = [f"--window-size={width},{HEIGHT}", f"--screenshot={shot}"]
    subprocess.run([browser, *options, *window, short.as_uri()], check=True, capture_output=True)
    with Image.open(shot) as image:
        _save(_trimmed(image.convert("RGB")), name)


def _piece(text: str, after: str, start: str, end: str) -> str:
    begin = text.index(start, text.index(after))
    return text[begin : text.index(end, begin + len(start))]


def _trimmed(image: Image.Image) -> Image.Image:
    """Return a picture without its empty edges, but for a narrow one."""
    empty = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    left, top, right, bottom = ImageChops.difference(image, empty).getbbox() or (0, 0, *image.size)
    return image.crop((left - EDGE, max(top - EDGE, 0), right + EDGE, bottom + EDGE))


def _overlays(work: Path, name: str) -> None:
    """Write a row of three flagged images, each beside its overlay."""
    lines = (work / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    overlays = {line["input"]: line["overlay"] for line in map(json.loads, lines)}
    paths = []
    for defect in ("dent", "pits", "scratch"):
        first = min(path for path in overlays if f"/{defect}/" in path)
        paths += [work / first, work / overlays[first]]
    images = [Image.open(path).convert("RGB") for path in paths]
    row = Image.new("RGB", (sum(image.width + GAP for image in images) - GAP, images[0].height), "white")
    for place, image in enumerate(images):
        row.paste(image, (place * (image.width + GAP), 0))
    _save(row, name)


def _save(image: Image.Image, name: str) -> None:
    image.quantize(COLORS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()

"""What a picture shows, as lines of text that tell whether another run would show the same.

Of a page these are the rules of its style, each element by its name and class, and each text. An image in it
is told by size and mean colour. The course of a curve is not told; the figures in the texts around it are.
"""

from __future__ import annotations

import base64
import difflib
import io
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageStat
from PIL.PngImagePlugin import PngInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the next one lies

from produce import same

RECORD = "shows"  # the name of the text in a PNG file
LEVELS = 16  # of 255: a palette changes a pixel by less


def shown(page: str) -> list[str]:
    """Return what a page in HTML shows; its images are data URIs."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.lines


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.lines.append(" ".join(filter(None, [f"<{tag}>", given.get("class"), given.get("viewbox")])))
        if tag == "img":
            self.lines.append(_told(given["src"] or ""))

    def handle_data(self, data: str) -> None:
        self.lines += filter(None, map(str.strip, data.splitlines()))


def _told(uri: str) -> str:
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        red, green, blue = ImageStat.Stat(image.convert("RGB")).mean
        return f"{image.width} x {image.height} pixels of mean colour {red:.1f} {green:.1f} {blue:.1f}"


def changes(old: list[str], new: list[str], name: str) -> list[str]:
    """Return how what a file shows differs from what it would show now, as the lines of a diff.

    Lines that differ only by what `produce.same` lets differ between machines are no difference.

    Args:
        old: What the file shows.
        new: What it would show.
        name: The file's, for the head of the diff.
    """
    settled = _settled(old, new)
    if len(old) != len(new):
        blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        settled = [line for _, a, b, c, d in blocks for line in _settled(old[a:b], new[c:d])]
    return list(difflib.unified_diff(old, settled, name, "as it is now", lineterm="", n=2))


def _settled(old: list[str], new: list[str]) -> list[str]:
    """Return the new lines, with the old one where it counts as the same."""
    if len(old) != len(new):
        return new
    return [ours if same(ours, theirs) else theirs for ours, theirs in zip(old, new, strict=True)]


def share_of_other_pixels(old: Image.Image, new: Image.Image) -> float:
    """Return the share of pixels that differ by more than `LEVELS` in a channel: 1 where the sizes differ."""
    if old.size != new.size:
        return 1.0
    difference = np.asarray(ImageChops.difference(old.convert("RGB"), new.convert("RGB")))  # (H, W, 3)
    return float((difference.max(axis=2) > LEVELS).mean())


def save(image: Image.Image, path: Path, lines: list[str]) -> None:
    """Write a picture as a PNG of few colours, with what it shows inside."""
    record = PngInfo()
    record.add_itxt(RECORD, "\n".join(lines), zip=True)
    few = image.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(path, optimize=True, pnginfo=record)


def recorded(path: Path) -> list[str]:
    """Return what `save` was told that a picture shows: nothing where it was not."""
    with Image.open(path) as image:
        return str(image.info.get(RECORD, "")).splitlines()

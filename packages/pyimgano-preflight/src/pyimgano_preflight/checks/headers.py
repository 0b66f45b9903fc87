"""What the headers of sound images tell: facts that are no faults, but should be known before training."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from attrs import define, evolve, field

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.record import Sample
from pyimgano_core.images import FULL_RANGE
from pyimgano_core.manifest import columns_of
from pyimgano_preflight.facts import HeaderFacts
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts

T = TypeVar("T")

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
}
_SAME_FORMAT = {"MPO": "JPEG"}  # a JPEG with further frames behind it
_SMALLEST_SIDE = 32
_UPRIGHT = 1
_EIGHT_BITS = 8
_FEWEST = 10  # images of a category, before one of them can be called unusual
_USUAL_SHARE = 0.9  # of a category's images share one value: then others are unusual
_SIDE_FACTOR = 4  # sizes that vary anyway are unusual beyond this factor


class Finding(NamedTuple):
    """What was found in one header."""

    code: str
    message: str
    data: dict[str, Any]


def header_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield what is odd about single images, in the order of the samples."""
    for sample, header in _headers(inspection):
        for finding in _findings(sample, header):
            yield sample_issue(finding.code, sample, finding.message, data=finding.data)
        if header.bits > _EIGHT_BITS:
            yield _deep(sample, header, inspection.config.dataset.sixteen_bit_range)
        if header.orientation != _UPRIGHT:
            yield _turned(sample, header, inspection.facts.mask(sample))


def header_outlier_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the images that differ from the others of their category, and categories of several formats."""
    samples = inspection.prepared.samples
    columns = columns_of(samples)
    by_category: dict[str, _Headers] = {}
    for number, header in inspection.facts.headers():
        name = columns.names[int(columns.category[number])]
        headers = by_category.setdefault(name, _Headers(samples))
        headers.numbers.append(number)
        headers.headers.append(header)
    for category, headers in sorted(by_category.items()):
        yield from _size_outliers(headers)
        yield from _mode_outliers(headers)
        yield from _format_mix(category, headers)


@define
class _Headers:
    """The headers of one category's images, and the numbers of the samples; equal headers are one object."""

    samples: Sequence[Sample]
    numbers: array[int] = field(factory=lambda: array("q"))
    headers: list[HeaderFacts] = field(factory=list)

    def unlike(self, is_unlike: Callable[[HeaderFacts], bool]) -> Iterator[tuple[Sample, HeaderFacts]]:
        """Yield the images whose headers are unlike those of the others."""
        for number, header in zip(self.numbers, self.headers, strict=True):
            if is_unlike(header):
                yield self.samples[number], header


def _headers(inspection: Inspection) -> Iterator[tuple[Sample, HeaderFacts]]:
    for sample, facts in inspection.facts.images("header"):
        if facts.header is not None and facts.error is None:
            yield sample, facts.header


def _findings(sample: Sample, header: HeaderFacts) -> Iterator[Finding]:
    claimed = _FORMATS.get(sample.image.suffix.lower())
    found = _format(header)
    if claimed is not None and claimed != found:
        message = f"is named {sample.image.suffix!r} and holds {found}: rename it"
        yield Finding("PF303", message, {"format": found})
    if min(header.width, header.height) < _SMALLEST_SIDE:
        message = f"has {header.width}x{header.height} pixels only"
        yield Finding("PF305", message, {"width": header.width, "height": header.height})
    yield from _of_mode(header)
    if header.frames > 1:
        message = f"holds {header.frames} images, of which the first is used"
        yield Finding("PF313", message, {"frames": header.frames})


def _turned(sample: Sample, header: HeaderFacts, mask: FileFacts | None) -> Issue:
    advice = "tools that do not turn it see another image"
    if mask is not None and mask.header is not None:
        advice = "check that its mask fits"
    message = f"has EXIF orientation {header.orientation} and is turned; {advice}"
    issue = sample_issue("PF312", sample, message, data={"orientation": header.orientation})
    fits = mask is None or mask.header is None or _mask_fits(header, mask.header)
    return issue if fits else evolve(issue, severity=Severity.ERROR)


def _deep(sample: Sample, header: HeaderFacts, values: tuple[int, int]) -> Issue:
    """Return that an image has more than 8 bits: a warning while nobody has said which values count."""
    message = f"has {header.bits} bits, brought to 8 by dataset.sixteen_bit_range = {list(values)}"
    data = {"mode": header.mode, "bits": header.bits, "sixteen_bit_range": list(values)}
    issue = sample_issue("PF308", sample, message, data=data)
    return issue if values == FULL_RANGE else evolve(issue, severity=Severity.INFO)


def _mask_fits(header: HeaderFacts, mask: HeaderFacts) -> bool:
    """Return whether a mask is known to lie upright on an image that is turned, or is turned with it."""
    if mask.orientation == header.orientation:
        return True
    upright, stored = header.size, (header.height, header.width)
    return mask.size == upright != stored


def _of_mode(header: HeaderFacts) -> Iterator[Finding]:
    data: dict[str, Any] = {"mode": header.mode}
    if header.mode == "CMYK":
        yield Finding("PF309", "is stored as CMYK, converted without a profile", data)
    if header.mode in ("P", "PA"):
        yield Finding("PF310", "has a palette: its colours were reduced", data)
    if header.has_alpha:
        yield Finding("PF311", "has transparency, which is dropped", data)


def _size_outliers(headers: _Headers) -> Iterator[Issue]:
    sizes = [header.size for header in headers.headers]
    if len(sizes) < _FEWEST:
        return
    usual = _usual(sizes)
    heights, widths = (sorted(side) for side in zip(*sizes, strict=True))
    middle = heights[len(sizes) // 2], widths[len(sizes) // 2]
    others = f"where the middle of its category is {middle[1]}x{middle[0]}"
    if usual is not None:
        others = f"where most of its category are {usual[1]}x{usual[0]}"

    def is_unlike(header: HeaderFacts) -> bool:
        return _is_far(header.size, middle) if usual is None else header.size != usual

    for sample, header in headers.unlike(is_unlike):
        height, width = header.size
        message = f"has {width}x{height} pixels {others}"
        data = {"width": width, "height": height, "usual_width": middle[1], "usual_height": middle[0]}
        yield sample_issue("PF306", sample, message, data=data)


def _is_far(size: tuple[int, ...], middle: tuple[int, ...]) -> bool:
    pairs = zip(size, middle, strict=True)
    return any(not other <= _SIDE_FACTOR * side <= _SIDE_FACTOR**2 * other for side, other in pairs)


def _mode_outliers(headers: _Headers) -> Iterator[Issue]:
    usual = _usual([_mode(header) for header in headers.headers])
    if usual is None:
        return
    for sample, header in headers.unlike(lambda header: _mode(header) != usual):
        mode = _mode(header)
        message = f"is stored as {mode} where most of its category are {usual}"
        yield sample_issue("PF307", sample, message, data={"mode": mode, "usual_mode": usual})


def _format_mix(category: str, headers: _Headers) -> Iterator[Issue]:
    counts = Counter(_format(header) for header in headers.headers)
    if len(counts) > 1:
        listed = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        message = f"category {category!r}: its images are of several formats: {listed}"
        yield rule_issue("PF314", message, category=category, data={"counts": dict(sorted(counts.items()))})


def _usual(values: Sequence[T]) -> T | None:
    """Return the value of nearly all, None where there is none or the values are few."""
    if len(values) < _FEWEST:
        return None
    value, count = Counter(values).most_common(1)[0]
    return value if count >= _USUAL_SHARE * len(values) else None


def _format(header: HeaderFacts) -> str:
    return _SAME_FORMAT.get(header.format, header.format)


def _mode(header: HeaderFacts) -> str:
    return f"{header.mode} of {header.bits} bits" if header.bits > _EIGHT_BITS else header.mode

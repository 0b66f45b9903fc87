"""The pictures beside what was found: the worst of each rule, errors first, until the page is full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import define, field

from pyimgano_core.contracts.record import Sample
from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_image, read_mask
from pyimgano_preflight._inspection import Inspection
from pyimgano_preflight.html._parts import shown
from pyimgano_preflight.html._pictures import image_picture, mask_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.preflight import ReportedIssue
    from pyimgano_preflight.facts import FileFacts

_PER_CODE = 12
_PER_ISSUE = 2
_MOST_CHARACTERS = 3_000_000
_MOST_PIXELS = 1_000_000_000  # of all images that a page decodes, some twenty seconds
_LARGEST = 40_000_000  # of one image
_OF_MASKS = "PF5"
_PICTURED = ("PF3", "PF4", _OF_MASKS, "PF6", "PF8")
_OF_GROUPS = frozenset({"PF606", "PF607", "PF608"})  # their images need not look alike
_NAME = 100  # characters of a path, from its end


@define(frozen=True)
class _Use:
    """A file that an issue is about."""

    sample: Sample
    role: Literal["image", "mask"]

    @property
    def path(self) -> str:
        """Its path as the record has it."""
        record = self.sample.record
        return record.image_path if self.role == "image" else record.mask_path or ""


@define
class Album:
    """Makes pictures while there is room for them; each file is decoded once."""

    _inspection: Inspection
    _uses: dict[str, _Use]
    _lines: dict[int, Sample]
    _shots: dict[tuple[str, str], str] = field(factory=dict)
    _characters: int = _MOST_CHARACTERS
    _pixels: int = _MOST_PIXELS

    @classmethod
    def of(cls, issues: Iterable[ReportedIssue], inspection: Inspection) -> Album:
        """Return an album of the files that the issues name."""
        pictured = [issue for issue in issues if _is_pictured(issue.code)]
        paths = {path for issue in pictured for path in issue.paths}
        numbers = {_line(issue) for issue in pictured} - {0}
        uses: dict[str, _Use] = {}
        lines: dict[int, Sample] = {}
        for sample in inspection.prepared.samples if pictured else ():
            record = sample.record
            if record.line in numbers:
                lines[record.line] = sample
            if record.image_path in paths:
                uses.setdefault(record.image_path, _Use(sample, "image"))
            if record.mask_path in paths:
                uses.setdefault(record.mask_path, _Use(sample, "mask"))
        return cls(inspection, uses, lines)

    def pictures(self, code: str, issues: Iterable[ReportedIssue]) -> str:
        """Return the pictures of one rule's issues, the worst first."""
        figures: list[str] = []
        room = _PER_CODE
        for issue in sorted(issues, key=_rank) if _is_pictured(code) else ():
            uses = self._uses_of(issue)
            room -= len(uses)
            if room < 0:
                break
            if uses and min(self._characters, self._pixels) <= 0:
                figures.append("<figure>Further pictures are left out, to keep the page small.</figure>")
                break
            figures += [self._figure(uses)] if uses else []
        return f'<div class="pictures">{"".join(figures)}</div>' if figures else ""

    def _uses_of(self, issue: ReportedIssue) -> list[_Use]:
        uses = [self._uses[path] for path in issue.paths if path in self._uses][:_PER_ISSUE]
        if not uses or not issue.code.startswith(_OF_MASKS):
            return uses
        sample = self._lines.get(_line(issue), uses[0].sample)  # several records may share a mask
        return [_Use(sample, "image"), _Use(sample, "mask")] if sample.mask is not None else uses

    def _figure(self, uses: Sequence[_Use]) -> str:
        shots = "".join(map(self._shot, uses))
        names = "<br>".join(shown(_tail(path)) for path in dict.fromkeys(use.path for use in uses))
        kind = ' class="pair"' if len(uses) > 1 else ""
        return f'<figure{kind}><div class="shots">{shots}</div><figcaption>{names}</figcaption></figure>'

    def _shot(self, use: _Use) -> str:
        key = (use.role, use.path)
        if key not in self._shots:
            self._shots[key] = self._made(use)
        self._characters -= len(self._shots[key])
        return self._shots[key]

    def _made(self, use: _Use) -> str:
        try:
            uri = self._image(use.sample) if use.role == "image" else mask_picture(self._marks(use.sample))
        except ImageError as error:
            return f'<div class="shot">{shown(str(error).removeprefix(f"{error.path}: "), 160)}</div>'
        return f'<div class="shot shown"><img src="{uri}" alt="{use.role}"></div>'

    def _image(self, sample: Sample) -> str:
        """Return the picture of an image with the outline of its mask, where that can be read.

        Raises:
            ImageError: the image has a fault that keeps it from being decoded.
        """
        self._spend(self._inspection.facts.image(sample))
        levels = self._inspection.config.dataset.sixteen_bit_range
        pixels = read_image(sample.image, sixteen_bit_range=levels)
        try:
            marks = None if sample.mask is None else self._marks(sample)
        except ImageError:
            marks = None
        return image_picture(pixels, marks)

    def _marks(self, sample: Sample) -> NDArray[np.bool_]:
        """Return what the mask of a sample marks, bool (H, W).

        Raises:
            ImageError: it has a fault that keeps it from being decoded.
        """
        facts = self._inspection.facts.mask(sample)
        if facts is None:
            raise ImageError("not_found", sample.image, "has no mask")
        self._spend(facts)
        return read_mask(facts.path)

    def _spend(self, facts: FileFacts) -> None:
        """Take the pixels of a file from what may be decoded.

        Raises:
            ImageError: it is known to be unusable, or it is too large.
        """
        if facts.error is not None:
            raise ImageError(facts.error.code, facts.path, facts.error.message)
        pixels = 0 if facts.header is None else facts.header.width * facts.header.height
        if pixels > _LARGEST:
            raise ImageError("too_large", facts.path, "is too large for a small picture")
        self._pixels -= pixels


def _is_pictured(code: str) -> bool:
    return code.startswith(_PICTURED) and code not in _OF_GROUPS


def _line(issue: ReportedIssue) -> int:
    return (issue.location.line or 0) if issue.location is not None else 0


def _rank(issue: ReportedIssue) -> float:
    """Sort what is furthest from the usual first; where that is not measured, the order stays."""
    value, usual = issue.data.get("value"), issue.data.get("usual")
    if isinstance(value, int | float) and isinstance(usual, int | float):
        return -abs(value - usual)
    return 0.0


def _tail(path: str) -> str:
    return path if len(path) <= _NAME else f"…{path[-_NAME:]}"

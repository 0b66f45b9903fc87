"""One line of a manifest, before and after its paths are resolved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from attrs import define, field
from attrs.converters import optional

Split = Literal["train", "val", "test"]
Role = Literal["train", "calibration", "test"]
SampleKey = tuple[int, str, str]

NORMAL = 0
ANOMALOUS = 1
LABEL_NAMES = ("normal", "anomalous")


@define(frozen=True, kw_only=True)
class Record:
    """One image of a data set as the manifest tells it; paths are as written there.

    `label` is 0 for normal and 1 for anomalous; `labelled` is false where the manifest has none, which reads
    as normal outside the test split. `defect` names the type of an anomaly. `group_id` keeps images of one
    part, lot or camera position on one side of a split. `meta` is opaque and travels into all results.
    `line` is the line number in the manifest, 0 where there is none.
    """

    image_path: str
    category: str
    split: Split | None = None
    label: int = NORMAL
    labelled: bool = True
    mask_path: str | None = None
    group_id: str | None = None
    defect: str | None = None
    meta: dict[str, Any] = field(factory=dict)
    line: int = 0


def _as_text(path: str | os.PathLike[str]) -> str:
    return os.fspath(path)


@define(frozen=True, kw_only=True)
class Sample:
    """A record with its files found: `image` and `mask` are absolute and need not exist.

    They are kept as text, which takes a quarter of a path's memory; the constructor takes both.
    """

    record: Record
    image_file: str = field(alias="image", converter=_as_text)
    mask_file: str | None = field(alias="mask", default=None, converter=optional(_as_text))

    @property
    def key(self) -> SampleKey:
        """What no other sample of a data set has: its line where there is a manifest, category and image."""
        return self.record.line, self.record.category, self.image_file

    @property
    def image(self) -> Path:
        """The image's file."""
        return Path(self.image_file)

    @property
    def mask(self) -> Path | None:
        """The mask's file, where the record names one."""
        return None if self.mask_file is None else Path(self.mask_file)

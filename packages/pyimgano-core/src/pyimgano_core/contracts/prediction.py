"""One line per input image, failures included: the same contract for workbench, benchmark and infer."""

from __future__ import annotations

from typing import Any, Literal

from attrs import define, field

from pyimgano_core.contracts.drift import ImageStatistics
from pyimgano_core.contracts.region import Region

Label = Literal["normal", "review", "anomalous"]


_OMITTED = {"omit_default": True}  # left out of JSON where it holds its default


@define(frozen=True, kw_only=True)
class Failure:
    """Why an input has no result: a stable code and a message for people."""

    code: str
    message: str


@define(frozen=True, kw_only=True)
class StoredArray:
    """An array in a file; `path` is relative to the folder of the document that names it.

    Where `scale` and `offset` are given, a value is `offset + scale * stored`.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = field(default=None, metadata=_OMITTED)
    offset: float | None = field(default=None, metadata=_OMITTED)


@define(frozen=True, kw_only=True)
class RunLengths:
    """A mask as compressed run lengths in the form of COCO: `size` is (height, width), columns first.

    Source: https://github.com/cocodataset/cocoapi (`maskApi.c`, `rleToString`).
    """

    size: tuple[int, int]
    counts: str


@define(frozen=True, kw_only=True)
class FileState:
    """Which state of a file was scored: its size, and when it was written, in nanoseconds since 1970."""

    size_bytes: int
    modified_ns: int


@define(frozen=True, kw_only=True)
class Prediction:
    """The result for one image.

    `input` is the path as it was given. `score` is the raw score and is null where the input failed; `label`
    is null where the input failed or there is no threshold. `y_true` is the manifest's label (0 normal,
    1 anomalous) where it is known. `review_threshold` begins the review band where there is one. `aupimo` is
    that of an anomalous image whose pixels were evaluated. `mask` is the file of a binary mask at the pixel
    threshold, 0 or 255, relative like that of `anomaly_map`, and `mask_rle` the same mask in the line.
    `several_frames` says that the file holds more frames than the first, which alone was scored.
    """

    index: int
    status: Literal["ok", "error"] = "ok"
    input: str
    category: str
    score: float | None = None
    threshold: float | None = None
    label: Label | None = None
    review_threshold: float | None = field(default=None, metadata=_OMITTED)
    y_true: int | None = field(default=None, metadata=_OMITTED)
    defect: str | None = field(default=None, metadata=_OMITTED)
    aupimo: float | None = field(default=None, metadata=_OMITTED)
    group_id: str | None = field(default=None, metadata=_OMITTED)
    image_size: tuple[int, int] | None = field(default=None, metadata=_OMITTED)
    anomaly_map: StoredArray | None = field(default=None, metadata=_OMITTED)
    overlay: str | None = field(default=None, metadata=_OMITTED)
    mask: str | None = field(default=None, metadata=_OMITTED)
    mask_rle: RunLengths | None = field(default=None, metadata=_OMITTED)
    regions: tuple[Region, ...] | None = field(default=None, metadata=_OMITTED)
    error: Failure | None = field(default=None, metadata=_OMITTED)
    meta: dict[str, Any] | None = field(default=None, metadata=_OMITTED)
    statistics: ImageStatistics | None = field(default=None, metadata=_OMITTED)
    file: FileState | None = field(default=None, metadata=_OMITTED)
    several_frames: bool = field(default=False, metadata=_OMITTED)

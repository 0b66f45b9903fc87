"""`infer_config.json`: all that a deployment host needs beside the checkpoint that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, gt, le, matches_re, min_len

from pyimgano_core.contracts.config import MAX_16_BIT, ThresholdConfig, Tiling, rising_16_bit_range
from pyimgano_core.contracts.drift import ReferenceSample
from pyimgano_core.contracts.threshold import Threshold

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHA256 = r"[0-9a-f]{64}"


@define(frozen=True, kw_only=True)
class NamedFile:
    """A file, known by its content; `path` is relative to the config's folder, or absolute."""

    path: str = field(validator=min_len(1))
    sha256: str = field(validator=matches_re(_SHA256))
    size_bytes: int = field(validator=ge(0))


@define(frozen=True, kw_only=True)
class Checkpoint(NamedFile):
    """A scorer graph in a file; `path` is relative to the config's folder, or absolute."""

    format: Literal["onnx"] = "onnx"


@define(frozen=True, kw_only=True)
class RegionFile(NamedFile):
    """The region of interest in a file: an 8-bit grey PNG; what is not black is looked at.

    It is scaled to each image, which must have its proportions, by nearest neighbour. `share` is the part of
    an image that is looked at, above 0, at most 1.
    """

    share: float = field(validator=and_(gt(0.0), le(1.0)))
    format: Literal["png"] = "png"


@define(frozen=True, kw_only=True)
class Preprocessing:
    """From a file to the graph's input; `resize` is (height, width).

    The steps: decode, apply the EXIF orientation, drop alpha, replicate grey, map 16-bit values of
    `sixteen_bit_range` linearly to 0..255, paint what lies outside the region of interest grey (128), resize
    with an antialiased bilinear filter. With `tiling` the image is resized by its `scale` alone, cut into
    tiles of the size `resize`, and its score is the highest of theirs. A config that tiles lists `tiling` in
    its `requires`: a reader that does not know it must not run it.
    """

    resize: tuple[int, int] = field(validator=deep_iterable(and_(ge(1), le(16384))))
    sixteen_bit_range: tuple[int, int] = field(default=(0, MAX_16_BIT), validator=rising_16_bit_range)
    orientation: Literal["exif"] = "exif"
    colour: Literal["RGB"] = "RGB"
    resize_filter: Literal["bilinear_antialias"] = "bilinear_antialias"
    tiling: Tiling | None = field(default=None, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class Runtime:
    """What runs a scorer graph: a package, its version, and the provider of its kernels.

    `provider` is the runtime's own name for it, such as `CPUExecutionProvider`.
    """

    package: str
    version: str
    provider: str


@define(frozen=True, kw_only=True)
class SelfTest:
    """A seeded probe image and what the graph must answer to it.

    `tolerance` is relative to the expected value. `runtime` gave the answer.
    """

    seed: int
    score: float
    map_maximum: float
    tolerance: float
    runtime: Runtime | None = field(default=None, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class CategoryModel:
    """One category's scorer and thresholds.

    With a `review_threshold`, scores from it up to below `threshold` are neither normal nor anomalous: a
    person decides. What lies outside of `region` can't change a score. A config that holds a review threshold
    lists `review_band` in its `requires`, one with a region `region`, and one whose pixel threshold has a
    minimum area `minimum_area`: a reader that does not know them must not run it.

    `score_unit` says in words what scores measure. `min_versions` are the lowest versions, by distribution
    name, that give these scores. `reference` tells what the calibration normals looked like, by quantity:
    `score`, `brightness`, `sharpness`, `height`, `width`.
    """

    checkpoint: Checkpoint
    preprocessing: Preprocessing
    threshold: Threshold
    pixel_threshold: Threshold | None = None
    self_test: SelfTest | None = None
    split_fingerprint: str | None = None
    review_threshold: Threshold | None = field(default=None, metadata={"omit_default": True})
    region: RegionFile | None = field(default=None, metadata={"omit_default": True})
    score_unit: str | None = field(default=None, metadata={"omit_default": True})
    min_versions: dict[str, str] = field(factory=dict, metadata={"omit_default": True})
    reference: dict[str, ReferenceSample] = field(factory=dict, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class ParentConfig:
    """The config that another one was calibrated from: the SHA-256 of its bytes, and its file name."""

    sha256: str = field(validator=matches_re(_SHA256))
    name: str


@define(frozen=True, kw_only=True)
class InferConfig:
    """The one file that a deployment host is given.

    `from_run` names the run directory that made it. `per_category` holds a scorer for each category.
    `threshold_rule` says how thresholds come from scores, so that a site can set them anew by the same rule.
    `parent` is the config whose thresholds were set anew to make this one.
    """

    KIND: ClassVar[str] = "pyimgano.infer_config"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset({"minimum_area", "region", "review_band", "tiling"})

    kind: str = "pyimgano.infer_config"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    runtime: str | None = None
    from_run: str
    model: dict[str, Any] = field(factory=dict)
    per_category: dict[str, CategoryModel] = field(validator=min_len(1))
    threshold_rule: ThresholdConfig | None = field(default=None, metadata={"omit_default": True})
    parent: ParentConfig | None = field(default=None, metadata={"omit_default": True})


def required_features(models: Iterable[CategoryModel]) -> tuple[str, ...]:
    """Return what a reader of a config with these `models` must know of, sorted."""
    features = set()
    for model in models:
        if model.review_threshold is not None:
            features.add("review_band")
        if model.pixel_threshold is not None and model.pixel_threshold.minimum_area > 1:
            features.add("minimum_area")
        if model.preprocessing.tiling is not None:
            features.add("tiling")
        if model.region is not None:
            features.add("region")
    return tuple(sorted(features))

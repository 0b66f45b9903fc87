"""The run config: what a person writes to describe a run. Shared, because preflight reads it too.

Paths are relative to the config file, except `output.output_dir`, which is relative to the current folder.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, gt, instance_of, le, lt, min_len, optional

__all__ = [
    # the whole
    "RunConfig",
    # its tables
    "DatasetConfig",
    "ModelConfig",
    "ThresholdConfig",
    "EvaluationConfig",
    "OutputConfig",
    "ExportConfig",
    # tables in these
    "SplitPolicy",
    "Tiling",
    "TilingConfig",
    "FeaturesConfig",
    "CalibrationRule",
    "ReviewConfig",
]

DatasetName = Literal["manifest", "mvtec", "visa", "btad", "custom", "demo"]
MAX_16_BIT = 65535
MAX_SEED = 2**63 - 1

_OMITTED = {"omit_default": True}  # left out of JSON where it holds its default

_fraction = and_(gt(0.0), lt(1.0))
_seed = and_(ge(0), le(MAX_SEED))


def rising_16_bit_range(_instance: object, _attribute: object, value: tuple[int, int]) -> None:
    """Refuse a range that is empty or leaves 16 bits."""
    if not 0 <= value[0] < value[1] <= MAX_16_BIT:
        raise ValueError(
            f"'sixteen_bit_range' must rise within 0 and {MAX_16_BIT}: its first value below its second, "
            f"not {list(value)}"
        )


@define(frozen=True, kw_only=True)
class SplitPolicy:
    """How records without an explicit split are divided, and how calibration images are held out.

    `seed` defaults to the run's seed. `group_conflict` says what a group with members on two sides is:
    an error, or allowed (and reported). `leakage` says the same of byte-identical images on two sides.
    """

    mode: Literal["benchmark"] = "benchmark"
    scope: Literal["category"] = "category"
    seed: int | None = field(default=None, validator=optional(_seed))
    test_normal_fraction: float = field(default=0.2, validator=_fraction)
    calibration_fraction: float = field(default=0.2, validator=_fraction)
    group_conflict: Literal["error", "allow"] = "error"
    leakage: Literal["error", "allow"] = "error"


@define(frozen=True, kw_only=True)
class Tiling:
    """Tiles of the model's input size instead of one resized image.

    Neighbouring tiles overlap by at least the share `overlap` of their side. Images are shrunk by `scale`
    before they are cut; 1 keeps every pixel.
    """

    overlap: float = field(default=0.25, validator=and_(ge(0.0), lt(0.9)))
    scale: float = field(default=1.0, validator=and_(ge(0.05), le(1.0)))


@define(frozen=True, kw_only=True)
class TilingConfig(Tiling):
    """How images are cut into tiles, and how many tiles a fit may see.

    Where the train images have more than `max_train_tiles`, each gives an equal share of them, drawn by the
    run's seed, and at least one.
    """

    max_train_tiles: int = field(default=5000, validator=ge(1))


@define(frozen=True, kw_only=True)
class DatasetConfig:
    """Which images, and how they are read.

    `resize` is the model's input as (height, width). `sixteen_bit_range` is the range of 16-bit values that
    maps linearly to 0..255, e.g. [0, 4095] for a 12-bit camera. With `tiling` images are not resized but cut.
    `regions` and `ignore` name a mask image per category, or for all others under `*`: where the mask of
    `regions` is not black the images are looked at, where that of `ignore` is not black they are not.
    """

    name: DatasetName = "manifest"
    root: str | None = None
    manifest_path: str | None = None
    category: str = field(default="all", validator=min_len(1))
    resize: tuple[int, int] = field(default=(256, 256), validator=deep_iterable(and_(ge(32), le(4096))))
    sixteen_bit_range: tuple[int, int] = field(default=(0, MAX_16_BIT), validator=rising_16_bit_range)
    split_policy: SplitPolicy = field(factory=SplitPolicy)
    tiling: TilingConfig | None = field(default=None, metadata=_OMITTED)
    regions: dict[str, str] = field(factory=dict, metadata=_OMITTED)
    ignore: dict[str, str] = field(factory=dict, metadata=_OMITTED)


@define(frozen=True, kw_only=True)
class FeaturesConfig:
    """Which features a detector sees.

    `backbone` is a timm model name, or one of two that need no weights: `filters` (fixed oriented, colour and
    texture filters) or `dictionary` (of patches, learned from the train images). `weights` is a file, or
    `pretrained` for timm's hub, or `random` (only ever when asked for).
    `layers` are the backbone's layers to use; None means the backbone's default.
    """

    backbone: str = field(default="filters", validator=min_len(1))
    weights: str | None = None
    layers: tuple[str, ...] | None = field(default=None, validator=optional(min_len(1)))


def _known_device(_instance: object, _attribute: object, value: str) -> None:
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", value):
        raise ValueError(f"'device' must be 'auto', 'cpu', 'cuda' or 'cuda:N', not {value!r}")


@define(frozen=True, kw_only=True)
class ModelConfig:
    """Which detector, where it is fitted, and its own options (checked against the detector's fields)."""

    name: str = field(default="dictionary", validator=min_len(1))
    device: str = field(default="auto", validator=_known_device)
    features: FeaturesConfig = field(factory=FeaturesConfig)
    options: dict[str, Any] = field(factory=dict)


ThresholdMethod = Literal["conformal", "quantile", "fpr", "gaussian", "mad", "evt", "fixed"]


@define(frozen=True, kw_only=True)
class CalibrationRule:
    """How a threshold comes from the scores of calibration normals.

    `alpha` is the false-positive rate that `conformal`, `fpr` and `evt` aim at, and `confidence` the
    probability with which `fpr` keeps it. `quantile` belongs to the method of that name, which is also what
    a method falls back to where the calibration normals are too few for it. `k` counts standard deviations
    for `gaussian` and `mad`. `tail_fraction` is the share of the scores that `evt` takes for the tail.
    `value` is the threshold of `fixed`.
    """

    method: ThresholdMethod = "conformal"
    alpha: float = field(default=0.01, validator=_fraction)
    confidence: float = field(default=0.95, validator=_fraction)
    quantile: float = field(default=0.995, validator=and_(gt(0.0), le(1.0)))
    k: float = field(default=3.0, validator=and_(gt(0.0), le(100.0)))
    tail_fraction: float = field(default=0.1, validator=and_(gt(0.0), le(0.5)))
    value: float | None = field(default=None)

    @value.validator
    def _fixed_has_value(self, _attribute: object, value: float | None) -> None:
        if (self.method == "fixed") != (value is not None):
            raise ValueError("'value' is needed with method = \"fixed\", and only there")

    @tail_fraction.validator
    def _tail_holds_alpha(self, _attribute: object, tail_fraction: float) -> None:
        if self.method == "evt" and self.alpha >= tail_fraction:
            limit = f"must be above 'alpha' ({self.alpha:g}) with method = \"evt\""
            raise ValueError(f"'tail_fraction' {limit}, not {tail_fraction:g}")


@define(frozen=True, kw_only=True)
class ReviewConfig(CalibrationRule):
    """Where the review band begins: scores from here up to below the threshold ask for a person."""

    alpha: float = field(default=0.1, validator=_fraction)
    quantile: float = field(default=0.9, validator=and_(gt(0.0), le(1.0)))
    tail_fraction: float = field(default=0.25, validator=and_(gt(0.0), le(0.5)))

    @tail_fraction.validator
    def _tail_holds_alpha(self, attribute: object, tail_fraction: float) -> None:
        CalibrationRule._tail_holds_alpha(self, attribute, tail_fraction)  # noqa: SLF001 - its own base


@define(frozen=True, kw_only=True)
class ThresholdConfig(CalibrationRule):
    """How the image and pixel thresholds come from the scores of calibration normals.

    The pixel threshold follows the same rule over a score per normal image: the largest of its anomaly map
    or, with `pixel_minimum_area` (pixels of the image), the highest level that flags a region of that area.
    With `fixed` it is `pixel_value`. `review` adds a lower threshold and with it a third verdict.
    """

    pixel_value: float | None = field(default=None)
    pixel_minimum_area: int = field(default=1, validator=ge(1))
    review: ReviewConfig | None = field(default=None)

    @review.validator
    def _band_has_width(self, _attribute: object, review: ReviewConfig | None) -> None:
        if self.value is None or review is None or review.value is None:
            return
        if review.value >= self.value:
            raise ValueError(f"'review' must begin below 'value' ({self.value:g}), not at {review.value:g}")

    @pixel_value.validator
    def _only_fixed_has_pixel_value(self, _attribute: object, pixel_value: float | None) -> None:
        if self.method != "fixed" and pixel_value is not None:
            raise ValueError("'pixel_value' belongs to method = \"fixed\" only")


@define(frozen=True, kw_only=True)
class EvaluationConfig:
    """What is measured.

    `pixel_subset = "masked"` measures pixels on the anomalous images that have a mask (and the normals) where
    others have none; by default one missing mask closes the gate. `aupimo_limits` are the false-positive
    rates that AUPIMO begins and ends at. `saturation` is the share of a region that AU-sPRO asks for; without
    it there is none. `false_alarm_limit` and `miss_limit` belong to the two rates of an inspection line: the
    defects found with at most so many false alarms, and the normals passed with at most so many misses.
    `bootstrap_replicates` is the number of resamples behind the intervals, 0 for none; `interval_level` is
    what all intervals cover.
    """

    pixel_metrics: bool = field(default=True, validator=instance_of(bool))
    pixel_subset: Literal["all", "masked"] = "all"
    aupro_limit: float = field(default=0.3, validator=and_(gt(0.0), le(1.0)))
    aupimo_limits: tuple[float, float] = field(default=(1e-5, 1e-4))
    saturation: float | None = field(default=None, validator=optional(and_(gt(0.0), le(1.0))))
    false_alarm_limit: float = field(default=0.05, validator=and_(ge(0.0), lt(1.0)))
    miss_limit: float = field(default=0.05, validator=and_(ge(0.0), lt(1.0)))
    interval_level: float = field(default=0.95, validator=_fraction)
    bootstrap_replicates: int = field(default=1000, validator=and_(ge(0), le(100_000)))

    @aupimo_limits.validator
    def _limits_rise(self, _attribute: object, value: tuple[float, float]) -> None:
        if not 0.0 < value[0] < value[1] <= 1.0:
            raise ValueError(f"'aupimo_limits' must rise within 0 and 1, not {list(value)}")


@define(frozen=True, kw_only=True)
class OutputConfig:
    """Where results go; without `output_dir`, a fresh time-stamped folder under `runs/`."""

    output_dir: str | None = None
    save_maps: bool = False


@define(frozen=True, kw_only=True)
class ExportConfig:
    """What a run makes besides the scorer graph.

    `int8` adds a second graph whose backbone computes with 8-bit integers, with thresholds and metrics of its
    own. It needs a backbone: filters and dictionaries have nothing that gains by it.
    """

    int8: bool = field(default=False, validator=instance_of(bool))


@define(frozen=True, kw_only=True)
class RunConfig:
    """A whole run."""

    seed: int = field(default=0, validator=_seed)
    recipe: str | None = None
    dataset: DatasetConfig = field(factory=DatasetConfig)
    model: ModelConfig = field(factory=ModelConfig)
    threshold: ThresholdConfig = field(factory=ThresholdConfig)
    evaluation: EvaluationConfig = field(factory=EvaluationConfig)
    output: OutputConfig = field(factory=OutputConfig)
    export: ExportConfig = field(factory=ExportConfig, metadata=_OMITTED)

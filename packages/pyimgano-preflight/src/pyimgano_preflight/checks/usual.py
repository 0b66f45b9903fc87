"""What is usual among the normal images of a category, and from where on an image is unlike them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.record import Sample
from pyimgano_preflight.facts import PixelFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = tuple[str, tuple[int, int] | None]  # a feature's code, and the size of the images that it compares

# The median and the spread of fewer images are too uncertain to call an image unlike the others.
FEWEST_NORMALS = 20
# An image is unlike the others where it is so by both: 5 robust standard deviations on a log scale, which
# spares categories that vary, and a factor, which spares those that hardly vary. Brightness and contrast of
# clean images differ by 1.4; the sharpness of a broken part by up to 3, where a blur of one pixel costs 5.
_DEVIATIONS = 5.0
_FACTOR = 3.0
_SHARPNESS_FACTOR = 4.0
# An eighth of the range: a ratio of small grey values, such as 6 to 2 in a dark field, says nothing.
_LEVELS = 32.0
# What more than a tenth of the normal images are is a way that they may be: a second light, another product,
# a background without noise.
_RARE = 0.1
# A narrower band hides little, and is more often a frame that the camera draws.
_BAND = 0.05
_DEVIATIONS_PER_MAD = 1.4826  # of a normal distribution
_LEAST = 1e-6  # in place of 0, which has no logarithm


@define(frozen=True, kw_only=True)
class Look:
    """An image that was decoded; `coarse_variance` is that of its thumbnail, which blur does not change."""

    sample: Sample
    pixels: PixelFacts
    size: tuple[int, int] | None
    coarse_variance: float

    @property
    def is_constant(self) -> bool:
        """Whether all pixels have one value."""
        return self.pixels.minimum == self.pixels.maximum


@define(frozen=True, kw_only=True)
class Feature:
    """What is small in a faulty image: the first of the quantities, which is told, and any of the others.

    `drop` is the least difference that counts, `factor` the least ratio; `by_size` compares images of one
    size alone.
    """

    code: str
    measures: tuple[Callable[[Look], float], ...]
    message: str
    drop: float = 0.0
    factor: float = _FACTOR
    by_size: bool = False


def _sharpness(look: Look) -> float:
    return look.pixels.sharpness


def _to_contrast(look: Look) -> float:
    return look.pixels.sharpness / max(look.pixels.std**2, _LEAST)


def _to_coarse_contrast(look: Look) -> float:
    return look.pixels.sharpness / max(look.coarse_variance, _LEAST)


# In the order in which they are told: failed light can leave bands, and bands can pass for blur. Dim light
# and low contrast take sharpness away, too, but not relative to the contrast that is left; a shadow or a
# stain does the reverse. Where all contrast is in fine lines, blur takes both but for the coarse contrast.
FEATURES = (
    Feature(
        code="PF404",
        measures=(lambda look: look.pixels.mean,),
        message="is dark: its mean grey value is {value:.0f}, and {usual:.0f} is usual in its category; "
        "check light and exposure",
        drop=_LEVELS,
    ),
    Feature(
        code="PF405",
        measures=(lambda look: 255.0 - look.pixels.mean,),
        message="is bright: its mean grey value is {value:.0f} below white, and {usual:.0f} is usual in its "
        "category; check light and exposure",
        drop=_LEVELS,
    ),
    Feature(
        code="PF408",
        measures=(lambda look: 1.0 - look.pixels.blank_share,),
        message="is a part of a frame: {value:.0%} of it are left beside a band at one border that has a "
        "single grey value, and {usual:.0%} are usual in its category; take it again or leave it out",
        drop=_BAND,
        factor=1.0,
    ),
    Feature(
        code="PF406",
        measures=(_sharpness, _to_contrast, _to_coarse_contrast),
        message="is blurred: its sharpness is {value:.1f}, and {usual:.1f} is usual in its category; "
        "check focus and motion",
        factor=_SHARPNESS_FACTOR,
        by_size=True,
    ),
    Feature(
        code="PF407",
        measures=(lambda look: look.pixels.contrast,),
        message="has low contrast: it spans {value:.0f} grey levels, and {usual:.0f} are usual in its "
        "category; check light and lens",
        drop=_LEVELS,
    ),
)


@define(frozen=True, kw_only=True)
class Bound:
    """The median of a quantity, and the value below which an image is unlike the others."""

    usual: float
    lowest: float


@define(frozen=True, kw_only=True)
class Deviation:
    """The first quantity of a feature by which an image is unlike the others."""

    value: float
    bound: Bound


@define(frozen=True, kw_only=True)
class Usual:
    """What is usual in a category."""

    bounds: dict[Key, tuple[Bound, ...]]

    def knows(self, feature: Feature, look: Look) -> bool:
        """Return whether there are enough images to compare this one with."""
        return _key(feature, look) in self.bounds

    def deviation(self, feature: Feature, look: Look) -> Deviation | None:
        """Return how an image is unlike the others, None where it is not."""
        bounds = self.bounds.get(_key(feature, look), ())
        if not bounds or not _is_unlike(feature, look, bounds):
            return None
        return Deviation(value=feature.measures[0](look), bound=bounds[0])


def find_usual(normals: Sequence[Look]) -> Usual | None:
    """Return what is usual among the normal images of a category, None where they are too few to tell."""
    if len(normals) < FEWEST_NORMALS:
        return None
    bounds = {}
    for feature in FEATURES:
        groups = defaultdict(list)
        for look in normals:
            groups[_key(feature, look)].append(look)
        enough = (item for item in groups.items() if len(item[1]) >= FEWEST_NORMALS)
        bounds.update({key: _bounds(feature, group) for key, group in enough})
    return Usual(bounds=bounds)


def _key(feature: Feature, look: Look) -> Key:
    return feature.code, look.size if feature.by_size else None


def _is_unlike(feature: Feature, look: Look, bounds: tuple[Bound, ...]) -> bool:
    pairs = zip(feature.measures, bounds, strict=True)
    first, *others = (max(measure(look), _LEAST) < bound.lowest for measure, bound in pairs)
    return first and (any(others) or not others)


def _bounds(feature: Feature, group: Sequence[Look]) -> tuple[Bound, ...]:
    bounds = tuple(_bound([measure(look) for look in group], feature) for measure in feature.measures)
    unlike = sum(_is_unlike(feature, look, bounds) for look in group)
    if unlike > _RARE * len(group):
        return tuple(Bound(usual=bound.usual, lowest=0.0) for bound in bounds)
    return bounds


def _bound(values: Sequence[float], feature: Feature) -> Bound:
    logs = [math.log(max(value, _LEAST)) for value in values]
    centre = median(logs)
    deviation = _DEVIATIONS_PER_MAD * median(abs(value - centre) for value in logs)
    usual = math.exp(centre)
    lowest = usual / max(math.exp(_DEVIATIONS * deviation), feature.factor)
    return Bound(usual=usual, lowest=min(lowest, usual - feature.drop))

"""Pixel metrics of many score maps, one image at a time.

Positives are few and are kept as they are. All pixels together are many and only counted, which needs all
positives first; so they wait in bags. Memory is the positives and one chunk. All that is added up over images
is an integer or is rounded once, so that images and shards may come in any order and the result is the same
to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.metric import PixelMetrics
from pyimgano_core.metrics._bags import Bags
from pyimgano_core.metrics._limits import check_limit, check_saturation
from pyimgano_core.metrics._overlap import Defects, area_under_overlap, find_defects, saturate
from pyimgano_core.metrics._per_image import REST, NamedImages
from pyimgano_core.metrics._ranking import area_under_roc, best_f1, count, distinct, rank, step_precision
from pyimgano_core.metrics._scores import as_scores, check_counted, check_label, check_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_core.contracts.metric import MetricValue
    from pyimgano_core.metrics._ranking import Ranking
    from pyimgano_core.metrics._scores import Scores


class PixelAccumulator:
    """Gathers score maps with their masks and gives the exact pixel metrics of them all.

    Normal images belong in it too, with an empty mask: their pixels are negatives. Several threads may ask
    for results at once. A pickle takes all scores along, so that shards may come from other processes.

    Args:
        aupro_limit: the false-positive rate that AUPRO ends at, and AU-sPRO, above 0, at most 1.
        saturation: gives AU-sPRO with regions that are found whole once this share of their pixels is,
            rounded down to at least one pixel; above 0, at most 1.
        aupimo_limits: gives AUPIMO between these two false-positive rates, rising within 0 and 1; images
            with defects then need names.
    """

    def __init__(
        self,
        aupro_limit: float = 0.3,
        *,
        saturation: float | None = None,
        aupimo_limits: tuple[float, float] | None = None,
    ) -> None:
        check_limit(aupro_limit, "AUPRO")
        check_saturation(saturation)
        self.aupro_limit = aupro_limit
        self.saturation = saturation
        self.aupimo_limits = aupimo_limits
        self._named = NamedImages(aupimo_limits) if aupimo_limits else None
        self._n_images = 0
        self._defects: list[Defects] = []
        self._bags = Bags()

    def update(
        self,
        scores: npt.ArrayLike,
        mask: npt.NDArray[np.bool_],
        *,
        name: str | None = None,
        anomalous: bool | None = None,
        counted: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous.
            mask: (H, W), bool, True on defects. A map is resized to its mask, never a mask to its map.
            name: of the image, such as its path: for the message of an error, and for AUPIMO.
            anomalous: the image's label; None where the mask tells it. AUPIMO counts false alarms on normal
                images alone, so that an anomalous image whose mask is empty is none of them. All its pixels
                are negatives to the other metrics.
            counted: (H, W), bool, the pixels that count; the others are neither positive nor negative, and
                regions are cut at their border. None counts all.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the shapes differ, the mask is not bool, a normal image's mask is not empty, no pixel
                counts, or AUPIMO is asked for and an image with defects has no name or that of another.
        """
        checked = as_scores(scores, name)
        check_mask(checked, mask)
        check_counted(mask, counted)
        if counted is not None:
            mask = mask & counted
        kept = checked if counted is None else checked[counted]
        defective = bool(mask.any())
        check_label(name, anomalous=anomalous, defective=defective)
        if defective:
            self._add_defects(checked, mask, kept, name)
        else:
            self._add_clean(kept, normal=not anomalous)
        self._n_images += 1

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits or saturations differ, or AUPIMO is asked for and both have an image
                with defects of one name.
        """
        for name in ("aupro_limit", "saturation", "aupimo_limits"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise ValueError(f"accumulators differ in {name}: {ours} and {theirs}")
        if self._named and other._named:
            self._named.merge(other._named)
        self._n_images += other._n_images
        self._defects.extend(other._defects)
        self._bags.merge(other._bags)

    def result(self) -> PixelMetrics:
        """Return the metrics of all images so far; more may follow."""
        scores = np.concatenate([np.empty(0, np.float32), *(image.scores for image in self._defects)])
        thresholds, positives = distinct(scores)
        counts = count(thresholds, self._bags.runs())
        ranking = rank(thresholds, positives, counts.values(), "_pixels")
        return PixelMetrics(
            pixel_auroc=area_under_roc(ranking),
            pixel_average_precision=step_precision(ranking),
            pixel_f1_max=best_f1(ranking),
            aupro=area_under_overlap(self._defects, ranking, self.aupro_limit),
            aupro_limit=self.aupro_limit,
            n_images=self._n_images,
            n_regions=sum(len(image.areas) for image in self._defects),
            n_positive_pixels=ranking.n_positives,
            n_negative_pixels=ranking.n_negatives,
            au_spro=self._saturated(ranking),
            saturation=self.saturation,
            aupimo=self._named.measure(thresholds, counts) if self._named else None,
        )

    def _add_defects(
        self, scores: Scores, mask: npt.NDArray[np.bool_], kept: Scores, name: str | None
    ) -> None:
        defects = find_defects(scores, mask)
        if self._named:
            self._named.check_free(name)
        self._bags.add(kept, REST)
        self._defects.append(defects)
        if self._named and name is not None:
            self._named.add_defects(name, defects.scores)

    def _add_clean(self, scores: Scores, *, normal: bool) -> None:
        self._bags.add(scores, scores.size if self._named and normal else REST)
        if self._named and normal:
            self._named.add_normal()

    def _saturated(self, ranking: Ranking) -> MetricValue | None:
        if self.saturation is None:
            return None
        sufficient = [saturate(image.areas, self.saturation) for image in self._defects]
        return area_under_overlap(self._defects, ranking, self.aupro_limit, sufficient)

"""Keep what is wanted of a scored image: files of map, mask and overlay; run lengths, regions in its line."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import write_bytes
from pyimgano_core.contracts.prediction import StoredArray
from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_image
from pyimgano_core.regions import defect_regions, flag_pixels
from pyimgano_infer._encode import encode_map, encode_mask
from pyimgano_infer._output import writing
from pyimgano_infer._overlay import draw, encode, suffix_for
from pyimgano_infer._products import file_name
from pyimgano_infer._run_lengths import encode_run_lengths

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.prediction import Prediction, RunLengths
    from pyimgano_core.contracts.region import Region
    from pyimgano_core.scoring.files import ScoredImage
    from pyimgano_infer._predict import Model
    from pyimgano_infer._products import Outputs


def add_products(
    line: Prediction, path: ImageFile, scored: ScoredImage, model: Model, outputs: Outputs
) -> Prediction:
    """Return an image's line with what is kept of it, its files written.

    Mask, run lengths, regions and the overlay's outline tell the same pixels: those of the region of interest
    at or above the pixel threshold, in 8-connected regions of at least the minimum area. Without a pixel
    threshold there are none of them.

    Args:
        line: with its label, without products.
        path: of the image.
        scored: the image.
        model: what scored it.
        outputs: what is to be kept.

    Raises:
        ImageError: the image's file vanished or changed since it was scored.
        MachineError: a file can't be written, or a package is missing.
    """
    image = _Image(line, path, scored, model, outputs)
    folders = (outputs.overlays, outputs.maps, outputs.masks)
    overlays, maps, masks = folders if outputs.keeps(line.label) else (None, None, None)
    return evolve(
        line,
        # The overlay comes first, for it alone can fail.
        overlay=None if overlays is None else image.save_overlay(overlays),
        anomaly_map=None if maps is None else image.save_map(maps),
        mask=None if masks is None else image.save_mask(masks),
        mask_rle=image.run_lengths() if outputs.rle else None,
        regions=image.regions() if outputs.regions else None,
    )


class _Image:
    """A scored image on its way to its products."""

    def __init__(
        self, line: Prediction, path: ImageFile, scored: ScoredImage, model: Model, outputs: Outputs
    ) -> None:
        self.line = line
        self.path = path
        self.scored = scored
        self.model = model
        self.outputs = outputs

    @cached_property
    def flagged(self) -> NDArray[np.bool_] | None:
        """The pixels (H, W) that the pixel threshold flags; None without one."""
        threshold = self.model.pixel_threshold
        if threshold is None:
            return None
        return flag_pixels(self.scored.anomaly_map, threshold, self.model.minimum_area, self.scored.inside)

    def save_overlay(self, folder: Path) -> str:
        """Keep the picture; its name tells the verdict and the score, `000012_part_review_2.31.jpg`."""
        pixels = read_image(self.path, sixteen_bit_range=self.model.preprocessing.sixteen_bit_range)
        if pixels.shape[:2] != self.scored.size:
            raise ImageError("changed", self.path, "changed while it was read; score it again")
        label = self.line.label
        picture = draw(
            pixels,
            self.scored.anomaly_map,
            self.model.pixel_threshold,
            self.flagged,
            for_review=label == "review",
        )
        told = "" if label is None else f"_{label}"
        suffix = suffix_for(self.scored.size)
        return self._save(folder, f"{told}_{self.scored.score:.4g}{suffix}", encode(picture, suffix))

    def save_map(self, folder: Path) -> StoredArray:
        wanted = self.outputs
        values = self.scored.anomaly_map if wanted.map_size == "image" else self.scored.working_map
        encoded = encode_map(values, wanted.map_format)
        return StoredArray(
            path=self._save(folder, f".{wanted.map_format}", encoded.content),
            shape=tuple(values.shape),
            dtype=encoded.dtype,
            scale=encoded.scale,
            offset=encoded.offset,
        )

    def save_mask(self, folder: Path) -> str | None:
        return None if self.flagged is None else self._save(folder, "_mask.png", encode_mask(self.flagged))

    def run_lengths(self) -> RunLengths | None:
        return None if self.flagged is None else encode_run_lengths(self.flagged)

    def regions(self) -> tuple[Region, ...] | None:
        threshold, area = self.model.pixel_threshold, self.model.minimum_area
        if threshold is None:
            return None
        return defect_regions(self.scored.anomaly_map, threshold, area, self.scored.inside)

    def _save(self, folder: Path, suffix: str, content: bytes) -> str:
        """Write a file under the image's name and return its path as it stands in the line."""
        file = folder / file_name(self.line.index, self.path, suffix)
        with writing(file):
            write_bytes(file, content)
        return self.outputs.relative(file)

"""One input to one prediction, with the files that go with it; a fault of an input stays in its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.artifacts import atomic_writer
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.prediction import Failure, Prediction, StoredArray
from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_image
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring.files import ScoredImage, score_file
from pyimgano_core.thresholds import verdict
from pyimgano_infer._inputs import Input
from pyimgano_infer._output import writing

if TYPE_CHECKING:
    from pyimgano_core.contracts.prediction import Label
    from pyimgano_core.contracts.region import Region

_STEM_CHARACTERS = 60


@define(frozen=True, kw_only=True, eq=False)
class Model:
    """One category's scorer, ready for images of any size.

    An image whose score is at or above `threshold` is anomalous; without one there is no verdict. Scores from
    `review_threshold` up to below it are for a person to decide; without one there is no such band.
    `interest` is the region of interest, (h, w), None for the whole image: what lies outside can't change the
    score. `pixel_threshold` is on the scale of the anomaly map; regions of fewer than `minimum_area` image
    pixels at or above it do not count.
    """

    category: str
    scorer: OnnxScorer
    preprocessing: Preprocessing
    interest: NDArray[np.bool_] | None
    threshold: float | None
    review_threshold: float | None
    pixel_threshold: float | None
    minimum_area: int

    def predict(self, path: Path | str) -> Prediction:
        """Return the prediction for one image file; a bad file gives an `error`, never an exception."""
        job = Job(index=0, item=Input(text=str(path), path=Path(path)), category=self.category, model=self)
        return predict(job, outputs=Outputs())


@define(frozen=True, kw_only=True)
class Outputs:
    """What is kept beside the lines; paths in lines are relative to `folder`, the lines' own folder."""

    folder: Path = Path()
    maps: Path | None = None
    overlays: Path | None = None
    regions: bool = False


@define(frozen=True, kw_only=True)
class Job:
    """An input with its place in the output and the model that is to score it.

    Either `model` or `failure` is given.
    """

    index: int
    item: Input
    category: str
    model: Model | None = None
    failure: Failure | None = None


def predict(job: Job, *, outputs: Outputs) -> Prediction:
    """Return the prediction of one input; only a broken machine raises."""
    if job.model is None:
        return _line(job, error=job.failure)
    result = score_file(
        job.item.path,
        scorer=job.model.scorer,
        preprocessing=job.model.preprocessing,
        interest=job.model.interest,
    )
    if isinstance(result, Failure):
        return _line(job, error=result)
    label = verdict(result.score, job.model.threshold, job.model.review_threshold)
    try:
        overlay = _save_overlay(job, job.model, result, label, outputs)
    except ImageError as exc:  # the file vanished or changed since it was scored
        return _line(job, error=Failure(code=exc.code, message=str(exc)))
    return _line(
        job,
        score=result.score,
        label=label,
        image_size=result.size,
        anomaly_map=_save_map(job, result.anomaly_map, outputs),
        overlay=overlay,
        regions=_regions(result.anomaly_map, job.model) if outputs.regions else None,
    )


def _line(job: Job, *, error: Failure | None = None, **result: Any) -> Prediction:
    record = job.item.record
    return Prediction(
        index=job.index,
        status="ok" if error is None else "error",
        input=job.item.text,
        category=job.category,
        threshold=None if job.model is None else job.model.threshold,
        review_threshold=None if job.model is None else job.model.review_threshold,
        y_true=record.label if record is not None and record.labelled else None,
        defect=None if record is None else record.defect,
        group_id=None if record is None else record.group_id,
        meta=None if record is None else record.meta or None,
        error=error,
        **result,
    )


def _regions(anomaly_map: NDArray[np.float32], model: Model) -> tuple[Region, ...] | None:
    from pyimgano_core.regions import defect_regions  # noqa: PLC0415 - needs the extra `regions`

    if model.pixel_threshold is None:
        return None
    return defect_regions(anomaly_map, model.pixel_threshold, model.minimum_area)


def _save_map(job: Job, anomaly_map: NDArray[np.float32], outputs: Outputs) -> StoredArray | None:
    if outputs.maps is None:
        return None
    path = outputs.maps / file_name(job, ".npy")
    with writing(path), atomic_writer(path) as stream:
        np.save(stream, anomaly_map, allow_pickle=False)
    shape = tuple(anomaly_map.shape)
    return StoredArray(path=_relative(path, outputs), shape=shape, dtype=str(anomaly_map.dtype))


def _save_overlay(
    job: Job, model: Model, result: ScoredImage, label: Label | None, outputs: Outputs
) -> str | None:
    """Keep the picture; its name tells the verdict and the score, `000012_part_review_2.31.jpg`."""
    if outputs.overlays is None:
        return None
    from pyimgano_infer._overlay import draw, encode, suffix_for  # noqa: PLC0415 - only where it is asked for

    image = read_image(job.item.path, sixteen_bit_range=model.preprocessing.sixteen_bit_range)  # (H, W, 3)
    if image.shape[:2] != result.size:
        raise ImageError("changed", job.item.path, "changed while it was read; score it again")
    told = "" if label is None else f"_{label}"
    path = outputs.overlays / file_name(job, f"{told}_{result.score:.4g}{suffix_for(result.size)}")
    picture = draw(
        image,
        result.anomaly_map,
        model.pixel_threshold,
        model.minimum_area,
        for_review=label == "review",
    )
    with writing(path), atomic_writer(path) as stream:
        encode(picture, stream, path.suffix)
    return _relative(path, outputs)


def file_name(job: Job, suffix: str) -> str:
    """Return a name that no two inputs share and that is safe on every file system: `000012_part.npy`."""
    stem = job.item.path.stem[:_STEM_CHARACTERS]
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in stem)
    return f"{job.index:06d}_{safe}{suffix}"


def _relative(path: Path, outputs: Outputs) -> str:
    return Path(os.path.relpath(path, outputs.folder)).as_posix()

"""A process that scores images as a deployed one does, and measures itself."""

from __future__ import annotations

import time
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_bench.cost._process import peak_bytes, reply
from pyimgano_core.contracts.image_file import image_file
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import DataError
from pyimgano_core.images import decode_interest, read_image
from pyimgano_core.scoring import Scorer, open_scorer
from pyimgano_core.scoring.files import score_file
from pyimgano_core.scoring.inputs import prepare_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.image_file import ImageFile

_WARM_UP = 5  # images
_FEWEST_BATCHES = 5


@define(frozen=True, kw_only=True)
class ScoreRequest:
    """Score `images`, over and over, until `count` were timed; `region` is a mask's file."""

    model: str
    preprocessing: Preprocessing
    region: str | None
    images: tuple[str, ...]
    count: int
    batch: int
    threads: int


@define(frozen=True, kw_only=True)
class Percentiles:
    """Of seconds: the median, and what 95 % and 99 % stay within."""

    p50: float
    p95: float
    p99: float


@define(frozen=True, kw_only=True)
class ScoreAnswer:
    """What scoring took. `first_score_at` is a time of the machine's monotonic clock.

    `cpu_seconds` are those of an image, the mean.
    """

    first_score_at: float
    latency: Percentiles
    preparation: Percentiles
    cpu_seconds: float
    batch: Percentiles | None
    images_per_second: float
    peak_bytes: int | None


@define(frozen=True, kw_only=True)
class _Timed:
    """Seconds of a decoded image: of preparing it, of all, and of all on the processor."""

    preparation: float
    latency: float
    cpu: float


@define(frozen=True, kw_only=True, eq=False)
class _Deployed:
    """A graph and what stands before it."""

    scorer: Scorer
    preprocessing: Preprocessing
    interest: NDArray[np.bool_] | None

    def score(self, path: ImageFile) -> None:
        """Score a file.

        Raises:
            DataError: it can't be scored.
        """
        result = score_file(
            path, scorer=self.scorer, preprocessing=self.preprocessing, interest=self.interest
        )
        if isinstance(result, Failure):
            raise DataError(result.message)


def score(request: ScoreRequest) -> ScoreAnswer:
    """Score one file, from a cold start; then time decoded images, batches of them, and files in a row."""
    paths = [image_file(path) for path in request.images]
    deployed = _open(request)
    deployed.score(paths[0])
    first_score_at = time.monotonic()
    for path in islice(cycle(paths), _WARM_UP):
        deployed.score(path)
    timed = [_time_image(path, deployed) for path in islice(cycle(paths), request.count)]
    peak = peak_bytes()
    batches = None
    if request.preprocessing.tiling is None:
        runs = max(_FEWEST_BATCHES, request.count // request.batch)
        batches = _percentiles(list(_time_batches(paths, request.batch, runs, deployed)))
    return ScoreAnswer(
        first_score_at=first_score_at,
        latency=_percentiles([image.latency for image in timed]),
        preparation=_percentiles([image.preparation for image in timed]),
        cpu_seconds=fmean(image.cpu for image in timed),
        batch=batches,
        images_per_second=_throughput(paths, request, deployed),
        peak_bytes=peak,
    )


def _open(request: ScoreRequest) -> _Deployed:
    scorer = open_scorer(Path(request.model))
    interest = None
    if request.region is not None:
        path = Path(request.region)
        interest = decode_interest(path.read_bytes(), path)
    return _Deployed(scorer=scorer, preprocessing=request.preprocessing, interest=interest)


def _time_image(path: ImageFile, deployed: _Deployed) -> _Timed:
    """Do with a decoded image all that `score_pixels` does."""
    pixels = _pixels(path, deployed)
    processor, started = time.process_time(), time.perf_counter()
    image = prepare_pixels(pixels, deployed.preprocessing, deployed.interest, name=path)
    prepared = time.perf_counter()
    answer = image.score(deployed.scorer)
    image.enlarge(answer.anomaly_map)
    image.lower(answer.anomaly_map)
    image.statistics()
    ended = time.perf_counter()
    return _Timed(
        preparation=prepared - started,
        latency=ended - started,
        cpu=time.process_time() - processor,
    )


def _time_batches(paths: Sequence[ImageFile], size: int, runs: int, deployed: _Deployed) -> Iterator[float]:
    """Yield the seconds of each batch of decoded images, after one that is not timed."""
    decoded = [(path, _pixels(path, deployed)) for path in islice(cycle(paths), size)]
    for number in range(runs + 1):
        started = time.perf_counter()
        images = [
            prepare_pixels(pixels, deployed.preprocessing, deployed.interest, name=path)
            for path, pixels in decoded
        ]
        deployed.scorer.run(np.stack([image.pixels for image in images]))  # (N, H, W, 3)
        if number:
            yield time.perf_counter() - started


def _pixels(path: ImageFile, deployed: _Deployed) -> NDArray[np.uint8]:
    return read_image(path, sixteen_bit_range=deployed.preprocessing.sixteen_bit_range)


def _throughput(paths: Sequence[ImageFile], request: ScoreRequest, deployed: _Deployed) -> float:
    """Return how many files a second are scored on all threads."""
    files = islice(cycle(paths), request.count)
    started = time.perf_counter()
    for _ in map_ordered(partial(_Deployed.score, deployed), files, workers=request.threads):
        pass
    return request.count / (time.perf_counter() - started)


def _percentiles(seconds: Sequence[float]) -> Percentiles:
    p50, p95, p99 = np.percentile(seconds, [50, 95, 99]).tolist()
    return Percentiles(p50=p50, p95=p95, p99=p99)


if __name__ == "__main__":
    reply(score, ScoreRequest)

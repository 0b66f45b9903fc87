"""What the processes of one case have said so far, and the row that comes of it."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_bench.cost._cases import Case
from pyimgano_bench.cost._contract import CostRow, Spread
from pyimgano_bench.cost._fit import FitAnswer
from pyimgano_bench.cost._process import StepError, ask
from pyimgano_bench.cost._score import ScoreAnswer
from pyimgano_core.errors import PyimganoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_bench.failures import ErrorSink

FIT = "pyimgano_bench.cost._fit"
SCORE = "pyimgano_bench.cost._score"


@define(kw_only=True)
class Tally:
    """A case and its answers, a round after the other; nothing more is asked once there is an `error`."""

    case: Case
    fits: list[FitAnswer] = field(factory=list)
    scores: list[ScoreAnswer] = field(factory=list)
    cold_starts: list[float] = field(factory=list)
    error: PyimganoError | None = field()

    @error.default
    def _of_the_case(self) -> PyimganoError | None:
        return self.case.error

    @property
    def place(self) -> str:
        """What is measured, in words."""
        return f"{self.case.detector} on {self.case.dataset}/{self.case.category}"

    def measure(self, threads: int, on_error: ErrorSink) -> None:
        """Fit, then score, each in a process of its own; a failure is told and ends the measurement."""
        if self.error is not None or self.case.fit is None or self.case.score is None:
            return
        step = "fit"
        try:
            self.fits.append(ask(FIT, self.case.fit, FitAnswer, threads=threads))
            step, started = "scoring", time.monotonic()
            answer = ask(SCORE, self.case.score, ScoreAnswer, threads=threads)
        except StepError as exc:
            self.error = StepError(f"{step}: {exc}", exc.code)
            on_error(self.place, self.error)
        else:
            self.cold_starts.append(answer.first_score_at - started)
            self.scores.append(answer)

    def row(self) -> CostRow:
        """Return the case's costs so far."""
        fits, scores, case = self.fits, self.scores, self.case
        batches = [answer.batch for answer in scores if answer.batch is not None]
        return CostRow(
            dataset=case.dataset,
            category=case.category,
            detector=case.detector,
            seed=case.seed,
            train_count=case.train_count,
            image_size=case.image_size,
            fit_seconds=spread(answer.seconds for answer in fits),
            fit_cpu_seconds=spread(answer.cpu_seconds for answer in fits),
            learning_seconds=spread(answer.learning_seconds for answer in fits),
            fit_peak_bytes=spread(answer.peak_bytes for answer in fits),
            fit_gpu_bytes=spread(answer.gpu_bytes for answer in fits),
            checkpoint_bytes=spread(answer.checkpoint_bytes for answer in fits),
            cold_start_seconds=spread(self.cold_starts),
            latency_p50_seconds=spread(answer.latency.p50 for answer in scores),
            latency_p95_seconds=spread(answer.latency.p95 for answer in scores),
            latency_p99_seconds=spread(answer.latency.p99 for answer in scores),
            image_cpu_seconds=spread(answer.cpu_seconds for answer in scores),
            preparation_p50_seconds=spread(answer.preparation.p50 for answer in scores),
            batch_p50_seconds=spread(batch.p50 for batch in batches),
            batch_p95_seconds=spread(batch.p95 for batch in batches),
            batch_p99_seconds=spread(batch.p99 for batch in batches),
            images_per_second=spread(answer.images_per_second for answer in scores),
            scoring_peak_bytes=spread(answer.peak_bytes for answer in scores),
            error=None if self.error is None else str(self.error),
        )


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return the spread of the values that there are, or None where there are none."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    return Spread(median=median(known), low=min(known), high=max(known), count=len(known))

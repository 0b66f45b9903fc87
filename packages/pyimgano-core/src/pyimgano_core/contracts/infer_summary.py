"""`summary.json` of `pyimgano-infer`: what became of all inputs of a run."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import define, field

from pyimgano_core.contracts.drift import DriftedQuantity
from pyimgano_core.contracts.infer_config import Runtime

ThresholdSource = Literal["config", "override"]  # an override is from the command line


@define(frozen=True, kw_only=True)
class PartCounts:
    """How many parts there are by their verdict, and what belongs to none.

    `n_parts` is `n_normal`, `n_review`, `n_anomalous` and `n_without_verdict` together. Of the
    `n_lines_without_part`, `n_failed_without_part` are inputs that failed: parts may lack a view.
    """

    n_parts: int
    n_normal: int
    n_review: int
    n_anomalous: int
    n_without_verdict: int
    n_lines_without_part: int
    n_failed_without_part: int


@define(frozen=True, kw_only=True)
class InferSummary:
    """What became of all inputs: `n_inputs` is `n_ok` and `n_failed` together.

    `n_ok` is `n_normal`, `n_review`, `n_anomalous` and `n_unlabelled` (no threshold) together. `errors`
    counts failures by code; `notices` counts what is no failure and should be known. `thresholds` holds a
    threshold for each category with a score, and `review_thresholds` one for each that has a review band.
    `n_resumed` of the lines were there before this command ran: an interrupted one left them, or other jobs
    wrote them; `images_per_second` is about the others. `device` is what was asked for, and `runtimes` are
    all that gave scores. `drift` compares each category and quantity of the run with the calibration normals,
    where the config tells what these looked like. `parts` counts the verdicts on parts, where they were asked
    for.
    """

    KIND: ClassVar[str] = "pyimgano.infer_summary"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.infer_summary"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    infer_config: str
    output: str | None = None
    n_inputs: int
    n_ok: int
    n_failed: int
    n_normal: int
    n_anomalous: int
    n_unlabelled: int
    errors: dict[str, int] = field(factory=dict)
    notices: dict[str, int] = field(factory=dict)
    thresholds: dict[str, float | None] = field(factory=dict)
    threshold_source: ThresholdSource = "config"
    seconds: float
    images_per_second: float
    n_review: int = 0
    review_thresholds: dict[str, float] = field(factory=dict)
    review_threshold_source: ThresholdSource = "config"
    n_resumed: int = 0
    device: str = "cpu"
    runtimes: tuple[Runtime, ...] = ()
    drift: tuple[DriftedQuantity, ...] = ()
    parts: PartCounts | None = None

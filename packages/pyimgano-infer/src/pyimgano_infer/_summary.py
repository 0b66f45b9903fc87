"""What became of a run: a reduction over its lines alone, so that neither engine nor resume changes it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.contracts.infer_summary import InferSummary, PartCounts, ThresholdSource
from pyimgano_core.drift import DriftWatch, in_words, quantities_of
from pyimgano_core.words import agree, number_of
from pyimgano_infer import __version__
from pyimgano_infer._output import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyimgano_core.contracts.drift import ReferenceSample
    from pyimgano_core.contracts.prediction import Prediction

_SEVERAL_FRAMES = "files hold several frames, of which the first alone is scored"
_AFTER_DRIFT = (
    "try next: look at light, lens and camera; where the line is to stay as it is now, --calibrate sets the "
    "thresholds anew on good images of it (calibration on site)"
)


@define(frozen=True, kw_only=True)
class RunFacts:
    """What a summary tells beside its counts; `n_scored` of the lines are this command's own."""

    infer_config: str
    output: str | None
    threshold_source: ThresholdSource
    review_threshold_source: ThresholdSource
    device: str
    runtimes: tuple[Runtime, ...]
    notices: dict[str, int]
    parts: PartCounts | None
    n_scored: int
    seconds: float


def source_of(override: float | None) -> ThresholdSource:
    """Return where a threshold is from, whose override is None where there is none."""
    return "config" if override is None else "override"


class Tally:
    """Counts predictions as they pass.

    Args:
        references: what the calibration normals looked like, by category and quantity.
    """

    def __init__(self, references: Mapping[str, Mapping[str, ReferenceSample]] | None = None) -> None:
        self._labels: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._notices: Counter[str] = Counter()
        self._thresholds: dict[str, float | None] = {}
        self._review_thresholds: dict[str, float] = {}
        self._watches = {name: DriftWatch(name, reference) for name, reference in (references or {}).items()}

    def add(self, prediction: Prediction) -> None:
        """Count one line."""
        if prediction.error is not None:
            self._errors[prediction.error.code] += 1
            return
        self._labels[prediction.label or "unlabelled"] += 1
        if prediction.several_frames:
            self._notices[_SEVERAL_FRAMES] += 1
        self._thresholds[prediction.category] = prediction.threshold
        if prediction.review_threshold is not None:
            self._review_thresholds[prediction.category] = prediction.review_threshold
        if prediction.score is not None and prediction.category in self._watches:
            found = quantities_of(prediction.score, prediction.statistics, prediction.image_size)
            self._watches[prediction.category].add(found)

    def summarize(self, facts: RunFacts) -> InferSummary:
        """Return the summary of all lines that were added."""
        ok, failed = self._labels.total(), self._errors.total()
        return InferSummary(
            pyimgano_version=__version__,
            infer_config=facts.infer_config,
            output=facts.output,
            n_inputs=ok + failed,
            n_ok=ok,
            n_failed=failed,
            n_normal=self._labels["normal"],
            n_anomalous=self._labels["anomalous"],
            n_unlabelled=self._labels["unlabelled"],
            errors=dict(self._errors.most_common()),
            notices={**facts.notices, **self._notices},
            thresholds=self._thresholds,
            threshold_source=facts.threshold_source,
            seconds=round(facts.seconds, 3),
            images_per_second=round(facts.n_scored / max(facts.seconds, 1e-9), 1),
            n_review=self._labels["review"],
            review_thresholds=self._review_thresholds,
            review_threshold_source=facts.review_threshold_source,
            n_resumed=ok + failed - facts.n_scored,
            device=facts.device,
            runtimes=facts.runtimes,
            drift=tuple(each for watch in self._watches.values() for each in watch.compare()),
            parts=facts.parts,
        )


def describe(summary: InferSummary) -> str:
    """Return the summary for people, one fact a line."""
    verdicts = [(summary.n_normal, "normal"), (summary.n_anomalous, "anomalous")]
    if summary.review_thresholds:
        verdicts.insert(1, (summary.n_review, "to review"))
    if summary.n_unlabelled:
        verdicts.append((summary.n_unlabelled, "without a verdict"))
    lines = [f"note: {text} ({count}x)" for text, count in summary.notices.items()]
    if drifted := [f"note: {text}" for text in in_words(summary.drift)]:
        lines += [*drifted, _AFTER_DRIFT]
    lines.append(
        f"{number_of(summary.n_inputs, 'input')}: {_listed(verdicts)}, "
        f"{summary.n_failed} failed; "
        f"{summary.seconds:.1f} s, {summary.images_per_second:.1f} images/s"
    )
    if summary.n_resumed:
        lines.append(f"{summary.n_resumed} of them {agree(summary.n_resumed, 'was', 'were')} there already")
    if summary.errors:
        failed = _listed((count, code) for code, count in summary.errors.items())
        lines.append(f'failed: {failed} (see the lines with "status": "error")')
    if summary.parts is not None:
        lines.append(_parts(summary.parts))
    if summary.output is not None:
        lines.append(f"results: {summary.output}")
    return "\n".join(map(shown, lines))


def _parts(parts: PartCounts) -> str:
    verdicts = [
        (parts.n_normal, "normal"),
        (parts.n_review, "to review"),
        (parts.n_anomalous, "anomalous"),
        (parts.n_without_verdict, "without a verdict"),
    ]
    text = f"{number_of(parts.n_parts, 'part')}: {_listed(verdicts)}"
    if parts.n_lines_without_part:
        text += f"; {number_of(parts.n_lines_without_part, 'input')} of none"
    if parts.n_failed_without_part:
        text += f", {parts.n_failed_without_part} of them failed: parts may lack a view"
    return text


def _listed(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} {what}" for count, what in counts)

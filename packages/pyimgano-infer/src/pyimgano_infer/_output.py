"""Where results go: one line per input as it is finished, and at the end a summary whose counts add up."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal

import click
from attrs import define, field

from pyimgano_core.artifacts import to_json
from pyimgano_core.cli.app import write_stdout
from pyimgano_core.errors import MachineError, UsageError
from pyimgano_infer import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pyimgano_core.contracts.prediction import Prediction


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system says while `path` is written into one clear line.

    Raises:
        MachineError: the file can't be written.
    """
    try:
        yield
    except OSError as exc:
        raise MachineError(f"{path}: can't be written: {exc.strerror or exc}") from exc


@contextmanager
def open_lines(path: Path | None) -> Iterator[Callable[[Prediction], None]]:
    """Give a function that writes a prediction as one JSON line to `path`, or to stdout.

    The file is `path` with `.partial` behind it until all is written; where the block is left early it keeps
    that name and what was finished.

    Raises:
        MachineError: the file can't be written.
        UsageError: `path` is there and is no file.
    """
    if path is None:
        yield lambda prediction: write_stdout(to_json(prediction) + "\n")
        return
    with writing(path):
        taken = path.exists() and not path.is_file()
    if taken:
        raise UsageError(f"--output {str(path)!r}: is no file; leave --output out to write to stdout")
    partial = path.with_name(path.name + ".partial")
    with writing(partial):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = partial.open("wb")

    def write(prediction: Prediction) -> None:
        with writing(partial):
            stream.write(to_json(prediction).encode("utf-8", "backslashreplace") + b"\n")
            stream.flush()

    whole = False
    try:
        with stream:
            yield write
        whole = True
    finally:
        if not whole:
            click.echo(f"unfinished results: {shown(partial)}", err=True)
    with writing(path):
        partial.replace(path)


ThresholdSource = Literal["config", "override"]  # an override is from the command line


@define(frozen=True, kw_only=True)
class Summary:
    """What became of all inputs: `n_inputs` is `n_ok` and `n_failed` together.

    `n_ok` is `n_normal`, `n_review`, `n_anomalous` and `n_unlabelled` (no threshold) together. `errors`
    counts failures by code; `notices` counts what is no failure and should be known. `thresholds` holds a
    threshold for each category that was loaded, and `review_thresholds` one for each that has a review band.
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


class Tally:
    """Counts predictions as they pass."""

    def __init__(self) -> None:
        self._labels: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._thresholds: dict[str, float | None] = {}
        self._review_thresholds: dict[str, float] = {}

    def add(self, prediction: Prediction) -> None:
        """Count one line."""
        if prediction.error is not None:
            self._errors[prediction.error.code] += 1
            return
        self._labels[prediction.label or "unlabelled"] += 1
        self._thresholds[prediction.category] = prediction.threshold
        if prediction.review_threshold is not None:
            self._review_thresholds[prediction.category] = prediction.review_threshold

    def summarize(
        self,
        *,
        seconds: float,
        infer_config: str,
        output: str | None,
        threshold_source: ThresholdSource,
        review_threshold_source: ThresholdSource,
        notices: dict[str, int],
    ) -> Summary:
        """Return the summary of all lines that were added."""
        ok, failed = self._labels.total(), self._errors.total()
        return Summary(
            pyimgano_version=__version__,
            infer_config=infer_config,
            output=output,
            n_inputs=ok + failed,
            n_ok=ok,
            n_failed=failed,
            n_normal=self._labels["normal"],
            n_anomalous=self._labels["anomalous"],
            n_unlabelled=self._labels["unlabelled"],
            errors=dict(self._errors.most_common()),
            notices=notices,
            thresholds=self._thresholds,
            threshold_source=threshold_source,
            seconds=round(seconds, 3),
            images_per_second=round((ok + failed) / max(seconds, 1e-9), 1),
            n_review=self._labels["review"],
            review_thresholds=self._review_thresholds,
            review_threshold_source=review_threshold_source,
        )


def describe(summary: Summary) -> str:
    """Return the summary for people, one fact a line."""
    verdicts = [(summary.n_normal, "normal"), (summary.n_anomalous, "anomalous")]
    if summary.review_thresholds:
        verdicts.insert(1, (summary.n_review, "to review"))
    if summary.n_unlabelled:
        verdicts.append((summary.n_unlabelled, "without a verdict"))
    lines = [f"note: {text} ({count}x)" for text, count in summary.notices.items()]
    lines.append(
        f"{summary.n_inputs} {'input' if summary.n_inputs == 1 else 'inputs'}: {_listed(verdicts)}, "
        f"{summary.n_failed} failed; "
        f"{summary.seconds:.1f} s, {summary.images_per_second:.1f} images/s"
    )
    if summary.errors:
        lines.append("failed: " + _listed((count, code) for code, count in summary.errors.items()))
    if summary.output is not None:
        lines.append(f"results: {summary.output}")
    return shown("\n".join(lines))


def shown(text: Path | str) -> str:
    """Return text that any terminal can show: a file name's bytes that are no UTF-8 are escaped."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _listed(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} {what}" for count, what in counts)

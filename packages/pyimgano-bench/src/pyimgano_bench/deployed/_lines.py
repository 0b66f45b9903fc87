"""Where a category's lines come from: the artifact makes them now, or an earlier run left them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import define

from pyimgano_bench.deployed._infer import LINES, PROGRAM, run_infer
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.predictions import read_predictions

if TYPE_CHECKING:
    from pyimgano_bench.deployed._artifact import Artifact
    from pyimgano_core.preparation import PreparedCategory

_SHOWN = 3


@define(frozen=True, kw_only=True)
class Lines:
    """A file of lines, what a reader must know of them, and the summary of the command that made them."""

    path: Path
    remark: str | None = None
    summary: InferSummary | None = None


class LineSource(Protocol):
    """Gives the lines of one category after another."""

    def __call__(self, artifact: Artifact, category: PreparedCategory, folder: Path) -> Lines:
        """Return the lines of the test images of a category; `folder` is empty, and removed afterwards."""
        ...


@define(frozen=True, kw_only=True)
class Running:
    """Runs the artifact with the command `program` on `device`."""

    program: Path
    device: str

    def __call__(self, artifact: Artifact, category: PreparedCategory, folder: Path) -> Lines:
        """Score the test images; maps are kept where pixels count.

        Raises:
            PyimganoError: the command failed.
        """
        with_maps = category.gate.enabled
        summary = run_infer(
            self.program,
            artifact.path,
            category.split.category,
            [sample.image_file for sample in category.split.test],
            folder,
            device=self.device,
            with_maps=with_maps,
        )
        return Lines(path=folder / LINES, remark=_cost(summary, with_maps=with_maps), summary=summary)


@define(frozen=True, kw_only=True)
class Reading:
    """Reads the lines of an earlier run of the command, those of several categories and other images too."""

    path: Path

    def __call__(self, artifact: Artifact, category: PreparedCategory, folder: Path) -> Lines:  # noqa: ARG002 - as its protocol has it
        """Look whether the lines may be the artifact's.

        Raises:
            DataError: no line can be used.
        """
        name = category.split.category
        return Lines(path=self.path, remark=_other_threshold(self.path, artifact, name))


def _cost(summary: InferSummary, *, with_maps: bool) -> str:
    each = 1000 * summary.seconds / max(summary.n_inputs, 1)
    what = "loading the model and writing maps" if with_maps else "loading the model"
    return (
        f"{PROGRAM} took {each:.1f} ms an image in one process on {summary.device}: {summary.n_inputs} "
        f"in {summary.seconds:.1f} s, {what} included"
    )


def _other_threshold(path: Path, artifact: Artifact, category: str) -> str | None:
    """Return a remark where lines tell another threshold than the config: they may be another model's."""
    own = artifact.model(category).threshold.value
    lines = [line for line in read_predictions(path).lines if line.category in {None, category}]
    others = sorted({line.threshold for line in lines if line.threshold is not None} - {own})
    if not others:
        return None
    shown = ", ".join(f"{value:g}" for value in others[:_SHOWN])
    return f"the lines were judged at {shown} and are measured at the config's {own:g}: are they its own?"

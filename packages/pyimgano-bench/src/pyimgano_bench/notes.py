"""What a reader must know beside the numbers, a line each: why one is missing, what one does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.rows import IMAGE_METRICS, PIXEL_METRICS
from pyimgano_core.words import (
    REVIEW_LEGEND,
    agree,
    deciding_in_words,
    gather,
    groups_in_words,
    images_in_words,
    metric_name,
    number_of,
    reason_in_words,
    result_remarks,
    threshold_caveats,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_bench.cell import BenchCell
    from pyimgano_bench.results import BenchResults, DetectorMeans
    from pyimgano_core.contracts.report import CategoryReport

_FIT_SECONDS = "fit s: without the export of the graph; the first of a process includes loading its framework"
_SOURCES = {**IMAGE_METRICS, **PIXEL_METRICS}


def make_notes(cells: Iterable[BenchCell]) -> tuple[str, ...]:
    """Return the notes of a benchmark; one that holds for several cells names them together."""
    cells = tuple(cells)
    has_band = any(cell.report is not None and cell.report.results.review is not None for cell in cells)
    told = gather(pair for cell in cells for pair in _told(cell))
    is_fitted = any("fit" in cell.seconds for cell in cells)
    return (*told, *([REVIEW_LEGEND] if has_band else []), *([_FIT_SECONDS] if is_fitted else []))


def trial_in_words(limit: int) -> str:
    """Say that a benchmark was none."""
    images, were = number_of(limit, "test image"), agree(limit, "was", "were")
    return f"TRIAL: at most {images} of a category {were} used; these numbers are no results"


def kept_in_words(reused: int, count: int) -> str:
    """Say how many of the cells an earlier run left."""
    return f"{reused} of {number_of(count, 'cell')} {agree(reused, 'was', 'were')} there before"


def means_remarks(results: BenchResults) -> list[str]:
    """Return what must be known of the means: what is left out, and what their intervals do not hold."""
    told = [pair for means in results.means for pair in _told_of_means(means)]
    return gather(dict.fromkeys(told))


def _told_of_means(means: DetectorMeans) -> Iterator[tuple[str, str]]:
    """Yield where and what."""
    left_out: dict[tuple[str, ...], list[str]] = {}
    for metric, mean in means.means.items():
        if mean.categories and mean.missing:
            left_out.setdefault(mean.missing, []).append(metric_name(_SOURCES[metric]))
    for missing, metrics in left_out.items():
        share = f"{means.category_count - len(missing)} of {means.category_count} categories"
        why = f"without {', '.join(missing)}: not every detector has a value there under every seed"
        yield means.dataset, f"means of {', '.join(metrics)} are over {share}, {why}"
    auroc = means.means["image_auroc"]
    if auroc.value is not None and len(means.seeds) == 1:
        yield means.dataset, "one seed: the intervals of the means hold no chance of a fit"
    if auroc.unbounded:
        names = ", ".join(auroc.unbounded)
        why = (
            "a category whose AUROC has no interval, such as a perfect one, adds nothing to that of the mean"
        )
        yield f"{means.dataset} {means.detector}", f"{why}: {names}"


def _told(cell: BenchCell) -> Iterator[tuple[str, str]]:
    """Yield where and what."""
    category = f"{cell.dataset}/{cell.category}"
    place = f"{category} {cell.detector} seed {cell.seed}"
    if cell.report is not None:
        yield from ((category, text) for text in _of_cell(cell, cell.report))
        if cell.report.deciding_image is not None:
            yield place, deciding_in_words(cell.report.deciding_image)
        return
    reason = cell.error.message if cell.error is not None else "no result"
    yield place, f"failed: {_one_line(reason)}"


def _of_cell(cell: BenchCell, report: CategoryReport) -> Iterator[str]:
    results, gate = report.results, report.pixel_metrics_status
    if results.pixel_metrics is None:
        yield f"no pixel metrics: {gate.message or reason_in_words(gate.reason)}"
    elif gate.subset != "all":
        yield f"pixel metrics are over a subset: {gate.message}"
    yield from result_remarks(results)
    if cell.group_count is not None:
        yield groups_in_words(cell.group_count)
    yield from threshold_caveats(report.threshold, report.pixel_threshold, report.review_threshold)
    if report.failures:
        first = report.failures[0].error.message
        yield f"{images_in_words(len(report.failures))} could not be used, the first: {_one_line(first)}"


def folder_notes(others: int, replaced: int) -> tuple[str, ...]:
    """Return what became of cells of other settings in the benchmark's folder."""
    notes = []
    if others:
        are = agree(others, "is", "are")
        notes.append(
            f"{number_of(others, 'cell')} of other settings in this folder {are} not in these tables"
        )
    if replaced:
        notes.append(
            f"{number_of(replaced, 'cell')} of other settings, data or versions in this folder had to give "
            "way; take another --output-dir to keep both"
        )
    return tuple(notes)


def _one_line(text: str) -> str:
    return " ".join(text.split())

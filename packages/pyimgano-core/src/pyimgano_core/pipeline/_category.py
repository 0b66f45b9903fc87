"""One category: fit, freeze the graph, then calibrate and evaluate through that graph alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.detectors import ScorerGraph
from pyimgano_core.detectors.clock import Clock
from pyimgano_core.manifest import category_slug
from pyimgano_core.metrics import Sketch
from pyimgano_core.pipeline._files import category_files, checkpoint_path, int8_path
from pyimgano_core.pipeline._fit import fit_category
from pyimgano_core.pipeline._inputs import category_inputs
from pyimgano_core.pipeline._measure import Measuring
from pyimgano_core.pipeline._report import make_report

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.evaluation import MapSink, MapViewer
    from pyimgano_core.pipeline._state import Addition
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class CategoryRun:
    """What one category's run leaves: the graph, the report, and a line per calibration and test image.

    From `sketch` intervals, other limits and other groupings can be had without another run. The lines are of
    the graph itself: of its 8-bit variant there are none, only what `report.int8` holds. `files` are the
    contents of all files that the report names, by the paths that it gives.
    """

    graph: ScorerGraph
    report: CategoryReport
    predictions: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    sketch: Sketch
    seconds: dict[str, float]
    files: dict[str, bytes]


def run_category(
    category: PreparedCategory,
    prepared: Prepared,
    config: RunConfig,
    base: Path,
    progress: Progress,
    *,
    map_sink: MapSink | None = None,
    map_viewer: MapViewer | None = None,
    addition: Addition | None = None,
) -> CategoryRun:
    """Run one category.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        config: the run config.
        base: the folder that the config's relative paths start from.
        progress: shows the long steps.
        map_sink: keeps the anomaly maps of test images, where wanted.
        map_viewer: what else looks at them.
        addition: updates an earlier fit with these images instead of fitting all train images.

    Raises:
        ArtifactError: where the state of the earlier fit is none of this detector's.
        ConfigError: where the config can't be followed.
        DataError: where no train image can be read.
    """
    clock, split, slug = Clock(), category.split, category_slug(category.split.category)
    inputs = category_inputs(config, split, base)
    fitted = fit_category(split, inputs, config, base, progress, addition=addition)
    graph, path = fitted.graph, checkpoint_path(slug)
    clock.lap("fit", graph.info.get("seconds"))
    measuring = Measuring(category, prepared, config, inputs, graph=graph, progress=progress, clock=clock)
    exact = measuring.measure(graph.model, path, map_sink=map_sink, map_viewer=map_viewer)
    int8 = None if fitted.int8 is None else measuring.measure(fitted.int8, int8_path(slug), step="int8.")
    files = category_files(inputs, fitted, slug)
    return CategoryRun(
        graph=graph,
        report=make_report(
            category, prepared, inputs=inputs, fitted=fitted, exact=exact, int8=int8, files=files
        ),
        predictions=exact.evaluation.predictions,
        calibration=exact.calibration,
        sketch=exact.evaluation.sketch,
        seconds=clock.laps,
        files=files.contents,
    )

"""The categories of a run, one after the other: one that fails does not cost the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from pyimgano_core.artifacts import atomic_writer
from pyimgano_core.cli.app import signal_behind
from pyimgano_core.contracts.prediction import StoredArray
from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.errors import MachineError, PyimganoError
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline import run_category
from pyimgano_workbench.data import data_lines
from pyimgano_workbench.pictures import WorstMaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.evaluation import MapSink
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_core.progress import Progress
    from pyimgano_workbench.job import Job
    from pyimgano_workbench.rundir import RunDirectory


@define(frozen=True, kw_only=True)
class Done:
    """What the categories left, by name: a report, or the error of those that failed."""

    reports: dict[str, CategoryReport] = field(factory=dict)
    errors: dict[str, PyimganoError] = field(factory=dict)
    seconds: dict[str, float] = field(factory=dict)


def run_categories(job: Job, progress: Progress, directory: RunDirectory) -> Done:
    """Run every category that is not finished yet.

    A user's mistake and a lack of memory are the category's own. A bug is raised, but only after the other
    categories: they are kept in the unfinished run. What the storage or a signal stops, it stops at once.
    """
    done = Done()
    bugs: list[Exception] = []
    for category in job.prepared.categories:
        name = category.split.category
        if job.parent_folder is not None and name not in job.additions:
            directory.take_over(job.parent_folder, category_slug(name))
        finished = directory.finished_category(category_slug(name))
        if finished is not None:
            done.reports[name] = finished
            continue
        try:
            _run_category(job, category, progress, directory, done)
        except PyimganoError as exc:
            done.errors[name] = exc
        except MemoryError as exc:
            done.errors[name] = MachineError(str(exc) or "out of memory")
        except OSError:
            raise
        except Exception as exc:
            if signal_behind(exc) is not None:
                raise
            exc.add_note(f"in category {name!r}; what was finished is kept in {directory.folder}")
            bugs.append(exc)
    if bugs:
        raise bugs[0]
    return done


def _run_category(
    job: Job, category: PreparedCategory, progress: Progress, directory: RunDirectory, done: Done
) -> None:
    name, config = category.split.category, job.config
    slug = category_slug(name)
    worst = WorstMaps()
    run = run_category(
        category,
        job.prepared,
        config,
        job.base,
        progress,
        map_sink=_map_sink(directory.folder, slug) if config.output.save_maps else None,
        map_viewer=worst,
        addition=job.additions.get(name),
    )
    worst.write(directory.folder / "categories" / slug, config.dataset.sixteen_bit_range)
    directory.write_category(run, data_lines(category.split, job.prepared.hashes))
    done.reports[name] = run.report
    done.seconds.update({f"{name}.{step}": value for step, value in run.seconds.items()})


def _map_sink(folder: Path, slug: str) -> MapSink:
    """Keep maps as `artifacts/maps/<category>/NNNNNN_<stem>.npy`, so that no two can collide."""

    def store(index: int, sample: Sample, anomaly_map: NDArray[np.float32]) -> StoredArray:
        stem = category_slug(Path(sample.record.image_path).stem)
        path = Path("artifacts") / "maps" / slug / f"{index:06d}_{stem}.npy"
        with atomic_writer(folder / path) as stream:
            np.save(stream, anomaly_map, allow_pickle=False)
        from_lines = f"../../{path.as_posix()}"
        return StoredArray(path=from_lines, shape=anomaly_map.shape, dtype=str(anomaly_map.dtype))

    return store

"""`--update`: a run that adds new normal images to the models of another, without what they learnt from.

Thresholds are set anew on the calibration images of the earlier run and measured on its test images, which
must be there as they were. A category without new images is taken over as it is.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.config import ModelConfig
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.report import ParentRun
from pyimgano_core.detectors import Updatable, create_detector, detector_names
from pyimgano_core.errors import ArtifactError, DataError, PyimganoError, UsageError
from pyimgano_core.pipeline import Addition, load_state
from pyimgano_core.preparation import prepare_dataset
from pyimgano_workbench.additions import NewImages, read_new_images
from pyimgano_workbench.data import data_lines, read_data
from pyimgano_workbench.job import Job, make_job
from pyimgano_workbench.past import finished_report, read_past, to_new_folder
from pyimgano_workbench.rundir import DATA, INFER_CONFIG, REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pyimgano_core.contracts.data_line import DataLine
    from pyimgano_core.contracts.report import CategoryReport
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress
    from pyimgano_workbench.past import PastRun


def prepare_update(
    run: Path, manifest: Path, output_dir: str | None, progress: Progress, *, now: datetime
) -> Job:
    """Return the update of a run.

    Args:
        run: the directory of the run, which is read only.
        manifest: names the new images, all of them normal.
        output_dir: where the updated run goes; None for a new folder under `runs/`.
        progress: shows the reading of the data.
        now: the time of the update.

    Raises:
        ArtifactError: a file of the run is missing or torn.
        ConfigError: the detector can't be updated with these features.
        DataError: the manifest has errors or holds what must not be learnt, or calibration and test images
            of the run are not as they were.
        UsageError: there is no such run, it is unfinished, its detector can't be updated, or the output
            directory is taken.
    """
    clock = time.perf_counter()
    past = read_past(run)
    report = finished_report(past)
    _refuse_fixed(past.config.model, past.base)
    data = {
        name: read_data(past.folder / "categories" / each.slug / DATA)
        for name, each in report.per_category.items()
    }
    prepared = prepare_dataset(past.config, past.base, progress)
    for name, lines in data.items():
        _refuse_changed(name, lines, prepared, past.folder)
    learnt = {name: [line for line in lines if line.role == "train"] for name, lines in data.items()}
    new = read_new_images(manifest, learnt, prepared, progress)
    additions = {
        name: _addition(past, report.per_category[name], images) for name, images in new.samples.items()
    }
    return make_job(
        to_new_folder(past.config, output_dir),
        past.base,
        _grown(prepared, learnt, new),
        now=now,
        clock=clock,
        export_infer_config=past.origin.export_infer_config,
        parent=_parent(past, new),
        parent_folder=past.folder,
        additions=additions,
    )


def _refuse_fixed(model: ModelConfig, base: Path) -> None:
    """Raise where the detector can't be updated."""
    if isinstance(create_detector(model, base), Updatable):
        return
    able = [name for name in detector_names() if _is_updatable(name, base)]
    raise UsageError(
        f"the detector {model.name!r} can't be updated, only {', '.join(able)} can; add the images to the "
        "manifest of the run, and train anew"
    )


def _is_updatable(name: str, base: Path) -> bool:
    try:
        return isinstance(create_detector(ModelConfig(name=name), base), Updatable)
    except PyimganoError:  # it needs options, or is broken
        return False


def _refuse_changed(name: str, lines: list[DataLine], prepared: Prepared, run: Path) -> None:
    """Raise where calibration or test images are not those of the run; train images may be gone."""
    split = next((each.split for each in prepared.categories if each.split.category == name), None)
    now = [] if split is None else data_lines(split, prepared.hashes)
    then, here = (Counter(_content(line) for line in each if line.role != "train") for each in (lines, now))
    changed = [*(then - here), *(here - then)]
    if changed:
        raise DataError(
            f"category {name!r}: calibration and test images are not those of {run}, such as "
            f"{changed[0][1]!r}; the update is measured on the same, so bring them back as they were"
        )


def _content(line: DataLine) -> tuple[str, ...]:
    return (line.role, line.input, str(line.label), str(line.sha256), str(line.mask_sha256))


def _addition(past: PastRun, report: CategoryReport, images: Sequence[Sample]) -> Addition:
    if report.state is None:
        raise ArtifactError(
            f"{past.folder}: category {report.category!r} has no state to go on from; train anew"
        )
    return Addition(state=load_state(past.folder, report.state), images=images, tiles=report.train_tiles)


def _grown(prepared: Prepared, learnt: dict[str, list[DataLine]], new: NewImages) -> Prepared:
    """Return the data set with all that is learnt as train images: what the run learnt, then what is new.

    Files of the former may be gone. Their contents are known from the run, under names that no file has.
    """
    hashes = dict(prepared.hashes) | new.hashes
    categories = []
    for category in prepared.categories:
        name = category.split.category
        if name not in learnt:
            continue  # it failed, so there is no model
        train = [_as_learnt(name, number, line, hashes) for number, line in enumerate(learnt[name])]
        split = evolve(category.split, train=[*train, *new.samples.get(name, [])])
        categories.append(evolve(category, split=split))
    return evolve(prepared, categories=tuple(categories), hashes=hashes)


def _as_learnt(category: str, number: int, line: DataLine, hashes: dict[Path, str]) -> Sample:
    record = Record(image_path=line.input, category=category, split="train", label=line.label)
    sample = Sample(record=record, image=Path("learnt before", category, str(number)))
    if line.sha256 is not None:
        hashes[sample.image] = line.sha256
    return sample


def _parent(past: PastRun, new: NewImages) -> ParentRun:
    infer_config = past.folder / INFER_CONFIG
    return ParentRun(
        name=past.target.name,
        report_sha256=sha256_file(past.folder / REPORT),
        infer_config_sha256=sha256_file(infer_config) if infer_config.is_file() else None,
        added={name: len(images) for name, images in new.samples.items()},
    )

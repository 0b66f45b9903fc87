"""Set the thresholds of one category anew on normal images of a site; model and scores stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.image_file import ImageFile
from pyimgano_core.contracts.infer_config import SelfTest
from pyimgano_core.contracts.threshold import Threshold
from pyimgano_core.errors import UsageError
from pyimgano_core.evaluation import DeployedThresholds, ScoringFacts, with_scoring_facts
from pyimgano_core.scoring import Device, check_self_test, run_self_test, same_kernels
from pyimgano_core.words import certified_in_words, gather, number_of, threshold_caveats
from pyimgano_infer._config import choose_categories, read_config, require_one
from pyimgano_infer._derived import refuse_taken, write_derived
from pyimgano_infer._models import Models
from pyimgano_infer._normals import find_normals, score_normals
from pyimgano_infer._output import shown
from pyimgano_infer._verify import followed_method, named_thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.contracts.config import ThresholdConfig
    from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig
    from pyimgano_core.scoring import Scorer
    from pyimgano_infer._normals import ScoredNormals
    from pyimgano_infer._predict import Model

_USUAL_SHARE = 0.1  # flagged by the old threshold; more of them call for a look


@define(frozen=True, kw_only=True)
class Recalibration:
    """What a calibration on site changed.

    Attributes:
        infer_config: the new config.
        category: the one that was calibrated.
        n_normals: how many images set the thresholds.
        n_failed: how many could not be scored.
        before: the thresholds of the old config, by name.
        flagged_before: how many of the images each of these flags.
        after: the new thresholds.
        highest_input: the image that scores highest.
        highest_score: its score.
    """

    infer_config: str
    category: str
    n_normals: int
    n_failed: int
    before: dict[str, Threshold]
    flagged_before: dict[str, int | None]
    after: dict[str, Threshold]
    highest_input: str
    highest_score: float


@define(frozen=True, kw_only=True)
class Site:
    """The images of a site, and what is to score them there.

    Attributes:
        normals: what names the images, as an INPUT.
        null: whether the names of a list on stdin end with a NUL.
        root: where a manifest's relative paths are looked for that are not found beside the manifest.
        device: what runs the model, and will run it.
        workers: how many images are scored at a time; None for as many as there are processors.
    """

    normals: str
    null: bool = False
    root: ImageFile | None = None
    device: Device = "cpu"
    workers: int | None = None


def calibrate(path: Path, category: str | None, site: Site, out: Path) -> Recalibration:
    """Score normal images, set the thresholds by the config's own rule, and write a new config.

    Images that fail are told on stderr and do not count.

    Args:
        path: the config.
        category: the one to calibrate; may be left out where the config has one.
        site: the images.
        out: the new config.

    Raises:
        ArtifactError: the config or a file that it names can't be trusted.
        MachineError: the new config can't be written, or the device is missing.
        NothingScoredError: no image could be scored.
        UsageError: the request can't be met.
    """
    refuse_taken(out)
    config = read_config(path)
    names = choose_categories(config, category)
    require_one(names)
    name, old, rule = names[0], config.per_category[names[0]], _rule(path, config)
    inputs = find_normals(site.normals, name, root=site.root, null=site.null)
    model = _load(path, config, name, site.device)
    self_test = _self_test(model.scorer, old)
    images = score_normals(inputs, model, rule, workers=site.workers)
    after = with_scoring_facts(images.scores.thresholds(images.origin), _facts(old, images, model.scorer))
    write_derived(path, config, out, name, _entry(old, after, images, self_test))
    before = named_thresholds(old)
    return Recalibration(
        infer_config=str(out),
        category=name,
        n_normals=len(images.scores),
        n_failed=images.n_failed,
        before=before,
        flagged_before={kind: images.scores.count_flagged(each) for kind, each in before.items()},
        after=_named(after),
        highest_input=images.highest[0],
        highest_score=images.highest[1],
    )


def _rule(path: Path, config: InferConfig) -> ThresholdConfig:
    if config.threshold_rule is None:
        raise UsageError(
            f"{path}: holds no threshold_rule, so it does not tell how thresholds come from scores; export "
            "it again with `pyimgano-train --config CONFIG --export-infer-config`"
        )
    return config.threshold_rule


def _load(path: Path, config: InferConfig, name: str, device: Device) -> Model:
    """Return a model whatever kernels run it: what they give is calibrated, and need not be as before."""
    entry = evolve(config.per_category[name], self_test=None)
    free = evolve(config, per_category={**config.per_category, name: entry})
    return Models(path, free, (name,), device=device).load(name)


def _self_test(scorer: Scorer, old: CategoryModel) -> SelfTest:
    """Return the old self-test where the same kernels pass it, and a new one for others."""
    if old.self_test is None or not same_kernels(old.self_test.runtime, scorer.runtime):
        return SelfTest(**run_self_test(scorer))
    check_self_test(scorer, old.self_test)
    return old.self_test


def _facts(old: CategoryModel, images: ScoredNormals, scorer: Scorer) -> ScoringFacts:
    return ScoringFacts(
        checkpoint_sha256=old.checkpoint.sha256,
        runtime=scorer.runtime,
        score_reduction=old.threshold.provenance.score_reduction,
        calibration_sha256=images.sha256,
    )


def _entry(
    old: CategoryModel, found: DeployedThresholds, images: ScoredNormals, self_test: SelfTest
) -> CategoryModel:
    return evolve(
        old,
        threshold=found.image,
        pixel_threshold=found.pixel,
        review_threshold=None if found.review_value is None else found.review,
        reference=images.scores.reference(),
        self_test=self_test,
    )


def _named(thresholds: DeployedThresholds) -> dict[str, Threshold]:
    review = {} if thresholds.review is None else {"review": thresholds.review}
    return {"image": thresholds.image, **review, "pixel": thresholds.pixel}


def describe(found: Recalibration) -> str:
    """Return what a calibration changed for people: a table of the thresholds, and what must be known."""
    header = ("threshold", "old", "flags", "new", "flags", "normals", "method", "certified false-alarm rate")
    after = found.after
    caveats = threshold_caveats(after["image"], after["pixel"], after.get("review"))
    images = number_of(found.n_normals, "normal image")
    return "\n\n".join(
        [
            f"category {found.category!r}: {images}, {found.n_failed} failed",
            format_table(header, [*_rows(found)]),
            *filter(None, ["\n".join(gather((found.category, caveat) for caveat in caveats))]),
            *_doubt(found),
            f"new config: {found.infer_config}",
        ]
    )


def _doubt(found: Recalibration) -> Iterator[str]:
    """Yield what to look at where many of the images were anomalous so far."""
    flagged = found.flagged_before["image"] or 0
    if flagged > _USUAL_SHARE * found.n_normals:
        yield (
            f"{found.category}: the old threshold flags {flagged} of these {found.n_normals} images. Where "
            "light, lens or material have changed, that is why; if some of them are not good, the new "
            "threshold lets such defects pass. Look at those that score highest, first "
            f"{shown(found.highest_input)} ({found.highest_score:.4g})."
        )


def _rows(found: Recalibration) -> Iterator[tuple[str, ...]]:
    for name, threshold in found.after.items():
        origin, old = threshold.provenance, found.before.get(name)
        yield (
            name,
            _cell(None if old is None else old.value),
            _cell(found.flagged_before.get(name)),
            _cell(threshold.value),
            _cell(origin.calibration_false_positives),
            str(origin.calibration_count),
            followed_method(threshold),
            certified_in_words(origin.certificate),
        )


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"

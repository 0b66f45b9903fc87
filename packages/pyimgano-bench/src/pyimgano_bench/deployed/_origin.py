"""Whether the artifact has seen the test images: what its config proves, and what stays unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.splits import split_dataset
from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyimgano_bench.deployed._artifact import Artifact
    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.preparation import Prepared

_DRAWN_BY = ("seed", "test_normal_fraction", "calibration_fraction")


@define(frozen=True, kw_only=True)
class Origin:
    """What is known of an artifact's own split; without a remark the test images are those of training.

    `leaks` says that test images were fitted, or set the threshold.
    """

    leaks: bool = False
    remark: str | None = None


def find_origin(artifact: Artifact, split: CategorySplit, prepared: Prepared, policy: SplitPolicy) -> Origin:
    """Compare the split of a category with the one that its model was made on.

    A config tells no images, but a fingerprint of its split, and how it was drawn. Where the fingerprint is
    another, the data are split again as training did: if this gives the fingerprint, it is known which images
    were fitted.

    Args:
        artifact: what is measured.
        split: the category's, as it is measured.
        prepared: the data set, with the hashes of its files.
        policy: how it was split.
    """
    model, hashes = artifact.model(split.category), prepared.hashes
    normals = [hashes.get(each.image, "") for each in split.test if each.record.label == NORMAL]
    if normals and model.threshold.provenance.calibration_sha256 == contents_sha256(normals):
        return Origin(leaks=True, remark="the threshold was set on the very normal images that are tested")
    if model.split_fingerprint is None:
        return Origin(remark="the config does not tell its split, so test images may have been fitted")
    if model.split_fingerprint == fingerprint(split, hashes).sha256:
        return Origin()
    for own_policy, seed in _draws(artifact, split.category, policy):
        original = _split_by(own_policy, seed, split.category, prepared)
        if original is not None and fingerprint(original, hashes).sha256 == model.split_fingerprint:
            return _compare(original, split, hashes, _in_words(own_policy, seed, policy))
    return Origin(
        remark="the split is not that of training, so test images may have been fitted: give the data, "
        "--seed and split options of training, or images that it never had"
    )


def _draws(artifact: Artifact, category: str, policy: SplitPolicy) -> Iterator[tuple[SplitPolicy, int]]:
    """Yield how training may have split: as its run says, or with its seed as is done here."""
    if artifact.run is not None:
        yield artifact.run.dataset.split_policy, artifact.run.seed
    seed = artifact.model(category).threshold.provenance.seed
    if seed is not None:
        yield policy, seed


def _split_by(policy: SplitPolicy, seed: int, category: str, prepared: Prepared) -> CategorySplit | None:
    found = split_dataset(prepared.samples, policy, seed).categories
    return next((each for each in found if each.category == category), None)


def _in_words(own: SplitPolicy, seed: int, policy: SplitPolicy) -> str:
    """Return the options that split as training did; of its policy, those that differ from the one here."""
    differing = [name for name in _DRAWN_BY if getattr(own, name) != getattr(policy, name)]
    values = {f"dataset.split_policy.{name}": getattr(own, name) for name in differing}
    return " ".join([f"--seed {seed}", *(f"--set {name}={value}" for name, value in values.items())])


def _compare(
    original: CategorySplit, split: CategorySplit, hashes: Mapping[Path, str], options: str
) -> Origin:
    """Say how many test images the original split fits or calibrates on, by content."""
    seen = {hashes.get(each.image) for each in (*original.train, *original.calibration)} - {None}
    known = sum(hashes.get(each.image) in seen for each in split.test)
    if not known:
        return Origin(remark=f"the artifact was trained with {options}, and saw none of the test images")
    return Origin(
        leaks=True,
        remark=f"the artifact was trained with {options} and saw {known} of the "
        f"{images_in_words(len(split.test))} that are tested here",
    )

"""The exported artifact that is benchmarked: its config, and what keeps it from being measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_core.artifacts import read_artifact, sha256_file
from pyimgano_core.configfile import read_document
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.infer_config import CategoryModel, InferConfig, SelfTest
from pyimgano_core.contracts.structuring import StructuringError, structure, unstructure
from pyimgano_core.errors import ArtifactError, ConfigError, UsageError
from pyimgano_core.words import missing_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RUN_CONFIG = "config.json"  # beside the folder of the infer config
_OF_THE_IMAGE = ("resize", "sixteen_bit_range", "tiling")


@define(frozen=True, kw_only=True)
class Artifact:
    """An inference config, where it was read, and the SHA-256 of its bytes.

    `run` is the config of the run directory that it still stands in; None where it was taken out of it.
    """

    path: Path
    sha256: str
    config: InferConfig
    run: RunConfig | None = None

    @property
    def detector(self) -> str:
        """The name of its detector."""
        return str(self.config.model.get("name") or "detector")

    def model(self, category: str) -> CategoryModel:
        """Return what the config holds of a category that it has."""
        return self.config.per_category[category]

    def self_test(self, category: str) -> SelfTest:
        """Return the self-test of a category that the config has.

        Raises:
            ArtifactError: there is none.
        """
        found = self.model(category).self_test
        if found is None:
            raise ArtifactError(f"{self.path}: category {category!r} has no self-test; export it again")
        return found


def read_deployable(path: Path) -> Artifact:
    """Return the artifact of an inference config; no checkpoint is opened.

    Raises:
        ArtifactError: it can't be trusted or understood.
    """
    config = read_artifact(path, InferConfig)
    run = _run_config(path.absolute().parent.parent / _RUN_CONFIG)
    return Artifact(path=path, sha256=sha256_file(path), config=config, run=run)


def _run_config(path: Path) -> RunConfig | None:
    """Return the config of a run, or None where there is none to read: it proves more, and is not needed."""
    try:
        return structure(read_document(path), RunConfig, known_only=False)
    except (ConfigError, StructuringError):
        return None


def check_categories(artifact: Artifact, categories: Sequence[str], *, runs: bool) -> None:
    """Refuse categories that can't be measured.

    Args:
        artifact: what is measured.
        categories: those of the data set that were chosen.
        runs: whether the artifact runs, so that its checkpoints are needed.

    Raises:
        ArtifactError: a checkpoint is missing, or a model has no self-test.
        UsageError: the config lacks a category, or a category has no threshold.
    """
    known = artifact.config.per_category
    missing = [name for name in categories if name not in known]
    if missing:
        raise UsageError(
            f"{artifact.path}: has no model for category {_listed(missing)}; choose one that it has with "
            f"--category: {_listed(known)}"
        )
    for name in categories:
        _check_model(artifact, name)
        checkpoint = artifact.path.parent / known[name].checkpoint.path
        if runs and not checkpoint.is_file():
            raise ArtifactError(
                f"{checkpoint}: the checkpoint of category {name!r} is missing; copy it together with its "
                "config: pyimgano-infer --pack makes one folder of both"
            )


def _check_model(artifact: Artifact, category: str) -> None:
    model = artifact.model(category)
    if model.threshold.value is None:
        reason = missing_in_words(model.threshold.provenance)
        raise UsageError(
            f"{artifact.path}: category {category!r} has no threshold ({reason}), so it gives no verdicts "
            "to measure; set one with pyimgano-infer --calibrate"
        )
    artifact.self_test(category)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def effective_config(artifact: Artifact, config: RunConfig) -> dict[str, Any]:
    """Return the config of a category's cell: the data set as given, and all else as deployed."""
    document: dict[str, Any] = unstructure(config)
    preprocessing = unstructure(artifact.model(config.dataset.category).preprocessing)
    kept = {name: preprocessing[name] for name in _OF_THE_IMAGE if name in preprocessing}
    rule = artifact.config.threshold_rule
    return {
        **document,
        "dataset": {**document["dataset"], **kept},
        "model": artifact.config.model,
        "threshold": None if rule is None else unstructure(rule),
        "infer_config": {"path": str(artifact.path), "sha256": artifact.sha256},
    }

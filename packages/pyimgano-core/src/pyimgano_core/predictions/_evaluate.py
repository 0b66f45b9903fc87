"""The evaluation of predictions in files: the same metrics, by the same functions, as those of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.evaluation import (
    CategoryEvaluation,
    EvaluationReport,
    PredictionsSource,
)
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import InputFailure
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import ExitCode
from pyimgano_core.evaluation import DeployedThresholds, evaluate, mean_metrics
from pyimgano_core.interest import load_interest
from pyimgano_core.manifest import category_slug
from pyimgano_core.metrics import Sketch
from pyimgano_core.predictions._calibration import (
    CalibrationImages,
    calibration_from_file,
    calibration_from_manifest,
)
from pyimgano_core.predictions._deployed import DeployedConfig, read_deployed
from pyimgano_core.predictions._maps import MapFinder
from pyimgano_core.predictions._reader import PredictionsFile, read_predictions
from pyimgano_core.predictions._scored import CategoryMaps, find_maps, scored_tests
from pyimgano_core.predictions._thresholds import Calibrator, choose_thresholds
from pyimgano_core.predictions._truth import Truth, TruthCategory, truth_from_lines, truth_from_manifest
from pyimgano_core.preparation import Prepared, inspect_dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.evaluation import Evaluation
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class FilesEvaluation:
    """The report on predictions in files, and by category its sketch and a line for each test image."""

    report: EvaluationReport
    sketches: dict[str, Sketch]
    lines: dict[str, tuple[Prediction, ...]]

    @property
    def exit_code(self) -> ExitCode:
        """0, or 4 where a line, an image, a map or a prediction is missing or can't be used."""
        faults = any(issue.severity is Severity.ERROR for issue in self.report.issues)
        failed = any(category.failures for category in self.report.per_category.values())
        return ExitCode.SOME_INPUTS_FAILED if faults or failed else ExitCode.DONE


def evaluate_files(
    predictions: Path,
    config: RunConfig,
    progress: Progress,
    *,
    calibration: Path | None = None,
    maps: Path | None = None,
    infer_config: Path | None = None,
    prepared: Prepared | None = None,
) -> FilesEvaluation:
    """Measure the predictions in a file.

    Args:
        predictions: JSON lines with an image path and a score each.
        config: `dataset` names the manifest, if there is one, the category and the regions of interest;
            `threshold`, `evaluation` and `seed` are followed as in a run. Relative paths start from the
            current folder.
        progress: shows the long steps.
        calibration: JSON lines with scores of normal images.
        maps: a folder of anomaly maps, for lines that do not name theirs.
        infer_config: a deployed config whose thresholds and regions of interest are used as they are.
        prepared: the data set that `config` names, of whatever layout, where it has been prepared already.

    Raises:
        DataError: no line can be used, or the manifest has errors.
        UsageError: nothing tells normal from anomalous, `maps` is no folder, or the deployed config lacks a
            category.
        ConfigError: the config can't be followed.
        ArtifactError: the deployed config can't be trusted or understood.
    """
    deployed = None if infer_config is None else read_deployed(infer_config)
    file = read_predictions(predictions)
    normals = None if calibration is None else read_predictions(calibration)
    if config.dataset.manifest_path is None and prepared is None:
        truth = truth_from_lines(file, config.dataset.category, config.evaluation)
    else:
        truth = truth_from_manifest(file, config, prepared or inspect_dataset(config, Path(), progress))
    run = _Run(truth, file, normals, config, maps=maps, deployed=deployed)
    done = {category.name: run.category(category, progress) for category in truth.categories}
    return FilesEvaluation(
        report=run.report({name: result for name, (result, _) in done.items()}),
        sketches={name: evaluation.sketch for name, (_, evaluation) in done.items()},
        lines={name: evaluation.predictions for name, (_, evaluation) in done.items()},
    )


def _source(file: PredictionsFile) -> PredictionsSource:
    return PredictionsSource(
        path=str(file.path),
        sha256=file.sha256,
        line_count=file.line_count,
        bad_line_count=len(file.issues),
        keys=file.keys,
    )


class _Run:
    """What the categories of one evaluation share, and the issues that they leave."""

    def __init__(
        self,
        truth: Truth,
        file: PredictionsFile,
        normals: PredictionsFile | None,
        config: RunConfig,
        *,
        maps: Path | None,
        deployed: DeployedConfig | None,
    ) -> None:
        self.issues: list[Issue] = [*file.issues, *truth.issues]
        self._truth = truth
        self._file = file
        self._normals = normals
        self._config = config
        self._deployed = deployed
        self._maps = MapFinder(file.lines, file.path.absolute().parent, maps)
        self._calibration_maps = self._maps
        self._calibration: dict[str, CalibrationImages] | None = None
        if normals is not None:
            self._calibration, issues = calibration_from_file(normals, truth)
            self._calibration_maps = MapFinder(normals.lines, normals.path.absolute().parent, maps)
            self.issues += [*normals.issues, *issues]

    def report(self, done: dict[str, CategoryEvaluation]) -> EvaluationReport:
        """Return the report, once all categories are done."""
        config, normals, deployed = self._config, self._normals, self._deployed
        return EvaluationReport(
            pyimgano_version=str(installed_versions()["pyimgano-core"]),
            predictions=_source(self._file),
            manifest=config.dataset.manifest_path,
            calibration=None if normals is None else _source(normals),
            seed=config.seed,
            threshold_config=config.threshold,
            evaluation_config=config.evaluation,
            matching=self._truth.matching,
            categories=tuple(done),
            infer_config=None if deployed is None else str(deployed.path),
            mean_metrics=mean_metrics(result.results for result in done.values()),
            per_category=done,
            issues=tuple(self.issues),
        )

    def category(self, category: TruthCategory, progress: Progress) -> tuple[CategoryEvaluation, Evaluation]:
        split, interest = category.prepared.split, self._interest(category.name)
        identity = fingerprint(split, self._truth.hashes) if self._truth.samples else None
        sha256 = None if identity is None else identity.sha256
        thresholds, issues = self._thresholds(category, interest, sha256)
        maps = find_maps(category, self._maps, progress)
        self.issues += [*issues, *maps.issues]
        evaluation = evaluate(
            progress.track(scored_tests(category, maps), f"{category.name}: test", len(category.lines)),
            evolve(category.prepared, gate=maps.gate),
            thresholds=thresholds,
            config=self._config.evaluation,
            seed=self._config.seed,
            interest=interest,
        )
        result = _result(category, maps, evaluation)
        return evolve(result, split_fingerprint=identity), evaluation

    def _thresholds(
        self, category: TruthCategory, interest: NDArray[np.bool_] | None, split_sha256: str | None
    ) -> tuple[DeployedThresholds, tuple[Issue, ...]]:
        if self._deployed is not None:
            return self._deployed.thresholds(category.name, split_sha256), ()
        calibrator = Calibrator(
            calibration=self._images_of(category),
            finder=self._calibration_maps,
            level=self._config.evaluation.interval_level,
            interest=interest,
            split_sha256=split_sha256,
        )
        return choose_thresholds(category, calibrator, self._config.threshold)

    def _interest(self, category: str) -> NDArray[np.bool_] | None:
        """Return where pixels count: as deployed, else by the masks of the run config."""
        if self._deployed is not None:
            return self._deployed.interest(category)
        return load_interest(self._config.dataset, category, Path())

    def _images_of(self, category: TruthCategory) -> CalibrationImages:
        if self._calibration is None:
            return calibration_from_manifest(self._truth, category)
        return self._calibration.get(category.name, CalibrationImages())


def _result(category: TruthCategory, maps: CategoryMaps, evaluation: Evaluation) -> CategoryEvaluation:
    test = category.prepared.split.test
    thresholds = evaluation.thresholds
    failures = [(line.input, line.error) for line in evaluation.predictions if line.error is not None]
    return CategoryEvaluation(
        category=category.name,
        slug=category_slug(category.name),
        test_count=len(test),
        test_anomaly_count=sum(sample.record.label for sample in test),
        pixel_metrics_status=maps.gate,
        maps=maps.counts,
        threshold=thresholds.image,
        pixel_threshold=thresholds.pixel,
        review_threshold=thresholds.review,
        results=evaluation.results,
        failures=tuple(InputFailure(role="test", input=name, error=why) for name, why in failures),
    )

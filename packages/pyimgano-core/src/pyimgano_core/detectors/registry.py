"""Detectors by name: built-ins and third parties register under the same entry-point group.

Options are structured strictly against the detector's fields; nothing here imports torch.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from attrs import evolve, fields, has

from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.structuring import StructuringError, structure, unknown
from pyimgano_core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
    from pyimgano_core.detectors.contract import Detector

GROUP = "pyimgano.detectors"
FILTERS = "filters"
DICTIONARY = "dictionary"
WEIGHT_FREE = (DICTIONARY, FILTERS)
NOT_A_FILE = ("pretrained", "random")


def detector_names() -> tuple[str, ...]:
    """Return the names of all installed detectors, sorted; none of them is loaded."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def create_detector(model: ModelConfig, base: Path) -> Detector:
    """Return the detector that a config describes.

    Args:
        model: name, features and options.
        base: the folder that a relative path of weights starts from.

    Raises:
        ConfigError: with every problem of the name, the features and the options.
        MachineError: the detector is registered but can't be imported.
    """
    problems = features_problems(model.features, base)
    entries = entry_points(group=GROUP, name=model.name)
    if not entries:
        names = list(detector_names())
        problems.append(f"$.model.name: {model.name!r} is an {unknown('detector', model.name, names)}")
        raise ConfigError(problems)
    contract = _load(next(iter(entries)))
    if "features" in model.options:
        problems.append("$.model.options.features: is no option; features stand under $.model.features")
    options = {name: value for name, value in model.options.items() if name != "features"}
    try:
        detector = structure(
            {**options, "features": _resolved(model.features, base)},
            contract,
            known_only=True,
            path="$.model.options",
        )
    except StructuringError as exc:
        raise ConfigError([*problems, *exc.problems]) from exc
    if problems:
        raise ConfigError(problems)
    return detector


def features_problems(features: FeaturesConfig, base: Path) -> list[str]:
    """Return what is wrong with the features as far as can be told without loading them."""
    weights, where = features.weights, "$.model.features"
    if features.backbone in WEIGHT_FREE:
        return [
            f"{where}.{name}: the backbone {features.backbone!r} has none; leave it out, or name another"
            for name, value in (("weights", weights), ("layers", features.layers))
            if value is not None
        ]
    if weights is None:
        advice = "name a file, or 'pretrained' for timm's hub, or use the backbone 'filters' or 'dictionary'"
        return [f"{where}.weights: the backbone {features.backbone!r} needs weights; {advice}"]
    path = resolve_path(weights, base)
    if weights not in NOT_A_FILE and not path.is_file():
        return [f"{where}.weights: no such file {str(path)!r}; or 'pretrained' for timm's hub"]
    return []


def _resolved(features: FeaturesConfig, base: Path) -> FeaturesConfig:
    if features.weights is None or features.weights in NOT_A_FILE:
        return features
    return evolve(features, weights=str(resolve_path(features.weights, base)))


def _load(entry: EntryPoint) -> type[Detector]:
    try:
        contract = entry.load()
    except (ImportError, AttributeError) as exc:
        raise MachineError(f"the detector {entry.name!r} ({entry.value}) can't be imported: {exc}") from exc
    if not has(contract) or not any(field.name == "features" for field in fields(contract)):
        raise MachineError(
            f"the detector {entry.name!r} ({entry.value}) must be an attrs class with a field 'features'"
        )
    return cast("type[Detector]", contract)

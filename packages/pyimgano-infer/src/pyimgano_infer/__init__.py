"""Run exported anomaly detectors from one config file, on a host without torch.

The command is `pyimgano-infer`. From Python:

    from pyimgano_infer import load_model
    model = load_model("bottle/infer_config.json")
    prediction = model.predict("part.png")  # prediction.score, prediction.label, prediction.error
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_infer._predict import Model

__version__ = "0.1.0"


def load_model(config: Path | str, category: str | None = None) -> Model:
    """Return the model of one category of an `infer_config.json`, its checkpoint's hash checked.

    Args:
        config: the config file; a relative checkpoint path in it is relative to the config's folder.
        category: which category; may be left out where the config has one.

    Raises:
        ArtifactError: the config or the checkpoint can't be trusted or understood.
        UsageError: the category is missing or unknown.
    """
    from pyimgano_infer._models import load_one  # noqa: PLC0415 - importing the package stays light

    return load_one(config, category)


__all__ = ["__version__", "load_model"]

"""Run exported anomaly detectors from one config file, on a host without torch.

The command is `pyimgano-infer`. In other programs a `Session` loads a model once and scores images:

    from pyimgano_infer import Session

    with Session("bottle/infer_config.json") as session:
        result = session.score("part.png")  # or uint8 pixels: (H, W, 3) RGB, or (H, W) grey
        print(result.score, result.label, result.error)
        for result in session.stream(["a.png", "b.png"]):
            print(result.prediction.input, result.label)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyimgano_infer._session import Result, Session
else:

    def __getattr__(name: str) -> object:
        """Load what scores images when it is asked for, so that the command starts without it."""
        if name in {"Result", "Session"}:
            from pyimgano_infer import _session  # noqa: PLC0415

            return getattr(_session, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Result",
    "Session",
    "__version__",
]

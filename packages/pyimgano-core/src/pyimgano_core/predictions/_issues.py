"""What can be wrong with predictions in files; the codes are stable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.issue import Issue, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {
    "EV101": "PREDICTION_INVALID_LINE",
    "EV102": "PREDICTION_WITHOUT_IMAGE",
    "EV103": "PREDICTION_WITHOUT_SCORE",
    "EV104": "PREDICTION_SCORE_NOT_FINITE",
    "EV105": "PREDICTION_DUPLICATE",
    "EV201": "PREDICTION_WITHOUT_RECORD",
    "EV202": "PREDICTION_AMBIGUOUS",
    "EV203": "RECORD_WITHOUT_PREDICTION",
    "EV204": "PREDICTION_WITHOUT_TRUTH",
    "EV205": "TRUTH_DIFFERS",
    "EV301": "MAP_NOT_USABLE",
    "EV302": "MAP_AMBIGUOUS",
    "EV303": "MAP_MISSING",
    "EV401": "CALIBRATION_NOT_USED",
    "EV402": "THRESHOLDS_DIFFER",
}
_SHOWN = 3
_KEPT = 20


def bad_line(code: str, path: str, line: int, message: str) -> Issue:
    """Return the error of one line of the file `path`."""
    location = Location(manifest=path, line=line)
    return Issue(code=code, name=NAMES[code], severity=Severity.ERROR, message=message, location=location)


def counted(
    code: str, severity: Severity, message: str, names: Sequence[str], *, category: str | None = None
) -> Issue:
    """Return one issue for all of `names`, of which the message shows the first few.

    Args:
        code: the issue's code.
        severity: how bad it is.
        message: how many of what they are.
        names: at least one.
        category: where they all are in one.
    """
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    data: dict[str, Any] = {"count": len(names)}
    return Issue(
        code=code,
        name=NAMES[code],
        severity=severity,
        message=f"{message}: {shown}",
        paths=tuple(names[:_KEPT]),
        category=category,
        data=data,
    )

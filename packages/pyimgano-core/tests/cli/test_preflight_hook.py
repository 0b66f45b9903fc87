from __future__ import annotations

import pytest

from pyimgano_core.cli.preflight_hook import exit_code_of, failure_report
from pyimgano_core.contracts.preflight import PreflightReport, fingerprint
from pyimgano_core.errors import ConfigError, MachineError


@pytest.mark.parametrize(
    ("errors", "by_code", "expected"),
    [
        (0, {"PF604": 3}, 0),
        (3, {"PF901": 3, "PF604": 1}, 4),
        (4, {"PF901": 3, "PF312": 200}, 2),
        (1, {"PF301": 1}, 2),
    ],
)
def test_errors_of_the_data_beat_those_of_the_storage(errors, by_code, expected):
    counts = {"error": errors, "warning": 0, "info": 0}
    summary = {"by_severity": counts, "by_code": by_code}
    report = PreflightReport(pyimgano_version="1", status="error" if errors else "info", summary=summary)
    assert expected == exit_code_of(report)


@pytest.mark.parametrize(
    ("error", "by_code"),
    [
        (ConfigError(["$.a: unknown key", "$.b: unknown key"]), {"PF905": 2}),
        (MachineError("no preflight is installed"), {"PF901": 1}),
        (OSError(5, "Input/output error"), {"PF901": 1}),
    ],
)
def test_a_preflight_that_could_not_begin_has_a_report(error, by_code):
    report = failure_report(error)
    assert by_code == report.summary["by_code"]
    assert {"error": sum(by_code.values()), "warning": 0, "info": 0} == report.summary["by_severity"]
    assert {"error": 0, "warning": 0, "info": 0} == report.summary["known_by_severity"]
    assert [fingerprint(issue) for issue in report.issues] == [each.fingerprint for each in report.issues]

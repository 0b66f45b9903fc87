"""`pyimgano-core schema`: JSON Schemas generated from the contracts; the package ships them too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyimgano_core.artifacts import json_schema, to_json, write_text
from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.data_line import DataLine
from pyimgano_core.contracts.environment import Environment
from pyimgano_core.contracts.evaluation import EvaluationReport
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.contracts.part import PartVerdict
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.preflight import PreflightReport, ReportedIssue
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.contracts.report import CategoryReport, RunReport
from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.errors import UsageError

_CONTRACTS: dict[str, type[Any]] = {
    "category_report": CategoryReport,
    "data_line": DataLine,
    "environment": Environment,
    "evaluation": EvaluationReport,
    "infer_config": InferConfig,
    "infer_summary": InferSummary,
    "manifest_record": Record,
    "part_verdict": PartVerdict,
    "prediction": Prediction,
    "preflight": PreflightReport,
    "preflight_issue": ReportedIssue,
    "run_config": RunConfig,
    "run_report": RunReport,
}


@click.command()
@click.argument("name", required=False)
@click.option("--write", "folder", type=click.Path(path_type=Path), help="Write the schemas into a folder.")
def schema(name: str | None, folder: Path | None) -> None:
    """List the JSON Schemas, or print the one called NAME."""
    if name is not None and name not in _CONTRACTS:
        raise UsageError(f"schema {name!r}: {unknown('name', name, list(_CONTRACTS))}")
    names = sorted(_CONTRACTS) if name is None else [name]
    if folder is not None:
        for each in names:
            write_text(folder / f"{each}.json", to_json(schema_of(each), indent=2) + "\n")
    elif name is None:
        write_stdout("".join(f"{each}\n" for each in names))
    else:
        emit_json(schema_of(name))


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema called `name`.

    What people write has no other keys than these; what machines write may have more, which readers ignore.
    """
    if name == "manifest_record":
        return _manifest_record()
    document = json_schema(_CONTRACTS[name])
    if name == "run_config":
        for table in (document, *document["$defs"].values()):
            table["additionalProperties"] = False
    return document


def _manifest_record() -> dict[str, Any]:
    """Return the schema of a manifest's line: a `Record` without what reading a manifest adds to it."""
    document = json_schema(Record)
    for added in ("labelled", "line"):
        del document["properties"][added]
    document["description"] = (
        "One line of a manifest. Paths are relative to the manifest's folder, `label` is 0 for normal and\n"
        "1 for anomalous, and a group stays on one side of the split."
    )
    document["properties"]["label"] = {"enum": [NORMAL, ANOMALOUS]}
    document["if"] = {"required": ["split"], "properties": {"split": {"const": "test"}}}
    document["then"] = {"required": ["label"]}
    return document

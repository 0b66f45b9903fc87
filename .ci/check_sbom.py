# /// script
# requires-python = ">=3.11"
# dependencies = ["cyclonedx-python-lib>=11", "jsonschema>=4.25", "referencing>=0.36"]
# ///
# The library's extra for this, json-validation, adds a parser of addresses that takes a minute.
"""Check a bill of materials: its CycloneDX schema, and that the packages and what they need are in it."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

EXPECTED = {f"pyimgano-{short}" for short in ("core", "preflight", "workbench", "infer", "bench")}
EXPECTED |= {"numpy", "pillow", "onnxruntime", "torch"}

text = Path(sys.argv[1]).read_text(encoding="utf-8")
document = json.loads(text)
if error := JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text):
    sys.exit(f"error: {sys.argv[1]}: {error}")
named = {component["name"] for component in document["components"]}
if missing := EXPECTED - named:
    sys.exit(f"error: {sys.argv[1]}: these components are missing: {', '.join(sorted(missing))}")
sys.stdout.write(f"CycloneDX {document['specVersion']}, {len(named)} components\n")

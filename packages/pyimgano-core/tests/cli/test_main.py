import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pyimgano_core.cli.main import core

HEAVY = ("numpy", "PIL", "torch", "timm", "onnx", "onnxruntime", "skimage", "scipy")


def run(*arguments):
    result = CliRunner().invoke(core, list(arguments))
    assert result.exception is None, result.output
    return result.output


def test_help_lists_the_commands_without_loading_them():
    script = f"""
import sys
from pyimgano_core.cli.main import main
sys.argv = ["pyimgano-core", "--help"]
try:
    main()
finally:
    ours = ("pyimgano_core.cli.schema", "pyimgano_core.cli.manifest", "pyimgano_core.cli.detectors")
    print(sorted(set(sys.modules) & {{*ours, *{HEAVY!r}}}), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (0, "[]\n") == (result.returncode, result.stderr)
    assert ["detectors", "evaluate", "manifest", "schema"] == [
        line.split()[0] for line in result.stdout.partition("Commands:\n")[2].splitlines()
    ]


@pytest.mark.parametrize("name", ["detectors", "evaluate", "manifest", "schema"])
def test_every_command_answers_help(name):
    assert run(name, "--help").startswith(f"Usage: pyimgano-core {name} ")


def test_help_has_a_short_name():
    assert run("--help") == run("-h")


def test_the_version_is_printed():
    assert run("--version").startswith("pyimgano-core, version ")


def test_an_unknown_command_is_a_wrong_usage():
    result = CliRunner().invoke(core, ["detector"], standalone_mode=False)
    assert isinstance(result.exception, click.UsageError)


def test_the_detectors_are_listed():
    listed = json.loads(run("detectors", "--json"))["detectors"]
    assert {"padim", "patchcore"} <= {row["name"] for row in listed}
    assert all(row["summary"] and ":" in row["target"] for row in listed)
    assert ["name", *(row["name"] for row in listed)] == [
        line.split()[0] for line in run("detectors").splitlines()
    ]

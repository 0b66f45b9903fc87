"""What importing the package, and asking its command for help, may load."""

import json
import subprocess
import sys

import pytest

CLICK = {"click", "colorama"}  # colorama on Windows only


def loaded_by(code):
    """The packages that `code` loads in a fresh interpreter, less the standard library's."""
    report = (
        "import contextlib, io, json, sys\n"
        "before = set(sys.modules)\n"
        "try:\n"
        f"    with contextlib.redirect_stdout(io.StringIO()): {code}\n"
        "except SystemExit as exc:\n"
        "    assert not exc.code\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    result = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout)) - set(sys.stdlib_module_names)


def test_the_package_itself_loads_nothing_else():
    assert loaded_by("import pyimgano_workbench") <= {"pyimgano_core", "pyimgano_workbench"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_the_command_answers_without_loading_more_than_click(arguments):
    code = f"sys.argv[1:] = {arguments}; from pyimgano_workbench.cli import main; main()"
    assert loaded_by(code) <= CLICK | {"pyimgano_core", "pyimgano_workbench"}

"""What importing the package, and asking its command for help, may load."""

import json
import subprocess
import sys

import pytest

CLICK = {"click", "colorama"}  # colorama on Windows only
TYPING = {"typing_extensions"}  # which cattrs brings
HEAVY = {"torch", "timm", "onnx", "onnxscript", "onnxruntime", "skimage", "scipy", "sklearn"}


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
    assert loaded_by("import pyimgano_core") <= {"pyimgano_core"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_the_command_answers_without_loading_more_than_click(arguments):
    code = f"sys.argv[1:] = {arguments}; from pyimgano_core.cli.main import main; main()"
    assert loaded_by(code) <= CLICK | {"pyimgano_core"}


def test_the_manifest_commands_load_no_framework_and_no_runtime():
    code = "sys.argv[1:] = ['manifest', '--help']; from pyimgano_core.cli.main import main; main()"
    assert not loaded_by(code) & HEAVY


@pytest.mark.parametrize("name", ["artifacts", "contracts.report", "recipes", "configfile"])
def test_contracts_and_configs_load_attrs_and_cattrs_alone(name):
    assert loaded_by(f"import pyimgano_core.{name}") <= {"attr", "attrs", "cattrs", "pyimgano_core"} | TYPING


def test_predictions_in_files_are_measured_without_a_framework_or_a_runtime():
    assert not loaded_by("import pyimgano_core.predictions") & HEAVY


@pytest.mark.parametrize("name", ["preparation", "images", "layouts", "manifest", "splits", "pixel_gate"])
def test_reading_data_loads_no_framework_and_no_runtime(name):
    assert not loaded_by(f"import pyimgano_core.{name}") & HEAVY


def test_the_facade_of_detectors_loads_no_framework():
    assert not loaded_by("import pyimgano_core.detectors") & {"torch", "timm", "onnx", "onnxscript"}


def test_scoring_loads_no_framework():
    pytest.importorskip("onnxruntime")
    assert not loaded_by("import pyimgano_core.scoring") & {"torch", "timm", "onnx", "onnxscript", "openvino"}

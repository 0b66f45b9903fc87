"""What importing the command may load: its help must come at once."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = {"PIL", "attrs", "cattrs", "numpy", "onnxruntime", "skimage", "scipy", "timm", "torch"}
ALLOWED = {"click", "pyimgano_core", "pyimgano_infer"}
LIST_MODULES = """
import json, sys
before = set(sys.modules)
import {module}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - sys.stdlib_module_names)))
"""


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["pyimgano_infer", "pyimgano_infer.cli"])
def test_importing_loads_the_allowed_packages_only(module):
    loaded = set(json.loads(run_python(LIST_MODULES.format(module=module))))
    assert set() == loaded & HEAVY
    assert set() == loaded - ALLOWED


def test_help_takes_well_under_half_a_second_of_cpu():
    code = (
        "import time\n"
        "try:\n"
        "    from pyimgano_infer.cli import main\n"
        "    import sys; sys.argv = ['pyimgano-infer', '--help']; main()\n"
        "except SystemExit:\n"
        "    print(time.process_time())\n"
    )
    assert float(run_python(code).splitlines()[-1]) < 0.5


def test_the_process_that_hands_out_the_work_loads_no_runtime():
    loaded = set(json.loads(run_python(LIST_MODULES.format(module="pyimgano_infer._run"))))
    assert set() == loaded & {"PIL", "onnxruntime", "openvino", "ray"}


def test_scoring_loads_no_torch():
    loaded = set(json.loads(run_python(LIST_MODULES.format(module="pyimgano_infer._models"))))
    assert set() == loaded & {"torch", "timm", "onnx", "skimage", "scipy"}


def test_the_first_score_takes_less_than_two_seconds_of_cpu_over_all_processes(config, grey, start_infer):
    before = os.times()
    start_infer("--infer-config", config, grey("a.png", 9)).communicate(timeout=60)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 2.0

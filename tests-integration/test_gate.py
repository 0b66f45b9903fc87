"""The gate's own program, with steps that only tell what they were given."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = """
prepare() { WORK=$(mktemp -d); }
step_lint() { echo "here: $PWD"; echo "wheels: ${PYIMGANO_DIST:-built}"; }
"""


def run_gate(checkout, cwd, **variables):
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci" / "run")
    (checkout / ".ci" / "steps.sh").write_text(STEPS)
    environment = {name: value for name, value in os.environ.items() if name != "PYIMGANO_DIST"}
    done = subprocess.run(
        [os.path.relpath(checkout / ".ci" / "run", cwd), "lint"],
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_folder_of_wheels_is_the_one_that_its_user_sees(tmp_path):
    (tmp_path / "my wheels").mkdir()
    told = run_gate(tmp_path / "checkout", tmp_path, PYIMGANO_DIST="my wheels")
    assert f"wheels: {tmp_path / 'my wheels'}" in told
    assert f"here: {tmp_path / 'checkout'}" in told


def test_without_a_folder_of_wheels_they_are_built(tmp_path):
    assert "wheels: built" in run_gate(tmp_path / "checkout", tmp_path)

import subprocess
import sys

import pytest
from attrs import define

from pyimgano_bench.cost._process import StepError, ask, peak_bytes
from pyimgano_core.errors import ExitCode

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's own mark")


@define(frozen=True, kw_only=True)
class Numbers:
    values: tuple[float, ...]


@define(frozen=True, kw_only=True)
class Total:
    total: float
    threads: str


CHILD = """
import os, sys
from attrs import define
from pyimgano_bench.cost._process import reply
from pyimgano_core.errors import DataError

@define(frozen=True, kw_only=True)
class Numbers:
    values: tuple[float, ...]

@define(frozen=True, kw_only=True)
class Total:
    total: float
    threads: str

def step(request):
    {body}

if __name__ == "__main__":
    reply(step, Numbers)
"""
ADD = "return Total(total=sum(request.values), threads=os.environ['OMP_NUM_THREADS'])"


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Make a module of a step's body and return its name."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(body):
        (tmp_path / "a_step.py").write_text(CHILD.format(body=body), encoding="utf-8")
        return "a_step"

    return write


def test_a_step_answers_from_a_process_of_its_own_with_the_threads_it_is_given(child):
    answer = ask(child(ADD), Numbers(values=(1.5, 2.0)), Total, threads=3)
    assert Total(total=3.5, threads="3") == answer


def test_what_a_step_prints_is_no_part_of_its_answer(child):
    body = "print('hello'); os.system('echo hello from below'); " + ADD
    assert 2.0 == ask(child(body), Numbers(values=(2.0,)), Total, threads=1).total


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ("raise DataError('no images')", "no images", ExitCode.DATA_ERRORS),
        ("raise ValueError('odd')", "ValueError: odd", ExitCode.SOME_INPUTS_FAILED),
        ("os.kill(os.getpid(), 9)", "killed by signal 9", ExitCode.SOME_INPUTS_FAILED),
        ("os._exit(7)", "exit code 7", ExitCode.SOME_INPUTS_FAILED),
    ],
    ids=["refused", "crashed", "killed", "silent"],
)
def test_a_step_that_fails_says_why(child, body, message, code):
    with pytest.raises(StepError, match=message) as caught:
        ask(child(body), Numbers(values=()), Total, threads=1)
    assert code == caught.value.code


@LINUX
def test_the_peak_is_not_that_of_the_parent():
    waste = b"x" * 200_000_000  # resident in this process, and in none that it starts
    code = "from pyimgano_bench.cost._process import peak_bytes; print(peak_bytes())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert 1e6 < int(found.stdout) < len(waste) < peak_bytes()


@LINUX
def test_the_peak_stays_when_memory_is_given_back():
    before = peak_bytes()
    size = before + 50_000_000
    block = bytearray(b"x") * size
    del block
    assert before + 30_000_000 < peak_bytes()

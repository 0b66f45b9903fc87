"""The command as a process: a stand-in shows what it is given, and fails as it is told."""

import json
import sys
from pathlib import Path

import pytest

from pyimgano_bench.deployed._infer import LINES, PROGRAM, find_program, run_infer
from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.errors import ArtifactError, MachineError, UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")

SUMMARY = InferSummary(
    pyimgano_version="1",
    infer_config="c.json",
    output="somewhere",
    n_inputs=2,
    n_ok=2,
    n_failed=0,
    n_normal=2,
    n_anomalous=0,
    n_unlabelled=0,
    seconds=0.5,
    images_per_second=4.0,
)


@pytest.fixture
def program(tmp_path):
    """Return a function that makes a program; it notes what it is given beside itself."""

    def make(code=0, told=""):
        path = tmp_path / "program"
        path.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "options = sys.argv[1:]\n"
            "given = {'options': options, 'images': os.fsdecode(sys.stdin.buffer.read()).split(chr(0))}\n"
            f"open({str(tmp_path / 'given.json')!r}, 'w').write(json.dumps(given))\n"
            f"open(options[options.index('--summary') + 1], 'w').write({to_json(SUMMARY)!r})\n"
            f"sys.stderr.write({told!r})\n"
            f"sys.exit({code})\n"
        )
        path.chmod(0o755)
        return path

    return make


def score(program, tmp_path, *, images=("/a.png", "/b.png"), with_maps=False):
    return run_infer(program, Path("c.json"), "nut", images, tmp_path, device="cpu", with_maps=with_maps)


def given(tmp_path):
    return json.loads((tmp_path / "given.json").read_text())


@pytest.mark.parametrize("code", [0, 4])
def test_the_summary_is_returned_whether_or_not_inputs_failed(program, tmp_path, code):
    found = score(program(code), tmp_path)
    assert (2, 0.5, None) == (found.n_inputs, found.seconds, found.output)


def test_the_command_scores_the_images_alone_and_one_at_a_time(program, tmp_path):
    score(program(), tmp_path)
    options = given(tmp_path)["options"]
    pairs = dict(zip(options[:-2:2], options[1:-2:2], strict=True))
    assert ["--null", "-"] == options[-2:]
    assert {
        "--infer-config": "c.json",
        "--category": "nut",
        "--device": "cpu",
        "--workers": "1",
        "--output": str(tmp_path / LINES),
        "--summary": str(tmp_path / "summary.json"),
    } == pairs


def test_maps_are_kept_where_pixels_count(program, tmp_path):
    score(program(), tmp_path, with_maps=True)
    options = given(tmp_path)["options"]
    assert str(tmp_path / "maps") == options[options.index("--maps") + 1]


def test_names_may_hold_line_ends_and_bytes_that_are_no_text(program, tmp_path):
    images = ["/two\nlines.png", "/\udcff.png"]
    score(program(), tmp_path, images=images)
    assert [*images, ""] == given(tmp_path)["images"]


@pytest.mark.parametrize(
    ("code", "error"), [(5, ArtifactError), (64, UsageError), (74, MachineError), (1, MachineError)]
)
def test_a_failure_is_of_the_kind_that_its_exit_code_says(program, tmp_path, code, error):
    with pytest.raises(error, match=rf"^{PROGRAM} ended with exit code {code}: it broke$"):
        score(program(code, "loading\nError: it broke\n"), tmp_path)


def test_a_crash_is_told_by_its_last_line(program, tmp_path):
    with pytest.raises(MachineError, match="exit code 1: KeyError: 3"):
        score(program(1, "Traceback\n  File x\nKeyError: 3\n\n"), tmp_path)


def test_the_command_beside_this_python_comes_before_that_on_the_path(tmp_path, monkeypatch):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / PROGRAM).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "here" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "there"))
    assert tmp_path / "here" / PROGRAM == find_program()
    (tmp_path / "here" / PROGRAM).unlink()
    assert tmp_path / "there" / PROGRAM == find_program()


def test_a_missing_command_is_named_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="pip install pyimgano-infer"):
        find_program()

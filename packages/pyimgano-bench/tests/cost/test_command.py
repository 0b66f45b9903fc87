import json
import shutil
from pathlib import Path

import pytest

from pyimgano_bench.commands.cost import command
from pyimgano_core.cli.app import run


@pytest.fixture
def call(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


@pytest.fixture
def faulty(maker):
    """The manifest of a data set that can't be measured, which is told at once."""
    maker.add_category("bolt")
    manifest = maker.write()
    shutil.copy(manifest.with_name("bolt_train0.png"), manifest.with_name("bolt_good0.png"))  # a leak
    return manifest


def test_json_is_one_document_that_tells_how_it_was_measured(call, faulty, tmp_path):
    code, out, _ = call(
        "--manifest-path", faulty, "--rounds", 2, "--images", 3, "--batch", 4, "--threads", 5,
        "--output-dir", "out", "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert (2, {"rounds": 2, "images": 3, "batch": 4, "threads": 5}) == (code, document["protocol"])
    assert document == json.loads((tmp_path / "out" / "cost.json").read_text())


def test_the_terminal_tells_what_failed_and_where_results_are(call, faulty):
    code, out, err = call("--manifest-path", faulty, "--detector", "subspace")
    assert 2 == code
    assert err.startswith("subspace on parts/bolt failed\nError: the data set has 1 error")
    assert "parts/bolt subspace failed: " in out
    assert f"results: {Path('runs', 'cost_')}" in out


@pytest.mark.parametrize("option", ["--rounds", "--images", "--batch", "--threads"])
def test_nothing_is_measured_zero_times(call, faulty, option):
    code, _, err = call("--manifest-path", faulty, option, 0)
    assert 64 == code
    assert option in err

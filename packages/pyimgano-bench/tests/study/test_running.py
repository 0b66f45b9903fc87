import json
import re
from functools import partial

import click
import pytest

from pyimgano_bench.study.cases import Study, run_study
from pyimgano_bench.study.options import study_options
from pyimgano_bench.study.running import conduct
from pyimgano_core.cli.app import run
from pyimgano_core.errors import DataError


def count_cells(plan, output, *, now, progress, on_error, error=None):
    """A study that fits nothing; it stops or fails at the category `nut` where it is told to."""

    def work(case, _part):
        if error is not None and case.category.split.category == "nut":
            raise error
        return ()

    study = Study(name="count", work=work, settings={})
    sweep = run_study(study, plan, output, progress=progress, on_error=on_error)
    return {"year": now.year, "cells": len(sweep.cells), "limit": plan.limit}, sweep


@pytest.fixture
def counting(capfd, tmp_path, monkeypatch):
    """Run that study as a command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, error=None):
        @click.command
        @study_options
        @click.pass_context
        def command(context, /, **options):
            study = partial(count_cells, error=error)
            return conduct(context, options, "count", study, lambda results: f"{results['cells']} cells")

        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        return int(caught.value.code), *capfd.readouterr()

    return call


def test_results_and_their_folder_are_told(counting, manifest):
    code, out, err = counting("--manifest-path", manifest)
    assert (0, "") == (code, err)
    assert re.fullmatch(r"2 cells\n\nresults: runs/count_\d{8}_\d{6}\n", out.replace("\\", "/"))


def test_what_was_there_before_is_told(counting, manifest):
    arguments = ("--manifest-path", manifest, "--output-dir", "out")
    counting(*arguments)
    assert "results: out (2 of 2 cells were there before)" in counting(*arguments)[1]


def test_json_is_one_document_and_nothing_else(counting, manifest):
    code, out, err = counting("--manifest-path", manifest, "--json", "--limit", 3)
    document = json.loads(out)
    assert (0, "", 2, 3) == (code, err, document["cells"], document["limit"])


def test_an_interrupted_command_says_how_to_go_on_and_does(counting, manifest):
    arguments = ("--manifest-path", manifest, "--output-dir", "out")
    code, out, err = counting(*arguments, error=KeyboardInterrupt())
    assert (130, "") == (code, out)
    assert "go on with --output-dir out" in err
    assert "(1 of 2 cells was there before)" in counting(*arguments)[1]


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (DataError("no image can be read"), 2, "Error: no image can be read"),
        (RuntimeError("shapes differ"), 4, "RuntimeError: shapes differ"),
    ],
)
def test_a_failure_is_told_with_its_place_and_does_not_stop_the_others(counting, manifest, error, code, told):
    found, out, err = counting("--manifest-path", manifest, error=error)
    assert (code, True) == (found, out.startswith("2 cells"))
    first, *_, last = err.split("\n\n")[0].strip().splitlines()
    assert ("dictionary on parts/nut, seed 0 failed", told) == (first, last)

"""All shards of a data set in real worker processes, some of which are really killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec

import pytest
from PIL import Image

from pyimgano_core.artifacts import try_lock
from pyimgano_core.errors import UsageError
from pyimgano_preflight._reading import ReadOptions
from pyimgano_preflight._scan_folder import find_parts, part_name, plan_scan

COMMAND = "from pyimgano_preflight.cli import main; main()"
PATIENCE = 60

# Python imports a module of this name in each process that it starts: here it kills those that read a file.
KILLER = """
import os, signal, sys
from pathlib import Path

def install():
    from pyimgano_preflight.facts import _store
    read = _store.read_facts

    def read_or_die(path, *rest):
        if path.endswith({name!r}):
            with Path({tries!r}).open("a") as stream:
                stream.write("x")
            if len(Path({tries!r}).read_text()) <= {deaths}:
                os.kill(os.getpid(), signal.SIGKILL)
        return read(path, *rest)

    _store.read_facts = read_or_die

if "multiprocessing.spawn" in " ".join(sys.orig_argv) and "spawn_main" in " ".join(sys.orig_argv):
    install()
"""


@pytest.fixture
def faulty(dataset):
    """The data set with faults of a file, of two files, and of none."""
    folder = dataset.folder
    shutil.copy(folder / "train/0.png", folder / "good/0.png")
    (folder / "train/1.png").write_bytes((folder / "train/1.png").read_bytes()[:-30])
    (folder / "train/2.png").unlink()
    Image.new("L", (40, 40)).save(folder / "masks/0.png")
    dataset.rows.append({**dataset.row("train/7.png"), "image_path": "./train/7.png"})
    dataset.save()
    return dataset


@pytest.fixture
def processes():
    """Return a function that starts the command as a process of its own group."""
    started = []

    def start(*arguments, path=None):
        environment = os.environ if path is None else {**os.environ, "PYTHONPATH": str(path)}
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # workers that a fault leaves would keep the pipes open
        process.communicate()


def killer(folder, name, deaths):
    """Return a folder for `PYTHONPATH` with which reading `name`, one or several, kills `deaths` times."""
    folder.mkdir()
    text = KILLER.format(name=name, tries=str(folder / "tries"), deaths=deaths)
    (folder / "sitecustomize.py").write_text(text)
    return folder


def report(result):
    document = result.document["preflight"]
    return json.dumps({key: value for key, value in document.items() if key != "times"})


def parts(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# one report


@pytest.mark.parametrize("profile", ["standard", "deep"])
def test_the_report_is_that_of_a_check_for_any_number_of_shards_and_workers(faulty, tmp_path, cli, profile):
    read = ("--profile", profile)
    expected = cli("check", faulty.manifest, *read, "--json")
    assert '"PF302"' in expected.stdout
    for shards, workers in ((1, 1), (3, 2), (40, 2)):
        folder = tmp_path / f"{shards}"
        many = ("--shards", shards, "--workers", workers, "--output", folder)
        scanned = cli("scan", faulty.manifest, *read, *many, "--json")
        assert {"folder": str(folder), "shards": shards, "failed": []} == scanned.document["scan"]
        merged = cli("merge", faulty.manifest, folder, "--json")
        assert report(expected) == report(merged)
        assert expected.code == merged.code == 2


def test_the_facts_are_byte_for_byte_those_of_scans_of_one_shard(faulty, tmp_path, cli):
    cli("scan", faulty.manifest, "--shards", "2", "--output", tmp_path / "many")
    for index in range(2):
        single = tmp_path / "single" / part_name(index, 2)
        cli("scan", faulty.manifest, "--shard", f"{index}/2", "--output", single)
    assert parts(tmp_path / "many") == parts(tmp_path / "single")


def test_paths_from_the_current_folder_mean_the_same_to_workers(faulty, tmp_path, cli, monkeypatch):
    expected = cli("check", faulty.manifest, "--json")
    monkeypatch.chdir(faulty.folder)
    options = ("--workers", "1", "--cache", "cache.db", "--shards", "2", "--output", "facts")
    assert cli("scan", "manifest.jsonl", *options).code == 0
    assert (faulty.folder / "cache.db").exists()
    monkeypatch.chdir(tmp_path)
    merged = cli("merge", faulty.manifest, faulty.folder / "facts", "--json")
    assert expected.document["preflight"]["issues"] == merged.document["preflight"]["issues"]


def test_names_of_parts_sort_as_shards_do():
    names = [part_name(shard, 1000) for shard in range(1000)]
    assert sorted(names) == names
    assert ("facts-0-of-1.jsonl", "facts-007-of-101.jsonl") == (part_name(0, 1), part_name(7, 101))


# the same command again


def test_the_same_command_again_does_what_is_missing_and_nothing_else(faulty, tmp_path, cli):
    command = ("scan", faulty.manifest, "--shards", "3", "--workers", "1", "--output", tmp_path / "facts")
    cli(*command)
    whole = parts(tmp_path / "facts")
    torn, missing, kept = sorted((tmp_path / "facts").iterdir())
    torn.write_bytes(torn.read_bytes()[:-100])
    missing.unlink()
    before = kept.stat().st_mtime_ns
    assert f"{tmp_path / 'facts'}: 3 of 3 shards are whole\n" == cli(*command).stdout
    assert whole == parts(tmp_path / "facts")
    assert before == kept.stat().st_mtime_ns


def test_facts_in_another_number_of_shards_are_not_mixed(faulty, tmp_path, cli):
    folder = tmp_path / "facts"
    cli("scan", faulty.manifest, "--shards", "3", "--output", folder)
    before = parts(folder)
    refused = cli("scan", faulty.manifest, "--shards", "2", "--output", folder)
    assert (64, True) == (refused.code, "facts-0-of-3.jsonl: give another folder" in refused.stderr)
    assert before == parts(folder)


@pytest.mark.parametrize("other", [("--profile", "quick"), ("--set", "dataset.sixteen_bit_range=[0, 4095]")])
def test_facts_of_other_settings_are_not_overwritten(faulty, tmp_path, cli, other):
    folder = tmp_path / "facts"
    cli("scan", faulty.manifest, "--shards", "2", "--output", folder)
    before = parts(folder)
    refused = cli("scan", faulty.manifest, *other, "--shards", "2", "--output", folder)
    assert (64, True) == (refused.code, "facts-0-of-2.jsonl is of another scan" in refused.stderr)
    assert before == parts(folder)


def test_facts_of_other_records_are_not_overwritten(faulty, tmp_path, cli):
    folder = tmp_path / "facts"
    cli("scan", faulty.manifest, "--shards", "2", "--output", folder)
    before = parts(folder)
    lines = faulty.manifest.read_text().splitlines(keepends=True)
    faulty.manifest.write_text("".join(lines[:-1]))
    refused = cli("scan", faulty.manifest, "--shards", "2", "--output", folder)
    assert (64, True) == (refused.code, "give another folder, or remove it" in refused.stderr)
    assert before == parts(folder)


def test_one_scan_at_a_time_works_in_a_folder(faulty, tmp_path, cli):
    command = ("scan", faulty.manifest, "--shards", "2", "--output", tmp_path)
    with try_lock(tmp_path / ".scan.lock"):
        refused = cli(*command)
    assert (64, True) == (refused.code, "another scan is at work in it" in refused.stderr)
    assert 0 == cli(*command).code


def test_a_file_where_the_folder_should_be_is_kept(faulty, tmp_path, cli):
    (tmp_path / "facts").write_text("mine")
    refused = cli("scan", faulty.manifest, "--shards", "2", "--output", tmp_path / "facts")
    assert (64, True) == (refused.code, "is a file" in refused.stderr)
    assert "mine" == (tmp_path / "facts").read_text()


def test_a_part_that_is_no_file_of_facts_is_kept(faulty, tmp_path, cli):
    (tmp_path / part_name(1, 3)).write_text("mine")
    refused = cli("scan", faulty.manifest, "--shards", "3", "--workers", "1", "--output", tmp_path)
    assert (64, True) == (refused.code, "holds no facts, so it is kept" in refused.stderr)
    assert "mine" == (tmp_path / part_name(1, 3)).read_text()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_scan_goes_on_with_the_same_command(dataset, tmp_path, cli, processes, number, code):
    folder = tmp_path / "facts"
    for index in range(400):
        dataset.rows.append({**dataset.rows[0], "image_path": f"train/{index}-more.png"})
        (dataset.folder / f"train/{index}-more.png").hardlink_to(dataset.folder / "train/0.png")
    dataset.save()
    command = ("scan", dataset.manifest, "--shards", "200", "--workers", "2", "--output", folder)
    process = processes(*command)
    deadline = time.monotonic() + PATIENCE
    while not any(folder.glob("facts-*")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert code == process.returncode
    assert 1 == len(errors.splitlines())
    assert set(folder.iterdir()) == set(find_parts([folder]))  # and nothing half-written
    assert len(parts(folder)) < 200
    first = parts(folder)
    assert 0 == cli(*command).code
    assert first.items() <= parts(folder).items()
    assert 200 == len(parts(folder))


# workers that die


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_a_worker_that_is_killed_in_the_middle_costs_nothing(faulty, tmp_path, cli, processes):
    path = killer(tmp_path / "path", "train/8.png", 1)
    folder = tmp_path / "facts"
    process = processes(
        "scan", faulty.manifest, "--shards", "4", "--workers", "2", "--output", folder, path=path
    )
    _, errors = process.communicate(timeout=PATIENCE)
    assert (0, "") == (process.returncode, errors)
    assert "xx" == (path / "tries").read_text()
    assert {part_name(shard, 4) for shard in range(4)} == set(parts(folder))  # and nothing half-written
    merged = cli("merge", faulty.manifest, folder, "--json")
    assert report(cli("check", faulty.manifest, "--json")) == report(merged)


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_files_that_always_kill_are_told_of_and_the_rest_is_scanned(dataset, tmp_path, cli, processes):
    dataset.save()
    found = []
    for shards, workers in ((4, 2), (1, 1)):
        path = killer(tmp_path / f"path-{shards}", ("train/8.png", "masks/0.png"), 1000)
        folder = tmp_path / f"facts-{shards}"
        many = ("--shards", shards, "--workers", workers, "--output", folder)
        process = processes("scan", dataset.manifest, *many, path=path)
        _, errors = process.communicate(timeout=PATIENCE)
        assert (0, "") == (process.returncode, errors)
        assert "xxxx" == (path / "tries").read_text()
        assert {part_name(shard, shards) for shard in range(shards)} == set(parts(folder))  # and no journal
        merged = cli("merge", dataset.manifest, folder, "--json")
        assert merged.code == 2
        found.append(merged.document["preflight"]["issues"])
    errors = [issue for issue in found[0] if issue["severity"] == "error"]
    assert [("PF412", ["train/8.png"]), ("PF514", ["masks/0.png"])] == [
        (issue["code"], issue["paths"]) for issue in errors
    ]
    assert all("killed two processes" in issue["message"] for issue in errors)
    assert found[0] == found[1]


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_a_shard_of_files_that_always_kill_is_given_up_alone(faulty, tmp_path, cli, processes):
    path = killer(tmp_path / "path", ("train/0.png", "train/4.png", "train/8.png", "train/12.png"), 1000)
    folder = tmp_path / "facts"
    command = ("scan", faulty.manifest, "--shards", "4", "--workers", "2", "--output", folder, "--json")
    process = processes(*command, path=path)
    output, errors = process.communicate(timeout=PATIENCE)
    (failed,) = json.loads(output)["scan"]["failed"]
    assert (4, 0) == (process.returncode, failed["shard"])
    assert "x" * 7 == (path / "tries").read_text()
    assert "Error: shard 0: given up after 7 tries: its process was killed by SIGKILL" in errors
    assert {part_name(shard, 4) for shard in (1, 2, 3)} == set(parts(folder))  # and nothing half-written
    merged = cli("merge", faulty.manifest, folder, "--json")
    assert (5, True) == (merged.code, "1 of 4 shards is missing: 0" in merged.stderr)
    assert cli(*command).code == 0  # the file is mended, and the same command goes on
    assert report(cli("check", faulty.manifest, "--json")) == report(
        cli("merge", faulty.manifest, folder, "--json")
    )


# what can't be asked for


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--shards", "2", "--shard", "0/2"), "give one of them"),
        (("--engine", "ray", "--shards", "2"), "--engine ray needs --address"),
        (("--engine", "ray", "--address", "auto"), "--shards"),
        (("--address", "auto", "--shards", "2"), "--engine ray"),
        (("--engine", "ray", "--address", "local", "--shards", "2"), "HOST:PORT"),
        (("--engine", "ray", "--address", "auto", "--shards", "2", "--cache", "x"), "--cache"),
        (("--shards", "0"), "--shards"),
        (("--engine", "dask", "--shards", "2"), "'dask'"),
    ],
)
def test_options_that_contradict_each_other_are_refused(dataset, tmp_path, cli, options, words):
    dataset.save()
    result = cli("scan", dataset.manifest, *options, "--output", tmp_path / "facts")
    assert result.code == 64
    assert words in result.stderr
    assert not (tmp_path / "facts").exists()


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_its_engine_is_missing_in_one_line(dataset, tmp_path, cli):
    dataset.save()
    ray = ("--engine", "ray", "--address", "auto", "--shards", "2", "--output", tmp_path / "facts")
    result = cli("scan", dataset.manifest, *ray)
    assert (74, 1) == (result.code, len(result.stderr.splitlines()))
    assert "pip install 'pyimgano-core[ray]'" in result.stderr


def test_a_folder_of_facts_that_jobs_named_is_merged(faulty, tmp_path, cli):
    folder = tmp_path / "facts"
    for index in range(2):
        cli("scan", faulty.manifest, "--shard", f"{index}/2", "--output", folder / f"{index}.jsonl")
    assert report(cli("check", faulty.manifest, "--json")) == report(
        cli("merge", faulty.manifest, folder, "--json")
    )


def test_a_folder_without_facts_has_nothing_to_merge(dataset, tmp_path, cli):
    dataset.save()
    (tmp_path / "empty").mkdir()
    result = cli("merge", dataset.manifest, tmp_path / "empty")
    assert (64, True) == (result.code, "nothing to merge" in result.stderr)


def test_a_report_does_not_overwrite_facts_in_a_folder(dataset, tmp_path, cli):
    dataset.save()
    cli("scan", dataset.manifest, "--shards", "1", "--output", tmp_path / "facts")
    (part,) = (tmp_path / "facts").iterdir()
    before = part.read_bytes()
    assert 64 == cli("merge", dataset.manifest, tmp_path / "facts", "--issues", part).code
    assert before == part.read_bytes()


def test_a_plan_has_one_thread_for_each_process(dataset, tmp_path):
    dataset.save()
    plan = plan_scan(dataset.config(), (), ReadOptions(workers=8), 2, tmp_path)
    assert 1 == plan.reading.workers
    (tmp_path / part_name(0, 7)).touch()
    with pytest.raises(UsageError, match="another number of shards"):
        plan_scan(dataset.config(), (), ReadOptions(), 2, tmp_path)

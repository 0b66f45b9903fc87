"""A real process watches a folder into which another one writes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such signals")

WRITER = """
import os, sys, time
from pathlib import Path
source, folder = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
count, pause = int(sys.argv[3]), float(sys.argv[4])
for number in range(count):
    temporary = folder / f"{number}.png.tmp"
    name = folder / f"{number}.png"
    with (temporary if number % 2 else name).open("wb", buffering=0) as stream:
        for start in range(0, len(source), 40):
            stream.write(source[start : start + 40])
            time.sleep(pause)
    if number % 2:
        temporary.rename(name)
"""
SLOW = """
import time
import pyimgano_infer._predict as module
score = module.score_file
def score_slowly(*arguments, **options):
    found = score(*arguments, **options)
    time.sleep({seconds})
    return found
module.score_file = score_slowly
"""
KILLER = """
import os, signal
import pyimgano_infer._predict as module
score = module.score_file
def score_or_die(path, **options):
    if path.name.startswith("killer"):
        os.kill(os.getpid(), signal.SIGKILL)
    return score(path, **options)
module.score_file = score_or_die
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out" / "lines.jsonl"


@pytest.fixture
def start_watch(config, folder, output, start_infer):
    """Return a function that starts to watch, with a short time to settle."""

    def start(*options, prelude="", settle=0.2):
        command = ["--infer-config", config, "--watch", folder, "--output", output]
        return start_infer(*command, "--interval", 0.05, "--settle", settle, *options, prelude=prelude)

    return start


def lines_of(output):
    """Return the whole lines by now; each must be valid JSON."""
    text = output.read_text() if output.exists() else ""
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.splitlines()]


def wait_until(condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(process.communicate()[1] or "it did not happen in time")
        time.sleep(0.02)


def stop(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.communicate(timeout=30)


def identities(lines):
    return [(Path(line["input"]).name, line["file"]["modified_ns"]) for line in lines]


def test_images_that_are_written_slowly_or_renamed_are_scored_once_and_whole(
    grey, folder, output, start_watch, tmp_path
):
    source = grey("source.png", 204)
    process = start_watch("--summary", tmp_path / "s.json")
    writer = [sys.executable, "-c", WRITER, str(source), str(folder), "6", "0.1"]
    subprocess.run(writer, check=True)
    wait_until(lambda: len(lines_of(output)) >= 6, process)
    time.sleep(0.5)
    out, err = stop(process)
    lines = lines_of(output)
    assert (143, "", False) == (process.returncode, out, "Traceback" in err)
    assert {f"{number}.png" for number in range(6)} == {Path(line["input"]).name for line in lines}
    assert list(range(6)) == [line["index"] for line in lines]
    assert {("ok", "anomalous")} == {(line["status"], line["label"]) for line in lines}
    state = (folder / "3.png").stat()
    [file] = [line["file"] for line in lines if line["input"].endswith("3.png")]
    assert {"size_bytes": state.st_size, "modified_ns": state.st_mtime_ns} == file
    summary = json.loads((tmp_path / "s.json").read_text())
    assert (6, 6, 0) == (summary["n_inputs"], summary["n_anomalous"], summary["n_resumed"])
    assert "6 inputs: 0 normal, 6 anomalous, 0 failed" in err


def test_an_image_under_the_same_name_is_a_new_one_and_a_changed_one_waits(grey, folder, output, start_watch):
    process = start_watch()
    shutil.copyfile(grey("dark.png", 51), folder / "a.png")
    wait_until(lambda: len(lines_of(output)) == 1, process)
    shutil.copyfile(grey("bright.png", 204), folder / "a.png")
    wait_until(lambda: len(lines_of(output)) == 2, process)
    time.sleep(0.5)
    stop(process)
    assert ["normal", "anomalous"] == [line["label"] for line in lines_of(output)]


@pytest.mark.parametrize("what", ["written", "removed"])
def test_an_image_that_changes_while_it_is_scored_has_no_line_for_what_it_was(
    grey, folder, output, start_watch, what
):
    journal = output.with_name("lines.jsonl.watching")
    shutil.copyfile(grey("dark.png", 51), folder / "a.png")
    process = start_watch(prelude=SLOW.format(seconds=0.5))
    wait_until(lambda: journal.exists() and b"a.png" in journal.read_bytes(), process)
    if what == "removed":
        (folder / "a.png").unlink()
    shutil.copyfile(grey("bright.png", 204), folder / ("b.png" if what == "removed" else "a.png"))
    wait_until(lambda: lines_of(output), process)
    stop(process)
    assert [(0, "anomalous")] == [(line["index"], line["label"]) for line in lines_of(output)]


def test_what_still_waits_at_the_end_is_told(grey, folder, output, start_watch):
    whole = grey("a.png", 51, size=(200, 200))
    shutil.copyfile(whole, folder / "a.png")
    process = start_watch(settle=0.5)
    (folder / "torn.png").write_bytes(whole.read_bytes()[:100])
    wait_until(lambda: lines_of(output), process)
    _, err = stop(process)
    assert 1 == len(lines_of(output))
    assert f"note: 1 image has no line yet, such as {folder / 'torn.png'}: too new, damaged or" in err


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_it_in_order_and_the_same_command_goes_on(
    grey, folder, output, start_watch, tmp_path, name, code
):
    for place in range(20):
        shutil.copyfile(grey("a.png", 51), folder / f"{place}.png")
    process = start_watch("--workers", 2, prelude=SLOW.format(seconds=0.05))
    wait_until(lambda: lines_of(output), process)
    _, err = stop(process, getattr(signal, name))
    first = lines_of(output)
    assert (code, False, True) == (process.returncode, "Traceback" in err, 0 < len(first) < 20)
    assert [output.name] == [path.name for path in output.parent.iterdir()]
    process = start_watch("--summary", tmp_path / "s.json")
    wait_until(lambda: len(lines_of(output)) == 20, process)
    stop(process)
    lines = lines_of(output)
    assert first == lines[: len(first)]
    assert list(range(20)) == [line["index"] for line in lines]
    assert 20 == len(set(identities(lines)))
    summary = json.loads((tmp_path / "s.json").read_text())
    assert (20, len(first)) == (summary["n_inputs"], summary["n_resumed"])


def test_after_any_kill_each_image_has_one_line(grey, folder, output, start_watch):
    rng = random.Random(3)
    source = grey("a.png", 51)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(source), str(folder), "40", "0.005"])
    for _ in range(5):
        process = start_watch("--workers", 2)
        time.sleep(rng.uniform(0.8, 2))
        process.kill()
        process.wait()
    assert 0 == writer.wait(60)
    process = start_watch()
    wait_until(lambda: len(lines_of(output)) >= 40, process)
    time.sleep(0.5)
    stop(process)
    lines = lines_of(output)
    assert {f"{number}.png" for number in range(40)} == {Path(line["input"]).name for line in lines}
    assert list(range(40)) == [line["index"] for line in lines]
    assert {"ok"} == {line["status"] for line in lines}


def test_an_image_that_stays_damaged_is_a_failure_and_one_that_becomes_whole_is_not(
    grey, folder, output, start_watch
):
    whole = grey("a.png", 51, size=(200, 200)).read_bytes()
    process = start_watch(settle=0.1)
    (folder / "torn.png").write_bytes(whole[: len(whole) // 2])
    (folder / "late.png").write_bytes(whole[: len(whole) // 2])
    time.sleep(0.5)  # longer than settling, shorter than ten times that
    (folder / "late.png").write_bytes(whole)
    wait_until(lambda: len(lines_of(output)) == 2, process)
    stop(process)
    assert {("late.png", "ok", None), ("torn.png", "error", "truncated")} == {
        (Path(line["input"]).name, line["status"], line.get("error", {}).get("code"))
        for line in lines_of(output)
    }


def test_a_folder_may_come_late_vanish_and_come_back(grey, folder, output, start_watch, tmp_path):
    def told():
        return process.stderr.readline()  # as soon as it is said, however busy the machine is

    folder.rmdir()
    process = start_watch()
    source = grey("a.png", 51)
    assert "can't be listed: No such file or directory; waiting for it" in told()
    (folder / "deep").mkdir(parents=True)
    assert "is there now" in told()
    shutil.copyfile(source, folder / "deep" / "a.png")
    wait_until(lambda: len(lines_of(output)) == 1, process)
    folder.rename(tmp_path / "away")
    assert "can't be listed: No such file or directory; waiting for it" in told()
    (tmp_path / "away").rename(folder)
    assert "is there now" in told()
    shutil.copyfile(source, folder / "b.png")
    wait_until(lambda: len(lines_of(output)) == 2, process)
    stop(process)
    assert ["a.png", "b.png"] == [Path(line["input"]).name for line in lines_of(output)]


def test_a_folder_that_comes_late_is_known_from_the_lines_of_before(
    grey, folder, output, start_watch, tmp_path
):
    shutil.copyfile(grey("a.png", 51), folder / "a.png")
    process = start_watch()
    wait_until(lambda: len(lines_of(output)) == 1, process)
    stop(process)
    folder.rename(tmp_path / "away")
    process = start_watch()
    time.sleep(1)
    (tmp_path / "away").rename(folder)
    shutil.copyfile(grey("a.png", 51), folder / "b.png")
    wait_until(lambda: len(lines_of(output)) == 2, process)
    stop(process)
    assert ["a.png", "b.png"] == [Path(line["input"]).name for line in lines_of(output)]


def test_a_name_of_strange_bytes_is_known_again(grey, folder, output, start_watch):
    name = os.fsdecode(b"\xff\n.png")
    try:
        shutil.copyfile(grey("a.png", 51), folder / name)
    except OSError:
        pytest.skip("this file system takes no such names")
    process = start_watch()
    wait_until(lambda: lines_of(output), process)
    stop(process)
    process = start_watch()
    shutil.copyfile(grey("a.png", 51), folder / "b.png")
    wait_until(lambda: len(lines_of(output)) == 2, process)
    stop(process)
    assert [str(folder / name), str(folder / "b.png")] == [line["input"] for line in lines_of(output)]


def test_an_image_that_killed_the_program_twice_is_left_out_and_costs_nothing_else(
    grey, folder, output, start_watch
):
    for name in ("a.png", "b.png", "killer.png", "c.png", "d.png"):
        shutil.copyfile(grey("source.png", 51), folder / name)
    for _ in range(2):
        process = start_watch("--workers", 2, prelude=KILLER)
        assert -signal.SIGKILL == process.wait(60)
    process = start_watch("--workers", 2, prelude=KILLER)
    wait_until(lambda: len(lines_of(output)) == 5, process)
    _, err = stop(process)
    codes = {Path(line["input"]).name: line.get("error", {}).get("code") for line in lines_of(output)}
    assert {
        "a.png": None,
        "b.png": None,
        "c.png": None,
        "d.png": None,
        "killer.png": "killed_worker",
    } == codes
    assert "failed: 1 killed_worker" in err
    assert [output.name] == [path.name for path in output.parent.iterdir()]


def test_products_are_kept_and_named_by_the_lines(grey, folder, output, start_watch, tmp_path):
    pytest.importorskip("skimage")
    places = {name: tmp_path / "out" / name for name in ("maps", "masks", "overlays")}
    options = [part for name, place in places.items() for part in (f"--{name}", place)]
    process = start_watch(*options, "--rle", "--regions")
    for place in range(3):
        shutil.copyfile(grey("a.png", 204), folder / f"{place}.png")
    wait_until(lambda: len(lines_of(output)) == 3, process)
    stop(process)
    for line in lines_of(output):
        assert (output.parent / line["anomaly_map"]["path"]).is_file()
        assert (output.parent / line["mask"]).is_file()
        assert (output.parent / line["overlay"]).is_file()
        assert line["mask_rle"]["size"] == [20, 30]
        assert 1 == len(line["regions"])


@pytest.fixture
def small_disk(tmp_path):
    """Return the folder of a file system of 16 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(config, grey, folder, small_disk, start_infer):
    source = grey("a.png", 51)
    for place in range(60):
        shutil.copyfile(source, folder / f"{place}.png")
    output = small_disk / "lines.jsonl"
    command = ["--infer-config", config, "--watch", folder, "--output", output, "--settle", 0.1]
    process = start_infer(*command)
    _, err = process.communicate(timeout=60)
    assert (74, 1) == (process.returncode, len(err.splitlines()))
    assert "No space left on device: make room and run the same command again" in err
    assert 0 < len(lines_of(output)) < 60
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    process = start_infer(*command)
    wait_until(lambda: len(lines_of(output)) == 60, process)
    stop(process)
    assert ["ok"] * 60 == [line["status"] for line in lines_of(output)]


def test_a_second_one_for_the_same_output_is_refused(folder, output, start_watch, run_infer, config):
    process = start_watch()
    journal = output.with_name("lines.jsonl.watching")
    wait_until(journal.exists, process)
    done = run_infer("--infer-config", config, "--watch", folder, "--output", output)
    stop(process)
    assert (64, True) == (done.code, "another process watches for the same --output" in done.err)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--watch", "in"], "--watch needs --output FILE"),
        (["--watch", "in", "--output", "o", "a.png"], "leave out INPUT"),
        (["--watch", "in", "--output", "o", "--csv", "c", "--fail-on-anomaly"], "--csv, --fail-on-anomaly"),
        (["--watch", "a.png", "--output", "o"], "--watch 'a.png': is no folder"),
        (["--watch", "in", "--output", "o", "--maps", "in/maps"], "is inside the input folder 'in'"),
        (["--settle", "2", "a.png"], "--settle does nothing without --watch"),
        (["--watch", "in", "--output", "run"], "--output 'run': is no file"),
    ],
    ids=["output", "input", "ignored", "file", "inside", "alone", "folder"],
)
def test_what_can_t_be_meant_is_refused(config, grey, run_infer, monkeypatch, tmp_path, options, said):
    grey("a.png", 51)
    grey("in/a.png", 51)
    monkeypatch.chdir(tmp_path)
    done = run_infer("--infer-config", config, *options)
    assert (64, True, 1) == (done.code, said in done.err, len(done.err.splitlines()))


def test_the_lines_of_other_inputs_are_refused(config, grey, folder, run_infer, tmp_path):
    output = tmp_path / "o.jsonl"
    run_infer("--infer-config", config, "--output", output, grey("in/a.png", 51))
    before = output.read_bytes()
    done = run_infer("--infer-config", config, "--watch", folder, "--output", output)
    assert (64, before) == (done.code, output.read_bytes())
    assert "holds lines of other inputs than those of --watch" in done.err

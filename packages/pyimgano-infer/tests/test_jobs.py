"""An array of jobs over the same inputs gives what one run gives."""

import os
from pathlib import Path

import pytest

COUNT = 50


@pytest.fixture
def command(config, grey, manifest, tmp_path):
    for value in range(10):
        grey(f"{value}.png", value * 20)
    rows = manifest(*({"image_path": f"{row % 11}.png", "category": "part"} for row in range(COUNT)))
    return ["--infer-config", config, "--output", tmp_path / "out.jsonl", rows]


@pytest.fixture
def expected(command, run_infer):
    return run_infer(*command[:2], command[-1]).out


def job(index, count):
    return ["--num-shards", count, "--shard-index", index]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_jobs_in_any_order_give_what_one_run_gives(command, expected, run_infer, tmp_path, order):
    *first, last = order
    for index in first:
        done = run_infer(*command, *job(index, 3))
        assert (0, False) == (done.code, (tmp_path / "out.jsonl").exists())
        assert f"job {index} of 3: its inputs are scored" in done.err
    done = run_infer(*command, *job(last, 3), "--summary", tmp_path / "s.json")
    assert (4, expected) == (done.code, (tmp_path / "out.jsonl").read_text())
    assert f"{COUNT} inputs: " in done.err
    assert not (tmp_path / "out.jsonl.partial").exists()


def test_the_command_without_a_job_finishes_what_is_missing(command, expected, run_infer, tmp_path):
    run_infer(*command, *job(1, 4))
    done = run_infer(*command)
    assert expected == (tmp_path / "out.jsonl").read_text()
    assert "of them were there already" in done.err


def test_jobs_at_the_same_time_put_the_results_together_once(command, expected, start_infer, tmp_path):
    processes = [start_infer(*command, "--workers", 1, *job(index, 2)) for index in (0, 1)]
    texts = [process.communicate(timeout=120)[1] for process in processes]
    assert "Traceback" not in "".join(texts)
    assert expected == (tmp_path / "out.jsonl").read_text()
    assert 1 == sum("results: " in text for text in texts)
    assert [0, 4] == sorted(process.returncode for process in processes)


def test_a_job_of_more_than_there_are_shards_has_nothing_to_do_and_leaves_nothing(
    command, run_infer, tmp_path
):
    before = set(tmp_path.iterdir())
    done = run_infer(*command, *job(13, 14))
    assert (0, "job 13 of 14: the inputs are 13 parts, none is its own\n") == (done.code, done.err)
    assert before == set(tmp_path.iterdir())
    assert "12 of 13 parts are not whole" in run_infer(*command, *job(12, 13)).err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--shard-index", 1], {"SLURM_ARRAY_TASK_COUNT": "2"}),
        (["--num-shards", 2], {"SLURM_ARRAY_TASK_ID": "1"}),
        (["--num-shards", 2], {"JOB_COMPLETION_INDEX": "1"}),
    ],
)
def test_what_is_left_out_is_what_the_scheduler_tells(command, run_infer, monkeypatch, given, told):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert "job 1 of 2" in run_infer(*command, *given).err


def test_a_scheduler_alone_makes_no_job_of_a_command(command, expected, run_infer, monkeypatch, tmp_path):
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
    run_infer(*command)
    assert expected == (tmp_path / "out.jsonl").read_text()


@pytest.mark.parametrize("wrong", [["--num-shards", 2], ["--shard-index", 0], job(2, 2), job(0, 0)])
def test_a_job_that_is_none_is_wrong_usage(command, run_infer, monkeypatch, wrong):
    for name in [name for name in os.environ if name.startswith(("SLURM_", "JOB_COMPLETION_"))]:
        monkeypatch.delenv(name)
    assert 64 == run_infer(*command, *wrong).code


def test_jobs_and_clusters_need_a_file_that_all_share(config, grey, run_infer):
    image = grey("a.png", 9)
    for options in (job(0, 2), ["--engine", "ray", "--address", "127.0.0.1:6379"]):
        done = run_infer("--infer-config", config, *options, image)
        assert (64, True) == (done.code, "--output" in done.err)


def test_the_same_job_does_not_run_twice_at_a_time(command, run_infer, tmp_path):
    from pyimgano_core.artifacts import try_lock  # noqa: PLC0415

    partial = Path(tmp_path / "out.jsonl.partial")
    run_infer(*command, *job(0, 2))
    with try_lock(partial / ".lock-0-of-2"):
        assert [64, 0] == [run_infer(*command, *job(0, 2)).code, run_infer(*command, *job(2, 3)).code]
        assert 64 == run_infer(*command).code

from datetime import UTC, datetime
from pathlib import Path

from pyimgano_bench.outputs import fresh_folder


def test_a_fresh_folder_is_named_by_the_time_and_never_there_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    first = fresh_folder("few_shot", now)
    assert Path("runs/few_shot_20260304_050607") == first
    first.mkdir(parents=True)
    assert Path("runs/few_shot_20260304_050607_2") == fresh_folder("few_shot", now)

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pyimgano_bench.outputs import check_folder, fresh_folder, hint_to_resume
from pyimgano_core.errors import UsageError


def test_a_fresh_folder_is_named_by_the_time_and_never_there_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    first = fresh_folder("few_shot", now)
    assert Path("runs/few_shot_20260304_050607") == first
    first.mkdir(parents=True)
    assert Path("runs/few_shot_20260304_050607_2") == fresh_folder("few_shot", now)


def test_a_folder_of_results_a_new_one_and_an_empty_one_may_be_written_to(tmp_path):
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "cells").mkdir()
    (tmp_path / "results.json").touch()
    check_folder(tmp_path)


def test_a_folder_with_other_files_and_a_file_are_refused(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match="holds other files and no results"):
        check_folder(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        check_folder(tmp_path / "thesis.txt")
    check_folder(tmp_path, ("thesis.txt",))


@pytest.mark.parametrize(
    ("error", "told"), [(KeyboardInterrupt, True), (OSError, True), (UsageError, False), (None, False)]
)
def test_what_stopped_goes_on_with_the_same_folder_but_not_what_was_refused(tmp_path, capsys, error, told):
    (tmp_path / "cells").mkdir()
    for found in ("no cell is finished yet", f"1 finished cell in {tmp_path}"):
        with suppress(KeyboardInterrupt, OSError, UsageError), hint_to_resume(tmp_path):
            if error is not None:
                raise error
        line = f"{found}; go on with --output-dir {tmp_path}\n"
        assert capsys.readouterr().err == (line if told else "")
        (tmp_path / "cells" / "a.json").touch()

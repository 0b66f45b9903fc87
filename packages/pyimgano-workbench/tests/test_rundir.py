import pytest

from pyimgano_core.errors import UsageError
from pyimgano_workbench.rundir import RunDirectory, is_unfinished


def finish_something(directory):
    (directory.folder / "categories" / "part").mkdir(parents=True)


def test_a_run_that_somebody_is_at_is_refused_to_others(tmp_path):
    first = RunDirectory(tmp_path / "run", "key")
    with pytest.raises(UsageError, match="another process is at it"):
        RunDirectory(tmp_path / "run", "key")
    assert not is_unfinished(tmp_path / "run", "key")
    first.release()


def test_a_run_that_was_left_goes_on_with_its_key_and_with_no_other(tmp_path):
    directory = RunDirectory(tmp_path / "run", "key")
    finish_something(directory)
    directory.release()
    assert [True, False] == [is_unfinished(tmp_path / "run", key) for key in ("key", "other")]
    with pytest.raises(UsageError, match="other settings or data"):
        RunDirectory(tmp_path / "run", "other")
    assert (directory.folder / "categories" / "part").exists()
    RunDirectory(tmp_path / "run", "key").release()


def test_a_run_in_which_nothing_was_finished_leaves_nothing(tmp_path):
    directory = RunDirectory(tmp_path / "run", "key")
    (directory.folder / "artifacts" / "maps").mkdir(parents=True)
    directory.release()
    assert [] == list(tmp_path.iterdir())


def test_a_finished_run_holds_no_trace_of_how_it_was_made(tmp_path):
    directory = RunDirectory(tmp_path / "run", "key")
    finish_something(directory)
    directory.finish()
    directory.release()
    assert [tmp_path / "run"] == list(tmp_path.iterdir())
    assert ["categories"] == [path.name for path in (tmp_path / "run").iterdir()]


def test_a_folder_of_somebody_else_is_refused_and_kept(tmp_path):
    mine = tmp_path / "run.partial" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("x")
    with pytest.raises(UsageError, match="holds no unfinished run"):
        RunDirectory(tmp_path / "run", "key")
    assert mine.exists()


@pytest.mark.parametrize("leads_to", ["nowhere", "."])
def test_a_link_in_the_way_is_refused(tmp_path, leads_to):
    (tmp_path / "run").symlink_to(leads_to)
    with pytest.raises(UsageError, match="exists; a finished run is never mixed"):
        RunDirectory(tmp_path / "run", "key")

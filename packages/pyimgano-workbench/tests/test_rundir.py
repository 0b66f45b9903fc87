import json
from pathlib import Path

import pytest

from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import UsageError
from pyimgano_workbench.origin import RunOrigin
from pyimgano_workbench.rundir import RunDirectory, is_unfinished, target_of


def open_run(target, key="key", *, settings="s", categories=None, reopen=False):
    origin = RunOrigin(key=key, settings=settings, categories=categories or {}, config_folder="..")
    return RunDirectory(target, origin, RunConfig(), reopen=reopen)


def finish_something(directory, slug="part"):
    folder = directory.folder / "categories" / slug
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")


def test_a_run_that_somebody_is_at_is_refused_to_others(tmp_path):
    first = open_run(tmp_path / "run")
    with pytest.raises(UsageError, match="another process is at it"):
        open_run(tmp_path / "run")
    assert not is_unfinished(tmp_path / "run", "key")
    first.release()


def test_a_run_that_was_left_goes_on_with_its_key_and_with_no_other(tmp_path):
    directory = open_run(tmp_path / "run")
    finish_something(directory)
    directory.release()
    assert [True, False] == [is_unfinished(tmp_path / "run", key) for key in ("key", "other")]
    with pytest.raises(UsageError, match="other settings or data"):
        open_run(tmp_path / "run", "other")
    assert (directory.folder / "categories" / "part").exists()
    open_run(tmp_path / "run").release()


def test_a_run_in_which_nothing_was_finished_leaves_nothing(tmp_path):
    directory = open_run(tmp_path / "run")
    (directory.folder / "artifacts" / "maps").mkdir(parents=True)
    directory.release()
    assert [] == list(tmp_path.iterdir())


def test_a_finished_run_says_where_it_comes_from_and_is_locked_no_more(tmp_path):
    directory = open_run(tmp_path / "run")
    finish_something(directory)
    directory.finish()
    directory.release()
    assert [tmp_path / "run"] == list(tmp_path.iterdir())
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"categories", "config.json", "run.json"} == names
    assert "key" == json.loads((tmp_path / "run/run.json").read_text())["key"]


def test_a_folder_of_somebody_else_is_refused_and_kept(tmp_path):
    mine = tmp_path / "run.partial" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("x")
    with pytest.raises(UsageError, match="holds no unfinished run"):
        open_run(tmp_path / "run")
    assert mine.exists()


@pytest.mark.parametrize("leads_to", ["nowhere", "."])
def test_a_link_in_the_way_is_refused(tmp_path, leads_to):
    (tmp_path / "run").symlink_to(leads_to)
    with pytest.raises(UsageError, match="exists and is no run"):
        open_run(tmp_path / "run")


def test_a_finished_run_may_be_removed_but_no_folder_of_images(tmp_path):
    directory = open_run(tmp_path / "run")
    finish_something(directory)
    directory.finish()
    with pytest.raises(UsageError, match="never mixed with another: remove it"):
        open_run(tmp_path / "run")
    (tmp_path / "photos").mkdir()
    with pytest.raises(UsageError, match="is no run") as caught:
        open_run(tmp_path / "photos")
    assert "remove" not in str(caught.value)


def reopened(tmp_path, **changes):
    """What is left of a finished run of two categories when it is opened again."""
    directory = open_run(tmp_path / "run", categories={"a": "1", "b": "1"})
    for slug in ("a", "b"):
        finish_something(directory, slug)
    directory.finish()
    again = open_run(tmp_path / "run", "another", reopen=True, **changes)
    again.release()
    return sorted(path.parent.name for path in again.folder.glob("categories/*/report.json"))


def test_a_finished_run_that_is_opened_again_keeps_what_has_the_same_data(tmp_path):
    assert ["a"] == reopened(tmp_path, categories={"a": "1", "b": "2"})
    assert not (tmp_path / "run").exists()


def test_a_finished_run_with_other_settings_is_not_opened_again(tmp_path):
    with pytest.raises(UsageError, match="other settings"):
        reopened(tmp_path, settings="other", categories={"a": "1", "b": "1"})


@pytest.mark.parametrize("name", ["run", "run.partial"])
def test_a_run_is_named_by_its_folder_finished_or_not(tmp_path, name):
    assert tmp_path / "run" == target_of(tmp_path / name)


def test_the_path_of_a_run_stays_as_it_is_written_and_the_current_folder_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [Path("run"), Path("runs/a"), Path("../b"), tmp_path] == [
        target_of(Path(written)) for written in ("run", "runs/a.partial/", "../b", ".")
    ]

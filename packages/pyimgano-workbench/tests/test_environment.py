import shutil
import subprocess

import pytest

from pyimgano_core.contracts.environment import GitState
from pyimgano_workbench.environment import describe_environment


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(tmp_path, "init")
    (tmp_path / "config.toml").write_text("seed = 1\n")
    git(tmp_path, "add", "config.toml")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_the_commit_is_that_of_the_config_s_folder_and_changes_show(repository):
    (repository / "runs").mkdir()
    (repository / "runs" / "untracked.txt").write_text("x")
    commit = git(repository, "rev-parse", "HEAD")
    assert GitState(commit=commit, dirty=False) == describe_environment(repository / "runs").git
    (repository / "config.toml").write_text("seed = 2\n")
    assert GitState(commit=commit, dirty=True) == describe_environment(repository).git


def test_without_git_there_is_no_git_state(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    assert describe_environment(repository).git is None


def test_outside_of_a_repository_there_is_no_git_state(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = describe_environment(tmp_path)
    assert found.git is None
    assert found.packages["numpy"]

import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.engine import quarantine


def die(loop, journal):
    """Leave the loop as a process that is killed does: its journal stays."""
    left = journal.read_bytes()
    loop.close()
    journal.write_bytes(left)


def try_all(inputs, journal, deaths_left):
    """Return what became of the inputs, None where the process died; `deaths_left` is told of its death."""
    done = []
    with closing(quarantine(inputs, journal)) as loop:
        for item, is_safe in loop:
            if is_safe and deaths_left[item] > 0:
                deaths_left[item] -= 1
                die(loop, journal)
                return None
            done.append((item, is_safe))
    return done


@given(st.lists(st.integers(0, 3), max_size=12))
def test_each_input_is_done_unless_two_processes_died_of_it(kills):
    """`kills[i]` is how many processes input i would kill."""
    deaths_left = Counter(dict(enumerate(kills)))
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        tries = 1
        while (done := try_all(range(len(kills)), journal, deaths_left)) is None:
            tries += 1
            assert tries <= 2 * len(kills) + 1
        assert not journal.exists()
    assert [(place, count < 2) for place, count in enumerate(kills)] == done
    assert 1 + sum(min(count, 2) for count in kills) == tries


def test_a_death_outside_of_the_inputs_blames_none(tmp_path):
    (tmp_path / "journal").touch()
    assert [("a", True), ("b", True)] == list(quarantine("ab", tmp_path / "journal"))


def test_a_journal_that_is_torn_blames_no_other_input(tmp_path):
    (tmp_path / "journal").write_bytes(b"              1\n              1\n\0\0  ")
    assert [("a", True), ("b", False), ("c", True)] == list(quarantine("abc", tmp_path / "journal"))


def test_inputs_are_taken_one_at_a_time(tmp_path):
    taken = []
    with closing(quarantine((taken.append(item) or item for item in "abc"), tmp_path / "journal")) as loop:
        next(loop)
        assert ["a"] == taken


def test_an_error_and_leaving_the_loop_leave_no_journal(tmp_path):
    def stop():
        for _ in quarantine("ab", tmp_path / "journal"):
            raise KeyError

    with pytest.raises(KeyError):
        stop()
    with closing(quarantine("ab", tmp_path / "journal")) as loop:
        next(loop)
        assert (tmp_path / "journal").exists()
    assert not (tmp_path / "journal").exists()

"""Which images are blamed for the end of a process, and which are not."""

import shutil

import pytest

from pyimgano_core.artifacts import try_lock
from pyimgano_core.errors import MachineError, UsageError
from pyimgano_infer._journal import open_journal

STATE = (10, 20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl.watching"


@pytest.fixture
def killed(path):
    """Return a function that does work on a journal, and leaves it as a process does that is killed then."""

    def kill(work):
        with open_journal(path) as journal:
            work(journal)
            shutil.copyfile(path, path.with_suffix(".copy"))
        path.with_suffix(".copy").replace(path)

    return kill


def deaths(path, *names):
    with open_journal(path) as journal:
        found = [journal.deaths(name, STATE) for name in names]
        shutil.copyfile(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)
    return found


def test_an_image_is_blamed_for_each_process_that_died_while_it_was_at_work(path, killed):
    killed(lambda journal: (journal.begin("a", STATE), journal.begin("b", STATE), journal.end("b", STATE)))
    assert [1, 0, 0] == deaths(path, "a", "b", "c")
    killed(lambda journal: journal.begin("a", STATE))
    assert [2] == deaths(path, "a")


def test_another_state_of_the_file_is_another_image(path, killed):
    killed(lambda journal: journal.begin("a", (1, 1)))
    assert [0] == deaths(path, "a")


def test_an_image_that_is_done_is_blamed_no_more(path, killed):
    killed(lambda journal: journal.begin("a", STATE))
    killed(lambda journal: (journal.begin("a", STATE), journal.end("a", STATE)))
    assert [0] == deaths(path, "a")


def test_the_blame_of_others_stays(path, killed):
    killed(lambda journal: (journal.begin("a", STATE), journal.begin("\udcff\n", STATE)))
    killed(lambda journal: (journal.begin("b", STATE), journal.end("b", STATE)))
    assert [1, 1, 0] == deaths(path, "a", "\udcff\n", "b")


def test_a_torn_line_and_the_lines_of_something_else_are_passed_over(path):
    path.write_bytes(b'["begun", "a", 10, 20]\n\xff\n[]\n3\n{"begun": 1}\n["begun", "b", 10')
    assert [1, 0] == deaths(path, "a", "b")


def test_it_does_not_grow(path):
    with open_journal(path) as journal:
        journal.begin("a", STATE)
        size = path.stat().st_size
        journal.end("a", STATE)
        for index in range(100):
            journal.begin(f"{index}", STATE)
            journal.end(f"{index}", STATE)
            assert path.stat().st_size <= size


def begin_and_raise(path, error):
    with open_journal(path) as journal:
        journal.begin("a", STATE)
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, MachineError], ids=["interrupt", "full-disk"])
def test_an_end_in_order_blames_nobody_and_leaves_nothing(path, error):
    with open_journal(path):
        assert path.exists()
    assert not path.exists()
    with pytest.raises(error):
        begin_and_raise(path, error)
    assert not path.exists()


def test_a_bug_and_memory_that_runs_out_are_an_image_s_fault(path):
    for _ in range(2):
        with pytest.raises(MemoryError):
            begin_and_raise(path, MemoryError)
    assert [2] == deaths(path, "a")


def test_one_process_alone_can_have_it(path):
    with open_journal(path), pytest.raises(UsageError, match="another process watches"), open_journal(path):
        pass
    assert try_lock(path) is not None

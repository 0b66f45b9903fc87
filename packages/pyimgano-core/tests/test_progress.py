import io

import pytest

from pyimgano_core import progress as progress_module
from pyimgano_core.progress import (
    LogProgress,
    SilentProgress,
    Telling,
    TerminalProgress,
    describe,
    for_terminal,
    for_terminal_or_log,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def eager(monkeypatch):
    monkeypatch.setattr(progress_module, "_REFRESH_SECONDS", 0.0)


@pytest.mark.parametrize(
    "make", [SilentProgress, lambda: TerminalProgress(io.StringIO()), lambda: LogProgress(io.StringIO())]
)
def test_items_pass_unchanged(make):
    assert [3, 1, 2] == list(make().track(iter([3, 1, 2]), "x", 3))


def test_off_a_terminal_nothing_is_written():
    stream = io.StringIO()
    list(for_terminal(stream).track([1, 2], "images"))
    assert "" == stream.getvalue()


@pytest.mark.usefixtures("eager")
def test_a_terminal_shows_each_step_and_is_clean_at_the_end():
    stream = Terminal()
    list(for_terminal(stream).track(["a", "b"], "images"))
    lines = stream.getvalue().split("\r\x1b[K")
    assert ["images 0/2", "images 1/2", "images 2/2"] == [line.split("  ")[0] for line in lines if line]
    assert "" == lines[-1]


@pytest.mark.usefixtures("eager")
def test_the_line_is_cleared_where_the_loop_is_left_early():
    stream = Terminal()
    tracked = for_terminal(stream).track([1, 2, 3], "images")
    next(tracked)
    next(tracked)
    tracked.close()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.usefixtures("eager")
def test_without_a_total_only_the_count_and_the_rate_are_shown():
    stream = Terminal()
    list(for_terminal(stream).track(iter([1]), "lines"))
    assert "lines 1  " in stream.getvalue()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("images", 10, 40, 5.0), "images 10/40  2.0/s  15 s left"),
        (("images", 10, None, 5.0), "images 10  2.0/s"),
        (("images", 0, 40, 0.0), "images 0/40  0.0/s"),
        (("images", 40, 40, 4.0), "images 40/40  10.0/s  0 s left"),
        (("cells", 3, 12, 270.0), "cells 3/12  0.7/min  14 min left"),
        (("cells", 3, None, 270.0), "cells 3  0.7/min"),
        (("cells", 3, 12, 60 * 270.0), "cells 3/12  0.7/h  14 h left"),
    ],
)
def test_a_line_tells_count_rate_and_time_left(arguments, expected):
    assert expected == describe(*arguments)


def test_a_terminal_says_what_is_going_on_before_the_first_item_is_done():
    stream = Terminal()
    steps = for_terminal(stream).track(map(str, [1]), "export", 1)
    next(steps)
    assert "export 0/1" in stream.getvalue()


def test_what_is_told_stays_on_the_terminal_above_the_line_that_changes():
    stream = Terminal()
    progress = for_terminal(stream)
    for item in progress.track(["a"], "images"):
        progress.tell(f"seen {item}")
    assert "\r\x1b[Kseen a\n" in stream.getvalue()


def test_only_a_terminal_is_told_anything():
    assert isinstance(for_terminal(Terminal()), Telling)
    assert not isinstance(for_terminal(io.StringIO()), Telling)


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, in a list of one."""
    now = [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


def passing(clock, seconds):
    """Yield an item after each of these durations."""
    for each in seconds:
        clock[0] += each
        yield each


def test_a_log_has_a_line_of_each_minute_in_which_an_item_ended(clock):
    stream = io.StringIO()
    list(for_terminal_or_log(stream).track(passing(clock, [20, 30, 30, 59, 120]), "cells", 5))
    assert ["cells 3/5  2.2/min  53 s left", "cells 5/5  1.2/min  0 s left"] == stream.getvalue().splitlines()


def test_a_log_says_nothing_of_what_takes_less_than_a_minute(clock):
    stream = io.StringIO()
    progress = for_terminal_or_log(stream)
    for _ in progress.track(range(3), "cells"):
        list(progress.track(passing(clock, [1, 10]), "images", 2))
    assert "" == stream.getvalue()


def test_on_a_terminal_long_runs_are_shown_as_all_others_are():
    assert isinstance(for_terminal_or_log(Terminal()), TerminalProgress)

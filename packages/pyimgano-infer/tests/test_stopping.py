"""Signals that wait until the work at hand is done."""

import os
import signal
import threading
import time

import pytest

from pyimgano_infer._stopping import stopping

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such signals")


def send_soon(number, seconds=0.1):
    threading.Timer(seconds, os.kill, (os.getpid(), number)).start()


def test_a_signal_ends_the_waiting_at_once_and_takes_effect_behind_the_block():
    started, is_done = time.monotonic(), False
    send_soon(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stopping() as stop:  # noqa: PT012 - the block is what is tested
        stop.wait(30)
        assert stop.is_asked
        is_done = True
    assert is_done
    assert time.monotonic() - started < 10


def test_a_second_signal_does_not_wait():
    with pytest.raises(KeyboardInterrupt), stopping() as stop:  # noqa: PT012 - as above
        os.kill(os.getpid(), signal.SIGINT)
        stop.wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
        pytest.fail("it waited")


def test_without_a_signal_nothing_happens_and_the_handlers_are_as_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stopping() as stop:
        stop.wait(0.01)
        assert not stop.is_asked
    assert before == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            stop.wait(0.05)
            assert not stop.is_asked
    finally:
        signal.signal(signal.SIGHUP, before)

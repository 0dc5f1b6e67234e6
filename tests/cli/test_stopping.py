"""Signals between the steps of long work."""
# ruff: noqa: PT012 - what is tested is where in the block the error comes

from __future__ import annotations

import signal

import pytest

from allaprima.cli.stopping import Stopping


@pytest.fixture(autouse=True)
def defaults():
    """Of this process, whatever it was started with."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_waits_for_the_end_of_the_step(number, error):
    done = []
    with pytest.raises(error), Stopping() as stopping:
        for step in range(3):
            if step == 1:
                signal.raise_signal(number)
            done.append(step)
            stopping.check()
    assert done == [0, 1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_signal_is_obeyed_at_once(monkeypatch):
    monkeypatch.setattr("allaprima.cli.stopping.SAME", -1.0)
    done = []
    with pytest.raises(KeyboardInterrupt), Stopping():
        signal.raise_signal(signal.SIGINT)
        done.append("first")
        signal.raise_signal(signal.SIGINT)
        done.append("second")
    assert done == ["first"]


def test_a_signal_that_follows_at_once_is_the_same():
    """As from a terminal, which tells every process of the group, and a parent that passes it on."""
    done = []
    with pytest.raises(KeyboardInterrupt), Stopping():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("the step")
    assert done == ["the step"]


def test_a_signal_in_the_last_step_is_not_forgotten():
    with pytest.raises(SystemExit) as caught, Stopping():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 143


def test_what_breaks_because_of_the_signal_is_no_fault_of_its_own():
    """As a worker process that the same signal has ended."""
    with pytest.raises(SystemExit), Stopping():
        signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("a worker was killed by signal: Terminated")
    with pytest.raises(RuntimeError), Stopping():
        raise RuntimeError("something else")


def test_ignored_signals_stay_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Stopping() as stopping:
        signal.raise_signal(signal.SIGINT)
        stopping.check()

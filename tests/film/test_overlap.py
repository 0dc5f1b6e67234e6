"""Steps that go on at the same time: order, bounds, faults and ends."""

from __future__ import annotations

import threading

import pytest

from allaprima.film.overlap import overlapped


def test_the_same_items_in_the_same_order():
    with overlapped(range(100)) as numbers, overlapped(number * 2 for number in numbers) as doubled:
        assert list(doubled) == list(range(0, 200, 2))


def test_no_more_are_made_than_may_wait():
    made = []
    enough = threading.Event()

    def items():
        for number in range(100):
            made.append(number)
            if number == 3:
                enough.set()
            yield number

    with overlapped(items(), ahead=2) as taken:
        assert next(taken) == 0
        assert enough.wait(5)
        assert len(made) <= 4  # one taken, two that wait, one in the maker's hand


def test_a_fault_comes_out_after_what_was_before_it():
    def items():
        yield 1
        raise ValueError("broken")

    with overlapped(items()) as first, overlapped(first) as second:
        assert next(second) == 1
        with pytest.raises(ValueError, match="broken"):
            next(second)


def test_nothing_goes_on_when_the_block_has_ended():
    before = threading.active_count()

    def endless():
        while True:
            yield 1

    with overlapped(endless()) as first, overlapped(first) as second:
        assert next(second) == 1
    assert threading.active_count() == before

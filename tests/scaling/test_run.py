"""Rows go out in chunks; what an engine loses goes out again."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import Executor, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import EngineError, PictureError
from allaprima.scale import run as run_module
from allaprima.scale.rows import Done, Row
from allaprima.scale.run import ScaleRun


class Unreliable(Executor):
    """Runs at once; loses what ``loses`` says."""

    def __init__(self, loses=lambda: False):
        self.loses, self.closed, self.chunks = loses, False, []

    @property
    def executor(self):
        return self

    def workers(self):
        return 2

    def close(self):
        self.closed = True

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.chunks.append(args[1])
        try:
            if self.loses():
                raise OSError("the worker died")
            future.set_result(fn(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def rows(count):
    return [Row(f"{number}.png", f"{number}.png") for number in range(count)]


def paint_all(order, rows):
    return [Done(row, "painted") for row in rows]


def starting(engine, paint):
    return lambda: (engine, paint)


def carried_out(count, engine, paint=paint_all):
    with ScaleRun(None, iter(rows(count)), starting(engine, paint)) as run:
        return [fate.done for fate in run]


@given(st.integers(0, 300), st.randoms(use_true_random=True))
def test_each_row_has_one_fate_whatever_is_lost_or_given_back(count, chance):
    def some(order, rows):
        return [Done(row, "painted") for row in rows[: chance.randint(1, len(rows))]]

    done = carried_out(count, Unreliable(lambda: chance.random() < 0.3), some)
    assert Counter(one.row for one in done) == Counter(rows(count))
    assert {one.status for one in done} <= {"painted"}


@given(st.lists(st.booleans()))
def test_what_is_done_is_looked_up_and_the_engine_is_for_the_rest(done):
    """True is a row that is done."""
    plan, engines = rows(len(done)), []
    first = done.index(False) if False in done else len(done)

    def start():
        engines.append(Unreliable())
        return engines[0], paint_all

    def count(some):
        place = plan.index(some[0]) if some else 0
        return max(0, min(len(some), first - place))

    with ScaleRun(None, iter(plan), start, count) as run:
        statuses = {fate.done.row: fate.status for fate in run}
    assert [statuses[row] for row in plan] == ["skipped"] * first + ["painted"] * (len(done) - first)
    assert len(engines) == (first < len(done))
    assert run.count == len(done)


def test_a_run_that_is_stopped_while_it_looks_starts_no_engine():
    with ScaleRun(None, iter(rows(9)), lambda: pytest.fail("started"), len) as run:
        for fate in run:
            assert fate.status == "skipped"
            run.stop()
    assert run.count < 9


def test_looking_ends_in_time(monkeypatch):
    monkeypatch.setattr(run_module, "_BEFOREHAND", 0)
    with ScaleRun(None, iter(rows(9)), starting(Unreliable(), paint_all), len) as run:
        assert {fate.status for fate in run} == {"painted"}


def test_chunks_grow_where_rows_are_quick():
    engine = Unreliable()
    assert len(carried_out(5000, engine)) == 5000
    sizes = [len(chunk) for chunk in engine.chunks]
    assert sizes[:2] == [1, 1]
    assert 500 < max(sizes) <= 1000
    assert len(sizes) < 40


def test_what_is_always_lost_fails_in_the_end():
    done = carried_out(2, Unreliable(lambda: True))
    assert [(one.status, one.reason) for one in done] == [
        ("failed", "its workers ended 20 times (the worker died)")
    ] * 2


def test_a_worker_that_cannot_carry_out_the_order_ends_the_work():
    def refuse(order, rows):
        raise EngineError("a worker has another model")

    engine = Unreliable()
    with pytest.raises(EngineError, match="another model"):
        carried_out(3, engine, refuse)
    assert engine.closed


def test_what_must_not_be_painted_fails_without_going_out():
    engine = Unreliable()
    plan = [Row("a", "b", refusal="no") for _ in range(50)] + rows(1)
    with ScaleRun(None, iter(plan), starting(engine, paint_all)) as run:
        fates = list(run)
        assert (run.count, run.planned) == (51, True)
    assert [fate.done.reason for fate in fates if fate.status == "failed"] == ["no"] * 50
    assert sum(map(len, engine.chunks)) == 1


def test_a_search_that_fails_ends_the_work():
    def plan():
        yield rows(1)[0]
        raise PictureError("the folder is gone")

    with pytest.raises(PictureError, match="gone"), ScaleRun(None, plan(), starting(Unreliable(), paint_all)) as run:
        list(run)


def test_names_are_taken_as_there_is_room():
    taken = []

    def plan():
        for row in rows(10_000):
            taken.append(row)
            yield row

    with ScaleRun(None, plan(), starting(Unreliable(), paint_all)) as run:
        next(iter(run))
        assert len(taken) < 20


def test_workers_that_come_later_are_given_work(monkeypatch):
    """Nothing comes back until there is a second worker."""
    monkeypatch.setattr(run_module, "_LOOK", 0.01)

    class Growing(Unreliable):
        asked = 0

        def workers(self):
            self.asked += 1
            return 1 + self.asked // 3

        def submit(self, fn, /, *args, **kwargs):
            future = super().submit(fn, *args)
            return future if len(self.chunks) == 3 else Future()

    engine = Growing()
    with ScaleRun(None, iter(rows(3)), starting(engine, paint_all)) as run:
        assert next(iter(run)).status == "painted"
    assert len(engine.chunks) == 3


def test_stopping_ends_it_with_what_is_known():
    with ScaleRun(None, iter(rows(1000)), starting(Unreliable(), paint_all)) as run:
        fates = []
        for fate in run:
            fates.append(fate)
            run.stop()
        rest = run.close()
    assert 0 < len(fates) + len(rest) < 1000


def test_a_rest_is_shared(monkeypatch):
    """A chunk of many quick rows that turns out slow is not one worker's alone."""
    monkeypatch.setattr(run_module, "_LARGEST", 100)
    slow = random.Random(0)
    engine = Unreliable()

    def one_of_many(order, rows):
        return [Done(row, "painted") for row in rows[: 1 if slow.random() < 0.5 else None]]

    assert len(carried_out(3000, engine, one_of_many)) == 3000

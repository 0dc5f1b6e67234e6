"""The budget of memory: what a machine has, what a picture takes, and threads that share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.engine import engine as engine_module
from allaprima.engine import machine, memory
from allaprima.engine.engine import Engine
from allaprima.engine.memory import BASE, FOR_TILES, Budget, parse_memory, sensible_memory
from allaprima.engine.sessions import Sessions
from allaprima.engine.tiles import TilePainter
from allaprima.errors import ModelError, OptionError, OutOfMemoryError, StyleError
from allaprima.gallery import gallery_model
from support import checkered

MIB = 2**20


@pytest.mark.parametrize(
    ("text", "amount"), [("1.5G", 1536 * MIB), ("800m", 800 * MIB), ("2 GB", 2048 * MIB), ("4096", 4096), ("1MiB", MIB)]
)
def test_amounts_of_memory(text, amount):
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "much", "-1G", "0", "1.5.2G", "5X"])
def test_what_is_no_amount_of_memory(text):
    with pytest.raises(OptionError, match="is not an amount"):
        parse_memory(text)


@pytest.mark.parametrize(
    ("whole", "free", "expected"),
    [
        (900 * MIB, 800 * MIB, 450 * MIB),  # a container
        (64 * 2**30, 50 * 2**30, memory.MOST),
        (8 * 2**30, 1000 * MIB, 1000 * MIB),  # most is taken
        (100 * MIB, 90 * MIB, memory.LEAST),
        (None, None, memory.FALLBACK),
        (8 * 2**30, None, 4 * 2**30),
    ],
)
def test_a_sensible_amount_of_memory(monkeypatch, whole, free, expected):
    monkeypatch.setattr(memory, "machine_memory", lambda: whole)
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    assert sensible_memory() == expected


# Control groups: the files of a system, in a folder.


def pretend(monkeypatch, root: Path, cgroup: str, mounts: list[str], files: dict[str, str]) -> None:
    """A machine of 16 GiB, 12 of which are available, with these control groups."""
    all_files = {
        "proc/self/cgroup": cgroup,
        "proc/self/mountinfo": "\n".join(mounts).replace("ROOT", str(root)),
        "proc/meminfo": f"MemTotal: {16 * 2**20} kB\nMemAvailable:   {12 * 2**20} kB\n",
        **files,
    }
    for name, text in all_files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(machine, "PROC", root / "proc")
    monkeypatch.setattr(machine.os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, 4 * 2**20))


V2 = "31 23 0:28 / ROOT/cg rw - cgroup2 cgroup2 rw"
V1 = "32 23 0:29 {} ROOT/mem rw,relatime shared:9 - cgroup cgroup rw,memory"


def test_a_limit_of_a_slice_counts_below_the_root(monkeypatch, tmp_path):
    files = {
        "cg/user.slice/memory.max": f"{900 * MIB}\n",
        "cg/user.slice/memory.current": f"{500 * MIB}\n",
        "cg/user.slice/memory.stat": f"anon 5\ninactive_file {100 * MIB}\nactive_file 7\n",
        "cg/user.slice/app/memory.max": "max\n",
    }
    pretend(monkeypatch, tmp_path, "0::/user.slice/app\n", [V2], files)
    assert machine.machine_memory() == 900 * MIB
    assert machine.available_memory() == 500 * MIB  # what holds copies of files makes way


def test_the_tightest_limit_up_the_tree_counts(monkeypatch, tmp_path):
    files = {"cg/a/memory.max": str(3000 * MIB), "cg/a/b/memory.high": str(700 * MIB), "cg/a/b/c/memory.max": "max"}
    pretend(monkeypatch, tmp_path, "0::/a/b/c\n", [V2], files)
    assert machine.machine_memory() == 700 * MIB


def test_version_1_beside_an_empty_version_2(monkeypatch, tmp_path):
    files = {"mem/docker/x/memory.limit_in_bytes": str(512 * MIB), "mem/memory.limit_in_bytes": str(2**63 - 4096)}
    lines = "4:cpu,memory:/docker/x\n0::/\n1:name=systemd:/\n"
    pretend(monkeypatch, tmp_path, lines, [V1.format("/"), V2], files)
    assert machine.machine_memory() == 512 * MIB


def test_a_container_that_sees_its_own_group_as_the_root(monkeypatch, tmp_path):
    files = {"mem/memory.limit_in_bytes": str(512 * MIB)}
    pretend(monkeypatch, tmp_path, "4:memory:/docker/x\n", [V1.format("/docker/x")], files)
    assert machine.machine_memory() == 512 * MIB


def test_without_groups_it_is_the_machine(monkeypatch, tmp_path):
    pretend(monkeypatch, tmp_path, "0::/\n", [V2], {})
    assert machine.machine_memory() == 16 * 2**30
    assert machine.available_memory() == 12 * 2**30


def test_this_machine_has_some():
    assert sensible_memory() >= memory.LEAST


# The budget alone.


@pytest.mark.parametrize("workers", [1, 2, 8, 16, 24, 32, 128])
@pytest.mark.parametrize("bytes_per_pixel", [99, 188])
def test_many_workers_do_not_make_a_picture_too_large(workers, bytes_per_pixel):
    """1024×768 pixels and 4 GiB, which once were painted in tiles from 14 workers on."""
    needed = 1024 * 768 * bytes_per_pixel
    assert Budget(4 * 2**30, workers).granted(needed) == needed


@given(
    st.integers(1, 2**33),
    st.integers(1, 64),
    st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)), max_size=9),
)
def test_nobody_gets_more_than_there_is(amount, workers, wishes):
    budget = Budget(amount, workers)
    for wanted, beside in wishes:
        granted = budget.granted(wanted, beside)
        assert 0 <= granted <= budget.total
        assert granted == wanted + beside or granted >= min(budget.share, FOR_TILES)
        with budget.reserve(wanted, beside) as lent:
            assert lent <= wanted
            assert budget.free == budget.total - granted
            with budget.reserve(wanted) as inner:  # of the same thread
                assert inner == lent
        assert budget.free == budget.total


def test_threads_stay_within_the_budget_and_all_come_to_their_end():
    """Small and large pictures, some larger than all there is, in more threads than there is room for."""
    budget = Budget(BASE + 1000, workers=3)
    lock, taken, most = threading.Lock(), [0], [0]

    def paint(wanted: int) -> int:
        with budget.reserve(wanted, beside=7):
            amount = budget.granted(wanted, 7)
            with lock:
                taken[0] += amount
                most[0] = max(most[0], taken[0])
            time.sleep(0.0005)
            with budget.reserve(wanted):
                pass
            with lock:
                taken[0] -= amount
        return wanted

    wishes = [int(wish) for wish in np.random.default_rng(0).integers(1, 1500, 200)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(paint, wishes)) == wishes
    assert 500 < most[0] <= 1000
    assert budget.free == budget.total


def test_a_large_picture_is_not_passed_by_small_ones_for_ever():
    budget, order = Budget(BASE + 100), []
    first = threading.Event()

    def paint(wanted: int) -> None:
        with budget.reserve(wanted):
            order.append(wanted)
            first.wait(10)

    with ThreadPoolExecutor(3) as pool:
        for waiting, wanted in enumerate([60, 90, 20]):
            pool.submit(paint, wanted)
            deadline = time.monotonic() + 10
            while len(order) + len(budget._queue) <= waiting and time.monotonic() < deadline:
                time.sleep(0.001)
        first.set()
    assert order == [60, 90, 20]


def test_what_fails_gives_its_memory_back():
    budget = Budget(BASE + 100)
    with pytest.raises(ZeroDivisionError), budget.reserve(50):
        raise ZeroDivisionError
    assert budget.free == 100


# The engine and its budget.


class Fake:
    """Stands in for a session; records how many run at a time."""

    def __init__(self) -> None:
        self.running, self.most, self.lock = 0, 0, threading.Lock()

    def run(self, names, feeds, options=None):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.002)
        with self.lock:
            self.running -= 1
        return [255 - feeds["image"]]


def mixture(engine: Engine) -> np.ndarray:
    return np.eye(len(engine.card.styles), dtype=np.float32)[1]


@pytest.mark.parametrize(("pictures", "at_once"), [(1.5, 1), (2.5, 2), (100, 3)])
def test_threads_of_one_engine_share_its_memory(monkeypatch, pictures, at_once):
    monkeypatch.setattr(engine_module, "cores", lambda: 3)
    image = checkered(300, 200)[None]
    each = TilePainter(gallery_model().read_bytes(), 21, engine_module.open_session).bytes_per_pixel * 300 * 200
    engine = Engine(gallery_model(), 1, memory=BASE + int(pictures * each), workers=8)
    fake = Fake()
    engine._sessions = Sessions(lambda *_: fake)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: engine.paint(image, mixture(engine)), range(24)))
    assert all(np.array_equal(result, 255 - image) for result in results)  # none of them in tiles
    assert fake.most == at_once


def test_the_estimate_is_near_what_was_measured():
    """88 and 158 to 170 bytes a pixel are the peaks of a process that paints 1024×768 and 2000×1500 pixels.

    They were measured without shadows, which add to the estimate.
    """
    for bank, least, most in (("fast", 88, 140), ("fine", 160, 240)):
        painter = TilePainter((gallery_model().parent / f"{bank}.onnx").read_bytes(), 21, engine_module.open_session)
        assert least < painter.bytes_per_pixel < most


def test_small_pictures_need_no_measuring(monkeypatch):
    monkeypatch.setattr(TilePainter, "bytes_per_pixel", property(lambda _: pytest.fail("measured")))
    engine = Engine(gallery_model(), 1, memory=2**30)
    assert engine.paint(checkered(64, 48)[None], mixture(engine)).shape == (1, 48, 64, 3)


class Failing:
    """A session that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def run(self, *_: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("bfc_arena.cc:376 AllocateRawInternal Failed to allocate memory for requested buffer of size 99"),
        RuntimeError("Non-zero status code returned while running Conv node. Status Message: std::bad_alloc"),
        RuntimeError("CUDA failure 2: out of memory ; GPU=0"),
        MemoryError(),
    ],
)
def test_a_lack_of_memory_names_what_helps(error):
    engine = Engine(gallery_model(), 1)
    engine._sessions = Sessions(lambda *_: Failing(error))
    with pytest.raises(OutOfMemoryError, match="not enough memory to paint 64×48 pixels") as caught:
        engine.paint(checkered(64, 48)[None], mixture(engine))
    assert caught.value.options == ("size", "memory")
    assert engine.budget.free == engine.budget.total


def test_other_faults_of_the_runtime_are_not_disguised():
    engine = Engine(gallery_model(), 1)
    engine._sessions = Sessions(lambda *_: Failing(RuntimeError("Unexpected input data type")))
    with pytest.raises(RuntimeError, match="Unexpected input data type"):
        engine.paint(checkered(64, 48)[None], mixture(engine))


def test_a_mixture_of_the_wrong_length():
    engine = Engine(gallery_model(), 1)
    with pytest.raises(StyleError, match="one weight for each of the model's 21 styles, not 2"):
        engine.paint(checkered(64, 48)[None], np.float32([0, 1]))


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"memory": 0}, {"memory": 1.5}, {"workers": -1}, {"threads": "two"}])
def test_numbers_that_cannot_be(wrong):
    with pytest.raises(OptionError, match="must be a whole number"):
        Engine(gallery_model(), **wrong)


@pytest.fixture(scope="module")
def with_previous(tmp_path_factory) -> Path:
    """The gallery's model with a further input, a float for each pixel, and a further output, twice as much."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(gallery_model())
    sizes = ["n", "h", "w", 1]
    model.graph.input.append(onnx.helper.make_tensor_value_info("previous", onnx.TensorProto.FLOAT, sizes))
    model.graph.output.append(onnx.helper.make_tensor_value_info("next", onnx.TensorProto.FLOAT, sizes))
    model.graph.node.append(onnx.helper.make_node("Add", ["previous", "previous"], ["next"]))
    path = tmp_path_factory.mktemp("previous") / "model.onnx"
    onnx.save(model, path)
    return path


def test_further_inputs_and_outputs(with_previous):
    engine, plain = Engine(with_previous, 1), Engine(gallery_model(), 1)
    assert engine.inputs == ("image", "style", "previous")
    assert engine.outputs == ("stylized", "next")
    image, previous = checkered(64, 48)[None], np.ones((1, 48, 64, 1), np.float32)
    feeds = {"image": image, "style": mixture(engine), "previous": previous}
    found = engine.run(feeds)
    assert np.array_equal(found["stylized"], plain.paint(image, mixture(plain)))
    assert np.array_equal(found["next"], 2 * previous)
    assert list(engine.run(feeds, ["next"])) == ["next"]
    with pytest.raises(ModelError, match="more than a picture and a style: previous"):
        engine.paint(image, mixture(engine))


def test_plans_of_memory_are_for_small_pictures_in_plenty(monkeypatch):
    planned, unplanned = Fake(), Fake()
    for amount, expected in ((2**30, 1), (BASE + FOR_TILES, 0)):
        engine = Engine(gallery_model(), 1, memory=amount)
        engine._sessions, planned.most = Sessions(lambda plan, _: planned if plan else unplanned), 0
        engine.paint(checkered(200, 150)[None], mixture(engine))
        assert planned.most == expected
        engine.needed((1, 5000, 5000))  # a large picture, for which all is measured
        each = TilePainter(gallery_model().read_bytes(), 21, engine_module.open_session).bytes_per_pixel
        assert engine.needed((1, 150, 200, 3)) == 150 * 200 * each * (1 + expected)
    assert unplanned.most == 1
